// Tokens of a script: as Lua reads them.
#include "core/plugin/script_tokens.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "core/plugin/chunk.h"

namespace till::plugin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts_of(std::string_view script) {
  std::vector<std::string> out;
  for (const ScriptToken& token : tokens_of(script)) out.emplace_back(token.text);
  return out;
}

TEST(ScriptTokens, are_names_numbers_texts_and_signs) {
  std::string kinds;
  for (const ScriptToken& token : tokens_of("local a_1 = 0x1p+2 .. 'x' // [[y]] ..."))
    kinds += "an\"+"[static_cast<int>(token.kind)];
  EXPECT_EQ(kinds, "aa+n+\"+\"+");
}

TEST(ScriptTokens, leave_comments_out) {
  EXPECT_THAT(texts_of("a -- b\nc --[[ d\n]] e --[==[ ]] ]=] f ]==] g --[ h\ri --"),
              ElementsAre("a", "c", "e", "g", "i"));
  EXPECT_THAT(texts_of("--[[ a"), IsEmpty());
  EXPECT_THAT(texts_of("a - - b"), ElementsAre("a", "-", "-", "b"));
}

TEST(ScriptTokens, keep_texts_whole) {
  EXPECT_THAT(
      texts_of(R"("a\"b" 'c\\' "--d" [[e"]f]] [=[g]]h]=] "\z
      i" '"')"),
      ElementsAre(R"("a\"b")", R"('c\\')", R"("--d")", R"([[e"]f]])", "[=[g]]h]=]", "\"\\z\n      i\"", "'\"'"));
  EXPECT_THAT(texts_of("a \"b c"), ElementsAre("a", "\"b c"));
  EXPECT_THAT(texts_of("\"\\"), ElementsAre("\"\\"));
  EXPECT_THAT(texts_of("a[=b[[c"), ElementsAre("a", "[", "=", "b", "[[c"));
}

TEST(ScriptTokens, tell_dots_apart) {
  EXPECT_THAT(
      texts_of("a.b..c ... .5 ..5 1..2 0xe+1 1e+5 3-2"),
      ElementsAre("a", ".", "b", "..", "c", "...", ".5", "..", "5", "1..2", "0xe", "+", "1", "1e+5", "3", "-", "2"));
  EXPECT_THAT(texts_of("a==b ~=c<=d>=e//f::g<<h>>i~j"),
              ElementsAre("a", "==", "b", "~=", "c", "<=", "d", ">=", "e", "//", "f", "::", "g", "<<", "h", ">>", "i",
                          "~", "j"));
}

TEST(ScriptTokens, know_their_lines) {
  std::vector<int> lines;
  for (const ScriptToken& token : tokens_of("a\n\nb --[[\n\n]] c [[\n]] d 'x\\\ny' e")) lines.push_back(token.line);
  EXPECT_THAT(lines, ElementsAre(1, 3, 5, 5, 6, 6, 7));
}

TEST(ScriptTokens, are_never_more_than_there_are_bytes) {
  for (const char* part : {"[=", "--[", "(", "\"", "a", "\\", ".", "[[", "0x"}) {
    std::string script;
    for (int i = 0; i < 50'000; ++i) script += part;
    std::size_t bytes = 0;
    for (const ScriptToken& token : tokens_of(script)) bytes += token.text.size();
    EXPECT_LE(bytes, script.size()) << part;
  }
}

}  // namespace
}  // namespace till::plugin
