// Lint: every finding is told with its place, all of them at once, and good plugins have none.
#include "core/plugin/lint.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/plugin/chunk.h"
#include "core/plugin/operations.h"
#include "core/plugin/script_names.h"
#include "tests/plugin/package_fixture.h"

namespace till::plugin {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

// Acme at an address that somebody may have.
std::string real_manifest() {
  std::string out = acme_manifest("1.0.0");
  for (auto at = out.find(".example"); at != out.npos; at = out.find(".example")) out.replace(at, 8, ".test");
  return out;
}

// Acme with these capabilities, and a word on every other operation.
std::string manifest(const std::vector<std::string>& capabilities = {"check"}, std::string_view more = "") {
  json::Object can, cannot;
  for (const std::string& one : capabilities) can.set(one, json::Object());
  for (const std::string_view operation : operation_names())
    if (!can.find(operation)) cannot.set(operation, "None.");
  std::string out = real_manifest();
  const std::string_view old = R"("capabilities":{"check":{}})";
  return out.replace(out.find(old), old.size(),
                     "\"capabilities\":" + json::write(can) + ",\"absent\":" + json::write(cannot) + std::string(more));
}

std::vector<std::string> told(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const Finding& one : findings)
    out.push_back((one.error ? "" : "advice: ") + one.file + ":" + (one.line ? std::to_string(one.line) : one.place) +
                  " " + one.code + ": " + one.message + (one.help.empty() ? "" : " (" + one.help + ")"));
  return out;
}

std::vector<std::string> lint(std::string_view script, const std::string& text = manifest()) {
  return told(lint_plugin(text, script));
}

std::string file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

constexpr std::string_view kCheck = "function provider.check() return {ok = true} end\n";

TEST(Lint, what_is_right_has_no_finding) { EXPECT_THAT(lint(kCheck), IsEmpty()); }

TEST(Lint, the_reply_of_an_optional_request_is_not_used_without_a_look) {
  const std::string asks = "function provider.check()\n  http.post(\"/a\")\n";
  const std::string end = "\n  return {ok = true}\nend\n";
  EXPECT_THAT(
      lint(asks + "local r = http.get(\"/b\", {path = {id = (\"x\")}, optional = true})\n if r then r = r.json end" +
           end),
      IsEmpty());
  for (const char* use : {".json", "[\"json\"]", ":json()"})
    EXPECT_THAT(lint(asks + "  local r = http.get(\"/b\", {optional = true, path = {id = 1}})" + use + end),
                ElementsAre(StartsWith("provider.lua:3 optional_reply_used: an optional request may come to nil")))
        << use;
  EXPECT_THAT(lint("local optional = true\n" + std::string(kCheck)), IsEmpty());
}

TEST(Lint, a_table_with_an_option_makes_no_request_and_a_pcall_catches_what_comes_of_one) {
  const std::string asks = "function provider.check()\n  http.post(\"/a\")\n";
  const std::string end = "\n  return {ok = true}\nend\n";
  for (const char* sound : {"local x = tostring({name = \"x\", optional = true}):lower()",
                            "local done, r = pcall(function() return http.get(\"/b\", {optional = true}).json end)"})
    EXPECT_THAT(lint(asks + sound + end), IsEmpty()) << sound;
  for (const char* use : {"local get = http.get\nlocal r = get(\"/b\", {optional = true}).json",
                          "pcall(tostring)\nlocal r = http.get(\"/b\", {optional = true}).json"})
    EXPECT_THAT(lint(asks + use + end), ElementsAre(StartsWith("provider.lua:4 optional_reply_used: "))) << use;
}

TEST(Lint, what_stands_in_a_comment_or_a_text_is_no_request) {
  const std::string request = "http.get(\"/a/\" .. id, {optional = true}).json";
  const std::string secret = " \"{secret.api_key}\"\n";
  for (const std::string& script : {"-- " + request + secret, "--[==[\n" + request + secret + "]==]\n",
                                    "local s = [=[\n" + request + "]=]\n", "local s = 'a\\'" + request + "'\n"})
    EXPECT_THAT(lint(script + std::string(kCheck)), IsEmpty()) << script;
}

