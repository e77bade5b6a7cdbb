// The JSON writer: see json.h.
#include <algorithm>
#include <cassert>

#include "core/json/json.h"

namespace till::json {
namespace {

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

void write_array_to(const Array& array, std::string& out) {
  out += '[';
  bool first = true;
  for (const Value& element : array) {
    if (!first) out += ',';
    first = false;
    write_to(element, out);
  }
  out += ']';
}

void write_object_to(const Object& object, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : object) {
    if (!first) out += ',';
    first = false;
    write_string_to(key, out);
    out += ':';
    write_to(value, out);
  }
  out += '}';
}

}  // namespace

std::string write(const Value& value) {
  std::string out;
  write_to(value, out);
  return out;
}

void write_to(const Value& value, std::string& out) {
  if (const auto* text = value.string())
    write_string_to(*text, out);
  else if (const auto* number = value.number())
    assert(is_number(number->text)), out += number->text;
  else if (const auto* object = value.object())
    write_object_to(*object, out);
  else if (const auto* array = value.array())
    write_array_to(*array, out);
  else if (const auto* boolean = value.boolean())
    out += *boolean ? "true" : "false";
  else
    out += "null";
}

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
