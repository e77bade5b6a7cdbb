// The JSON writer: see json.h.
#include <algorithm>
#include <cassert>

#include "core/json/json.h"

namespace till::json {
namespace {

// Room for so many is made at once: it grows in few steps from there.
constexpr std::size_t kUsualBytes = 128;

void write_control_to(unsigned char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 0xF];
  }
}

// What stands between brackets: a comma before all parts but the first.
template <class Parts, class WritePart>
void write_parts(char begin, const Parts& parts, char end, std::string& out, const WritePart& write_part) {
  out += begin;
  bool first = true;
  for (const auto& part : parts) {
    if (!first) out += ',';
    first = false;
    write_part(part);
  }
  out += end;
}

void write_scalar_to(const Value& value, std::string& out) {
  if (const auto* text = value.string())
    write_string_to(*text, out);
  else if (const auto* number = value.number())
    assert(is_number(number->text)), out += number->text;
  else if (const auto* boolean = value.boolean())
    out += *boolean ? "true" : "false";
  else
    out += "null";
}

enum class Order { kAsTheyStand, kByName };

template <Order kMembers>
void write_value_to(const Value& value, std::string& out) {
  const auto write_member = [&](const Object::Member& member) {
    write_string_to(member.first, out);
    out += ':';
    write_value_to<kMembers>(member.second, out);
  };
  if (const auto* array = value.array())
    write_parts('[', *array, ']', out, [&](const Value& element) { write_value_to<kMembers>(element, out); });
  else if (!value.object())
    write_scalar_to(value, out);
  else if constexpr (kMembers == Order::kByName)
    write_parts('{', value.object()->by_name(), '}', out, [&](const auto* member) { write_member(*member); });
  else
    write_parts('{', *value.object(), '}', out, write_member);
}

}  // namespace

std::string write(const Value& value) {
  std::string out;
  out.reserve(kUsualBytes);
  write_to(value, out);
  return out;
}

void write_to(const Value& value, std::string& out) { write_value_to<Order::kAsTheyStand>(value, out); }

void write_sorted_to(const Value& value, std::string& out) { write_value_to<Order::kByName>(value, out); }

void write_string_to(std::string_view text, std::string& out) {
  out += '"';
  std::size_t done = 0;  // everything before it is in `out`
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(done, i - done);
    done = i + 1;
    if (c < 0x20) {
      write_control_to(c, out);
    } else {
      out += '\\';
      out += text[i];
    }
  }
  out += text.substr(done);
  out += '"';
}

bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto next_is = [&](std::string_view any) { return at < text.size() && any.find(text[at]) != any.npos; };
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > begin;
  };
  if (next_is("-")) ++at;
  if (next_is("0"))
    ++at;
  else if (!digits())
    return false;
  if (next_is(".")) {
    ++at;
    if (!digits()) return false;
  }
  if (next_is("eE")) {
    ++at;
    if (next_is("+-")) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

}  // namespace till::json
