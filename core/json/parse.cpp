// The JSON reader: walks simdjson's On-Demand iterators once, visits every value and keeps numbers as text.
//
// On-Demand leaves to its user whatever is not asked for, so this file itself checks the grammar of numbers, the
// spelling of true, false and null, surrogate pairs, duplicate keys and the limits. simdjson finds the structure,
// validates UTF-8 and unescapes strings.
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/json/fault.h"
#include "core/json/json.h"
#include "core/json/path.h"

namespace till::json {
namespace {

namespace ondemand = simdjson::ondemand;

// simdjson itself stops at 1024; our recursion needs a bound that no caller can lift.
constexpr std::size_t kMaxDepthEver = 1000;
// Up to here a duplicate key is searched for linearly, above by sorting: a hostile object costs n log n.
constexpr std::size_t kLinearMembers = 16;
// Room for so many is made with the first one.
constexpr std::size_t kUsualMembers = 2;
// A thread keeps its buffers between calls up to this size of document.
constexpr std::size_t kKeptBytes = 256u << 10;

// What simdjson needs between calls; one per thread, as neither part may be shared.
struct Workspace {
  ondemand::parser parser;
  std::vector<char> text;

  // Copies `text` as the only element of an array, so that a scalar document walks the same way as any other.
  simdjson::padded_string_view wrap(std::string_view document) {
    const std::size_t size = document.size() + 2;
    text.clear();
    text.reserve(size + simdjson::SIMDJSON_PADDING);
    text.push_back('[');
    text.insert(text.end(), document.begin(), document.end());
    text.push_back(']');
    text.resize(size + simdjson::SIMDJSON_PADDING, '\0');
    return simdjson::padded_string_view(text.data(), size, text.size());
  }

  void release_if_large() {
    if (text.capacity() <= kKeptBytes) return;
    text = {};
    parser = ondemand::parser();
  }
};

bool is_hex_quad(std::string_view text) {
  return text.size() == 4 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// 'h' for the four digits of a high surrogate, 'l' for a low one, '-' for any other character.
char surrogate_kind(std::string_view quad) {
  if (quad[0] != 'd' && quad[0] != 'D') return '-';
  if (quad[1] == '8' || quad[1] == '9' || quad[1] == 'a' || quad[1] == 'A' || quad[1] == 'b' || quad[1] == 'B')
    return 'h';
  return quad[1] >= '0' && quad[1] <= '7' ? '-' : 'l';
}

// True when every \uD800-\uDFFF in the raw text of a string stands in a pair. `raw` begins after the opening quote and
// reaches at least to the closing one.
bool surrogates_are_paired(std::string_view raw) {
  bool after_high = false;
  for (std::size_t i = 0; i < raw.size() && raw[i] != '"'; ++i) {
    if (raw[i] != '\\') {
      if (after_high) return false;
      continue;
    }
    const std::string_view quad = raw.substr(std::min(i + 2, raw.size()), 4);
    const bool unicode = i + 1 < raw.size() && raw[i + 1] == 'u' && is_hex_quad(quad);
    const char kind = unicode ? surrogate_kind(quad) : '-';
    if ((kind == 'l') != after_high) return false;
    after_high = kind == 'h';
    i += unicode ? 5 : 1;
  }
  return !after_high;
}

std::string_view trim_end(std::string_view token) {
  const auto last = token.find_last_not_of(" \t\n\r");
  return token.substr(0, last == token.npos ? 0 : last + 1);
}

std::string_view explain(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "the text is not valid UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string does not end";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control character that is not escaped";
    case simdjson::STRING_ERROR:
      return "a string holds an escape that JSON does not have";
    case simdjson::MEMALLOC:
      return "there is not enough memory to read it";
    default:
      return "a comma, colon, quote or bracket is missing or too many";
  }
}

// The first of two members with the same key, or nullptr. The later one of the document is reported.
const std::string* find_duplicate(const Object& object) {
  std::vector<const std::string*> keys;
  keys.reserve(object.size());
  for (const auto& member : object) keys.push_back(&member.first);
  std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
  const auto found =
      std::adjacent_find(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a == *b; });
  return found == keys.end() ? nullptr : *found;
}

}  // namespace

// One parse. Methods return false after fail(); each level then adds its own step to the path.
class Parser {
 public:
  Parser(const ParseLimits& limits, Workspace& workspace) : limits_(limits), workspace_(workspace) {}

  Result<Value> run(std::string_view text) {
    Value root;
    if (read_document(text, root)) return root;
    if (syntax_) locate(text);
    return error();
  }

 private:
  using Step = std::pair<std::string, std::size_t>;  // a key, or kNoKey and an index
  static constexpr std::size_t kIsKey = static_cast<std::size_t>(-1);

  bool read_document(std::string_view text, Value& root) {
    if (text.size() > limits_.max_bytes) return fail("is larger than " + std::to_string(limits_.max_bytes) + " bytes");
    may_hold_surrogates_ = text.find("\\u") != text.npos;
    ondemand::document document;
    const auto wrapped = workspace_.wrap(text);
    if (const auto code = workspace_.parser.iterate(wrapped).get(document)) return fail(code);
    ondemand::array wrapper;
    if (const auto code = document.get_array().get(wrapper)) return fail(code);
    std::size_t count = 0;
    for (auto element : wrapper) {
      if (++count > 1) return fail_syntax("goes on after its end");
      if (!read_element(element, root)) return false;
    }
    if (count == 0) return fail("is empty");
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return fail_syntax("goes on after its end");
    return true;
  }

