// Properties that hold for any value: what was written reads back the same, and no damage to a text crashes the reader.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/json/json.h"

namespace till::json {
namespace {

// Random values from a fixed seed, so that a failure repeats.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  std::string text() {
    static constexpr std::string_view kPieces[] = {"a", "key", "\"", "\\", "/", "\n", "\x01", "\x7F", "é",
                                                   "€", "😀",   " ",  "{",  "]", ",",  ":",    "\\u"};
    std::string out;
    for (std::size_t count = below(8); count > 0; --count) out += kPieces[below(std::size(kPieces))];
    if (below(10) == 0) out += '\0';
    return out;
  }

  std::string number() {
    std::string out = below(2) == 0 ? "-" : "";
    out += below(4) == 0 ? "0" : std::to_string(1 + below(1'000'000'000));
    if (below(2) == 0) out += "." + std::to_string(below(100'000));
    if (below(4) == 0)
      out += std::string(below(2) == 0 ? "e" : "E") + (below(2) == 0 ? "-" : "+") + std::to_string(below(1000));
    return out;
  }

  Value value(std::size_t depth) {
    switch (below(depth == 0 ? 4 : 7)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return Number{number()};
      case 3:
        return text();
      case 4: {
        Array array;
        for (std::size_t count = below(6); count > 0; --count) array.push_back(value(depth - 1));
        return array;
      }
      default: {
        Object object;
        for (std::size_t count = below(below(10) == 0 ? 40 : 6); count > 0; --count)
          object.set(text() + std::to_string(count), value(depth - 1));
        return object;
      }
    }
  }

 private:
  std::mt19937 random_;
};

TEST(RoundTrip, any_value_reads_back_the_same_text) {
  Maker maker(20260101);
  for (int i = 0; i < 3000; ++i) {
    const Value value = maker.value(6);
    const std::string text = write(value);
    const auto read = parse(text);
    ASSERT_TRUE(read.ok()) << text << "\n" << read.error().message;
    EXPECT_EQ(*read, value) << text;
    EXPECT_EQ(write(*read), text);
  }
}

TEST(RoundTrip, a_damaged_text_is_refused_or_read_as_what_it_says) {
  Maker maker(42);
  for (int i = 0; i < 3000; ++i) {
    std::string text = write(maker.value(5));
    for (std::size_t edits = 1 + maker.below(3); edits > 0; --edits) {
      const std::size_t at = maker.below(text.size() + 1);
      if (maker.below(2) == 0)
        text.resize(at);
      else
        text.insert(at, 1, "{}[],:\"\\0e-x\xFF\n"[maker.below(14)]);
    }
    const auto read = parse(text);
    if (!read.ok()) {
      EXPECT_EQ(read.error().field.front(), '$');
      continue;
    }
    const auto again = parse(write(*read));
    ASSERT_TRUE(again.ok()) << text;
    EXPECT_EQ(*again, *read) << text;
  }
}

}  // namespace
}  // namespace till::json