// Each token is looked at once, however many calls and brackets are open.
TEST(Lint, scripts_of_thousands_of_calls_are_read_to_their_end) {
  const auto copies = [](std::string_view part, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += part;
    return out;
  };
  const std::string end = "\n" + std::string(kCheck);
  for (const char* part : {"http.a(\"\" .. ", "optional = true{"})
    EXPECT_THAT(lint("--[[" + copies(part, 15'000) + "]]" + end), IsEmpty()) << part;
  EXPECT_EQ(lint("local s = '" + copies("{secret.", 30'000) + "'" + end).size(), 30'000u);
  const std::string nested = copies("http.get(\"/a/\" .. (", 40) + "1" + copies("))", 40) + "\n";
  EXPECT_EQ(lint("local function f()\n" + copies(nested, 200) + "end" + end).size(), 8'000u);
}

TEST(Lint, a_path_that_is_joined_is_advised_against) {
  const auto script = [](std::string_view call) {
    return "function provider.check()\n  local id = \"1\"\n  " + std::string(call) + "\n  return {ok = true}\nend\n";
  };
  for (const char* call : {"http.get(\"/payments/\" .. id)", "http.post('/p/' .. id .. '/refunds', {json = {}})",
                           "http.delete((\"/payments/\"\n .. id), {})", "http.get (\"/p/\" --[[(]] .. id)",
                           "http.get(id and (\"/p/\" .. id) or \"/p\")", "http.get([[/p/]] .. id .. id)",
                           "http.get(\"/p/\" .. (id .. \"/x\"))"})
    EXPECT_THAT(lint(script(call)), ElementsAre(StartsWith("advice: provider.lua:3 joined_path: a path is joined")))
        << call;
  for (const char* call :
       {"http.get(\"/payments/{id}\", {path = {id = id}})", "http.get(\"/a..b\")", "http.get(\"/a\\\"..\")",
        "http.get(\"/a\", {query = {a = id .. \"x\"}})", "local f = function(...) return http.get(...) end",
        "http.get(tostring(id .. id))", "http.get([[/a..b]])", "http.get(\"/a\") -- not \"/a\" .. id",
        "http.get(({a = id .. id})[\"a\" .. id])"})
    EXPECT_THAT(lint(script(call)), IsEmpty()) << call;
}

TEST(Lint, a_path_that_was_joined_before_or_goes_to_a_request_of_another_name_is_advised_against_too) {
  const auto script = [](std::string_view text) {
    return "function provider.check()\n  local id, t = \"1\", {}\n" + std::string(text) +
           "\n  return {ok = true}\nend\n";
  };
  for (const char* text : {"local p = \"/a/\" .. id\nhttp.get(p)", "t.x = 1 local p = id .. \"/a\"\nhttp.get(p, {})",
                           "local get = http.get\nget(\"/a/\" .. id)"})
    EXPECT_THAT(lint(script(text)), ElementsAre(StartsWith("advice: provider.lua:4 joined_path: "))) << text;
  for (const char* text :
       {"local p = \"/a/\" .. id p = \"/a\" http.get(p)", "t.p = \"/a/\" .. id local p = \"/a\" http.get(p)",
        "local p = \"/a\" t = {p = \"/a/\" .. id} http.get(p)", "local get = http.get t.get(\"a\" .. id)",
        "local p = \"/a/\" .. id t.f = function(p) return http.get(p) end",
        "local get = http.get(\"/a\") t.f(\"a\" .. id, get(\"a\" .. id))",
        "local get = http.get get = t.f get(\"a\" .. id)"})
    EXPECT_THAT(lint(script(text)), IsEmpty()) << text;
}

TEST(Lint, a_path_that_is_joined_of_constants_is_none_that_is_advised_against) {
  const auto script = [](std::string_view top, std::string_view call) {
    return std::string(top) + "\nfunction provider.check()\n  local id, t = \"1\", {}\n" + std::string(call) +
           "\n  return {ok = true}\nend\n";
  };
  constexpr std::string_view kOnce = "local V = \"/v2\"";
  for (const char* call :
       {"http.get(V .. \"/charges/{id}\", {path = {id = id}})", "http.get(\"/v\" .. 2 .. \"/charges\")",
        "local p = V .. \"/charges\" http.get(p)", "http.get(id and (\"/a\" .. V) or V)"})
    EXPECT_THAT(lint(script(kOnce, call)), IsEmpty()) << call;
  for (const char* call :
       {"http.get(V .. \"/charges/\" .. id)", "local p = V .. \"/charges/\" .. id http.get(p)", "http.get(V .. t.V)",
        "http.get(V .. V:lower())", "http.get(V .. W)", "local p = V .. V .. tostring(id) http.get(p)"})
    EXPECT_THAT(lint(script(std::string(kOnce) + " local W = 1", call)),
                ElementsAre(StartsWith("advice: provider.lua:4 joined_path: ")))
        << call;
  for (const char* top : {"V = \"/v2\" V = \"/v3\"", "local V = \"/v2\" .. 1", "local V = \"/v2\" or settings.x",
                          "local V do V = \"/v2\" end", "local V, t = 1, {V = \"/v2\"}"})
    EXPECT_THAT(lint(script(top, "http.get(V .. \"/charges\")")), ElementsAre(StartsWith("advice: provider.lua:4 ")))
        << top;
}

TEST(Lint, a_prefix_that_runs_into_the_secret_is_advised_against) {
  const auto with = [](std::string_view prefix) {
    std::string text = manifest();
    constexpr std::string_view kOld = R"("header":"X-Api-Key")";
    return text.replace(text.find(kOld), kOld.size(), std::string(kOld) + ",\"prefix\":" + std::string(prefix));
  };
  EXPECT_THAT(
      lint(kCheck, with("\"Bearer\"")),
      ElementsAre(StartsWith("advice: manifest.json:$.auth.prefix prefix_runs_on: the secret follows `Bearer`")));
  EXPECT_THAT(lint(kCheck, with("\"v1\"")), ElementsAre(StartsWith("advice: manifest.json:$.auth.prefix ")));
  for (const char* good : {"\"Bearer \"", "\"token=\"", "\"\"", "\"key:\""})
    EXPECT_THAT(lint(kCheck, with(good)), IsEmpty()) << good;
}

TEST(Lint, what_new_wrote_and_nobody_changed_is_told) {
  std::string text = manifest();
  const auto put = [&](std::string_view old, std::string_view by) { text.replace(text.find(old), old.size(), by); };
  put("A shop's bank.", "One sentence: what this service pays with, and where.");
  put("\"None.\"", "\"Say here, for the users of a shop, why the service has none.\"");
  EXPECT_THAT(lint(kCheck, text),
              ElementsAre(StartsWith("advice: manifest.json:$.summary unchanged: is the sentence"),
                          StartsWith("advice: manifest.json:$.absent unchanged: 1 reason is the sentence")));
}

TEST(Lint, hosts_that_nobody_can_have_are_told) {
  std::string text = manifest();
  const auto put = [&](std::string_view old, std::string_view by) { text.replace(text.find(old), old.size(), by); };
  put("\"hosts\":[\"api.acme.test\"]", "\"hosts\":[\"api.acme.example\"]");
  put("https://api.acme.test", "https://api.acme.example/v2");
  put("\"manifest\":1", R"("manifest":1,"homepage":"https://acme.Example",
      "documentation":["https://docs.acme.test/x.example","https://acme.example:80/docs"])");
  EXPECT_THAT(lint(kCheck, text),
              ElementsAre(StartsWith("advice: manifest.json:$.homepage example_host: names a host in `.example`"),
                          StartsWith("advice: manifest.json:$.documentation[1] example_host: "),
                          StartsWith("advice: manifest.json:$.modes.live.base_url example_host: "),
                          StartsWith("advice: manifest.json:$.hosts[0] example_host: ")));
}

TEST(Lint, text_that_is_no_JSON_is_told_with_its_line) {
  std::string text = manifest();
  text.replace(text.find("\"hosts\""), 7, "\n,\"hosts\"");
  const auto found = lint_plugin(text, kCheck);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(
      found[0].line,
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("\n,\"hosts\"")) + 1, '\n') + 1);
  EXPECT_TRUE(found[0].error);
  EXPECT_THAT(found[0].message, testing::HasSubstr("is not JSON: "));
  for (const char* bad : {"01", "tru", "\"\xFF\""})
    EXPECT_EQ(lint_plugin("{\n\"a\": [1,\n" + std::string(bad) + "]}", kCheck)[0].line, 3) << bad;
}

// A member that stands twice comes first, and has a place and no line.
TEST(Lint, the_line_of_a_fault_is_told_with_that_fault_alone) {
  const auto found = lint_plugin("{\"a\": 1, \"a\": 2,\n\"b\": tru}", kCheck);
  EXPECT_THAT(found[0].message, testing::HasSubstr("stands twice"));
  EXPECT_EQ(found[0].place, "$.a");
  EXPECT_EQ(found[0].line, 0);
}

TEST(Lint, shipped_providers_have_no_error) {
  for (const auto& entry : std::filesystem::directory_iterator(TILL_SOURCE_DIR "/plugins/providers")) {
    const std::string text = file(entry.path() / "manifest.json");
    EXPECT_THAT(told(lint_plugin(text, file(entry.path() / "provider.lua"))), IsEmpty()) << entry.path();
  }
}

TEST(Lint, the_manifest_is_judged_part_by_part_and_all_at_once) {
  std::string wrong = manifest();
  wrong.replace(wrong.find("\"version\":\"1.0.0\""), 17, "\"version\":\"1\",\"colour\":\"red\"");
  wrong.replace(wrong.find("\"scheme\":\"header\""), 17, "\"scheme\":\"haeder\"");
  EXPECT_THAT(lint(kCheck, wrong),
              ElementsAre(StartsWith("manifest.json:$.colour manifest: unknown member"),
                          StartsWith("manifest.json:$.version manifest: must be a semantic version"),
                          StartsWith("manifest.json:$.auth.scheme manifest: must be one of")));
}

TEST(Lint, text_that_is_no_manifest_is_one_finding) {
  EXPECT_THAT(lint(kCheck, "{"), ElementsAre(StartsWith("manifest.json:1 manifest: is not JSON:")));
}

TEST(Lint, a_mistake_of_syntax_is_told_with_its_line) {
  EXPECT_THAT(lint("local a = 1\nlocal b = = 2\n"),
              ElementsAre(StartsWith("provider.lua:2 script_syntax: provider.lua:2:")));
  EXPECT_THAT(lint("\x1bLua"), ElementsAre(StartsWith("provider.lua: plugin_file: provider.lua: is compiled Lua")));
}

TEST(Lint, a_mistake_at_the_top_level_is_told_with_its_line) {
  EXPECT_THAT(lint("\nlocal x = nothing.here\n"), ElementsAre(StartsWith("provider.lua:2 script_error: ")));
}

TEST(Lint, what_a_script_calls_its_own_names_and_whether_it_returns_is_its_own_affair) {
  const std::string end = "\n" + std::string(kCheck);
  for (const char* own :
       {"local pairs, type, json, provider_ = 1, 2, 3, 4", "local function text(v) return v end",
        "local time = {now = 1}", "pairs, ipairs, tostring = nil, nil, nil", "time = {mine = 1} local x = time.mine",
        "local script, functions, host, subject", "provider.native = nil", "provider = {}"})
    EXPECT_THAT(lint(own + end), IsEmpty()) << own;
  for (const char* last : {"return provider", "return", "do return provider end -- ]]", "return 1, ..."})
    EXPECT_THAT(lint(std::string(kCheck) + last), IsEmpty()) << last;
  EXPECT_THAT(lint(std::string(kCheck) + "return nothing.here"),
              ElementsAre(StartsWith("provider.lua:2 script_error: provider.lua:2: ")));
}

TEST(Lint, a_script_of_the_greatest_length_is_read) {
  std::string script(kCheck);
  script.append(kMaxScriptBytes - script.size(), ' ');
  EXPECT_THAT(lint(script), IsEmpty());
  EXPECT_THAT(lint(script + " "), ElementsAre(StartsWith("provider.lua: ")));
}

TEST(Lint, globals_that_nothing_defines_are_told_with_what_may_be_meant) {
  EXPECT_THAT(lint(std::string(kCheck) + "local function f()\n  return mony.of(1)\nend\n"),
              ElementsAre("provider.lua:3 unknown_global: nothing defines `mony` (did you mean `money`?)"));
  EXPECT_THAT(lint(std::string(kCheck) + "helper = 1\nlocal function f() return helper, helpr end\n"),
              ElementsAre("provider.lua:3 unknown_global: nothing defines `helpr` (did you mean `helper`?)"));
}

// The compiler writes names another way behind 256 constants, and when they are longer than 40 characters.
TEST(Lint, globals_are_known_however_many_constants_stand_before_them) {
  std::string table = "local list = {";
  for (int i = 0; i < 300; ++i) table += "\"text " + std::to_string(i) + "\", ";
  table += "}\n";
  const std::string use = "function helper() return list end helper() money.of(\"1\", \"EUR\")\n";
  EXPECT_THAT(lint(table + use + std::string(kCheck)), IsEmpty());
  EXPECT_THAT(lint("local list " + use + std::string(kCheck)), IsEmpty());
  EXPECT_THAT(lint(table + std::string(kCheck) + "local function f()\n  local name = \"trm\" " + table +
                   "  return helpr, text.trm(list)\nend"),
              ElementsAre("provider.lua:5 unknown_global: nothing defines `helpr`",
                          "provider.lua:5 unknown_function: there is no `text.trm` (did you mean `text.trim`?)"));
}

TEST(Lint, globals_with_long_names_are_known) {
  const std::string name = "a_name_that_is_longer_than_forty_characters_" + std::string(20, 'x');
  EXPECT_THAT(lint(name + " = 1\nlocal x = " + name + "\n" + std::string(kCheck)), IsEmpty());
  EXPECT_THAT(lint("function " + name + "() return 1 end\nlocal x = " + name + "() .. \"a\"\n" + std::string(kCheck)),
              IsEmpty());
  EXPECT_THAT(lint(std::string(kCheck) + "local function f() return " + name + " end\n"),
              ElementsAre("provider.lua:2 unknown_global: nothing defines `" + name + "`"));
}

// Beyond twenty thousand comparisons of names nothing is suggested.
TEST(Lint, a_script_of_nothing_but_strange_names_is_read_to_its_end) {
  std::string script(kCheck);
  for (int i = 1000; i < 1300; ++i) {
    const std::string n = std::to_string(i);
    script += "function f" + n + "() name" + n + " = nome" + n + " end\n";
  }
  const auto told = lint(script);
  ASSERT_EQ(told.size(), 300u);
  EXPECT_THAT(told.front(), testing::EndsWith("(did you mean `name1000`?)"));
  EXPECT_THAT(told.back(), testing::EndsWith("nothing defines `nome1299`"));
}

TEST(Lint, functions_that_the_host_lacks_are_told_with_what_to_take_instead) {
  EXPECT_THAT(
      lint("function provider.check()\n  return {detail = string.format(\"%d\", 1), ok = true, raw = os.time()}\nend"),
      ElementsAre(StartsWith("provider.lua:2 unknown_function: there is no `string.format` (instead: join with .."),
                  StartsWith("provider.lua:2 unknown_global: nothing defines `os` (instead: time.now()")));
  EXPECT_THAT(lint("function provider.check()\n  return {ok = text.star(\"a\", \"b\")}\nend"),
              ElementsAre("provider.lua:2 unknown_function: there is no `text.star` (did you mean `text.starts`?)"));
  EXPECT_THAT(lint("function provider.check(input)\n\n  return {ok = input.id:match(\"a\")}\nend"),
              ElementsAre(StartsWith("advice: provider.lua:3 unknown_method: texts have no method `match`")));
}

TEST(Lint, no_name_breaks_a_message) {
  EXPECT_THAT(lint(std::string(kCheck) + "local function f() return http[\"\\xff\\n\"] end\n"),
              ElementsAre(StartsWith("provider.lua:2 unknown_function: there is no `http.? `")));
}

TEST(Lint, what_is_declared_and_what_is_written_must_agree) {
  const std::string text = manifest({"check", "payments.get"}, R"(,"native":{"getThing":{"summary":"A thing."}})");
  const std::string script =
      std::string(kCheck) + "\nfunction provider.payments.gte() end\nprovider.native.other = type\n";
  EXPECT_THAT(
      lint(script, text),
      ElementsAre("manifest.json:$.capabilities.\"payments.get\" capability_without_function: provider.lua has no "
                  "function provider.payments.get (write it, or move the operation to `absent` with the reason)",
                  "manifest.json:$.native.getThing capability_without_function: provider.lua has no function "
                  "provider.native[\"getThing\"]",
                  "provider.lua:4 function_without_capability: the manifest declares no native.other (add it to "
                  "`capabilities` or `native`, or take the function out)",
                  "provider.lua:3 function_without_capability: the manifest declares no payments.gte (did you mean "
                  "`payments.get`?)"));
}

TEST(Lint, a_function_is_told_with_its_line_however_its_name_is_written) {
  EXPECT_THAT(
      lint(std::string(kCheck) + "\nprovider[\"native\"]['getThing'] = type\nprovider.native[\"other\"] = type\n"),
      ElementsAre(StartsWith("provider.lua:3 function_without_capability: the manifest declares no native.getThing"),
                  StartsWith("provider.lua:4 function_without_capability: the manifest declares no native.other")));
}

TEST(Lint, every_operation_is_there_or_absent_with_a_reason) {
  EXPECT_THAT(lint(kCheck, real_manifest()),
              Contains(StartsWith("manifest.json:$.absent.\"payments.create\" operation_without_a_word:")));
}

TEST(Lint, secrets_in_paths_are_declared_and_used) {
  EXPECT_THAT(lint("function provider.check()\n  http.get(\"/a/{secret.api_key}\")\n  return {ok = true}\nend"),
              ElementsAre(StartsWith("provider.lua:2 secret_in_path: `api_key` is not among")));
  const std::string declared = manifest({"check"}, R"(,"path_secrets":["api_key"])");
  EXPECT_THAT(lint(kCheck, declared),
              ElementsAre(StartsWith("advice: manifest.json:$.path_secrets unused_path_secret:")));
}

TEST(ScriptNames, are_found_with_their_lines_in_inner_functions_too) {
  const auto chunk =
      Chunk::compile("a = 1\nlocal function f(x)\n  return function()\n    return b.c(x), d, x:e()\n  end\nend\n");
  std::vector<std::string> names;
  for (const ScriptName& one : names_in((*chunk)->bytecode()))
    names.push_back(std::to_string(one.line) + " " + one.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("1 a", "4 b.c", "4 d", "4 e"));
}

TEST(ScriptNames, of_cut_or_foreign_bytes_nothing_is_said) {
  const std::string code((*Chunk::compile("return http.get(\"/\")"))->bytecode());
  for (std::size_t size = 0; size < code.size(); ++size) (void)names_in(code.substr(0, size));
  EXPECT_THAT(names_in("return 1"), IsEmpty());
}

}  // namespace
}  // namespace till::plugin