  bool read_element(simdjson::simdjson_result<ondemand::value> element, Value& out) {
    ondemand::value value;
    if (const auto code = std::move(element).get(value)) return fail(code);
    return read_value(value, out);
  }

  bool read_value(ondemand::value value, Value& out) {
    if (++values_ > limits_.max_values) return fail("has more than " + std::to_string(limits_.max_values) + " values");
    const std::string_view token = value.raw_json_token();
    switch (token.empty() ? '\0' : token.front()) {
      case '{':
        return read_object(value, out);
      case '[':
        return read_array(value, out);
      case '"':
        return read_string(value, token, out);
      default:
        return read_plain(trim_end(token), out);
    }
  }

  // The token is not consumed: the iterator skips it as it moves on.
  bool read_plain(std::string_view token, Value& out) {
    if (token == "true") return out = Value(true), true;
    if (token == "false") return out = Value(false), true;
    if (token == "null") return out = Value(), true;
    if (token.size() > limits_.max_number_length)
      return fail("is a number or word of more than " + std::to_string(limits_.max_number_length) + " characters");
    if (!is_number(token)) return fail_syntax("is not JSON: a value is none that JSON has");
    out = Value(Number{std::string(token)});
    return true;
  }

  bool read_string(ondemand::value& value, std::string_view token, Value& out) {
    if (may_hold_surrogates_ && !surrogates_are_paired(token.substr(1))) return fail("holds half of a surrogate pair");
    std::string_view text;
    if (const auto code = value.get_string().get(text)) return fail(code);
    out = Value(text);
    return true;
  }

  bool read_array(ondemand::value& value, Value& out) {
    if (++depth_ > std::min(limits_.max_depth, kMaxDepthEver)) return fail_depth();
    ondemand::array elements;
    if (const auto code = value.get_array().get(elements)) return fail(code);
    Array array;
    for (auto element : elements) {
      array.emplace_back();
      if (!read_element(element, array.back())) return step_out({}, array.size() - 1);
    }
    --depth_;
    out = Value(std::move(array));
    return true;
  }

  bool read_object(ondemand::value& value, Value& out) {
    if (++depth_ > std::min(limits_.max_depth, kMaxDepthEver)) return fail_depth();
    ondemand::object fields;
    if (const auto code = value.get_object().get(fields)) return fail(code);
    Object object;
    for (auto result : fields) {
      ondemand::field field;
      if (const auto code = std::move(result).get(field)) return fail(code);
      if (object.size() >= limits_.max_members)
        return fail("is an object of more than " + std::to_string(limits_.max_members) + " members");
      if (!read_member(field, object)) return false;
    }
    if (object.size() > kLinearMembers) {
      if (const std::string* key = find_duplicate(object))
        return fail("stands twice in its object"), step_out(*key, kIsKey);
    }
    --depth_;
    out = Value(std::move(object));
    return true;
  }

  bool read_member(ondemand::field& field, Object& object) {
    const char* const raw = field.key().raw();
    const auto rest = static_cast<std::size_t>(workspace_.text.data() + workspace_.text.size() - raw);
    if (may_hold_surrogates_ && !surrogates_are_paired({raw, rest}))
      return fail("has a key that holds half of a surrogate pair");
    std::string_view key;
    if (const auto code = field.unescaped_key().get(key)) return fail(code);
    if (object.members_.size() <= kLinearMembers && object.find(key) != nullptr)
      return fail("stands twice in its object"), step_out(key, kIsKey);
    if (object.empty()) object.reserve(kUsualMembers);
    auto& member = object.members_.emplace_back(std::string(key), Value());
    return read_value(field.value(), member.second) || step_out(member.first, kIsKey);
  }

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool fail_syntax(std::string problem) {
    syntax_ = true;
    return fail(std::move(problem));
  }
  bool fail(simdjson::error_code code) { return fail_syntax("is not JSON: " + std::string(explain(code))); }
  // Says more exactly what is wrong, and where.
  void locate(std::string_view text) {
    const auto fault = find_fault(text);
    if (!fault) return;
    problem_ = "is not JSON: " + std::string(fault->problem) + " at line " + std::to_string(fault->line) + ", column " +
               std::to_string(fault->column);
  }
  bool fail_depth() {
    return fail("is nested deeper than " + std::to_string(std::min(limits_.max_depth, kMaxDepthEver)) + " levels");
  }
  bool step_out(std::string_view key, std::size_t index) {
    steps_.emplace_back(std::string(key), index);
    return false;
  }

  Error error() const {
    std::string path = "$";
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
      path = step->second == kIsKey ? member_path(path, step->first) : element_path(path, step->second);
    Error out = invalid_request(path, path + ": " + problem_ + ".");
    out.code = "invalid_json";
    return out;
  }

  const ParseLimits& limits_;
  Workspace& workspace_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
  bool may_hold_surrogates_ = false;
  bool syntax_ = false;
  std::string problem_;
  std::vector<Step> steps_;  // innermost first
};

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  thread_local Workspace workspace;
  auto result = Parser(limits, workspace).run(text);
  workspace.release_if_large();
  return result;
}

}  // namespace till::json
