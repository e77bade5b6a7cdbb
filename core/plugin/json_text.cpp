// JSON text with raw handles: see json_text.h.
#include "core/plugin/json_text.h"

#include "core/json/json.h"
#include "core/plugin/handle.h"

namespace till::plugin {
namespace {

void write_escaped(std::string_view text, std::string& out) {
  std::string quoted;
  json::write_string_to(text, quoted);
  out.append(quoted, 1, quoted.size() - 2);
}

void write_text(std::string_view text, std::string& out) {
  auto span = find_handle(text);
  if (!span) return json::write_string_to(text, out);
  out += '"';
  std::size_t done = 0;
  for (; span; span = find_handle(text, done)) {
    write_escaped(text.substr(done, span->begin - done), out);
    out += text.substr(span->begin, span->size);
    done = span->begin + span->size;
  }
  write_escaped(text.substr(done), out);
  out += '"';
}

void write_array(const json::Array& array, std::string& out) {
  char before = '[';
  for (const json::Value& element : array) {
    out += std::exchange(before, ',');
    write_json_with_handles(element, out);
  }
  out += array.empty() ? "[]" : "]";
}

void write_object(const json::Object& object, std::string& out) {
  char before = '{';
  for (const auto& [name, value] : object) {
    out += std::exchange(before, ',');
    json::write_string_to(name, out);
    out += ':';
    write_json_with_handles(value, out);
  }
  out += object.empty() ? "{}" : "}";
}

}  // namespace

void write_json_with_handles(const json::Value& value, std::string& out) {
  if (const auto* text = value.string())
    write_text(*text, out);
  else if (const auto* object = value.object())
    write_object(*object, out);
  else if (const auto* array = value.array())
    write_array(*array, out);
  else
    json::write_to(value, out);
}

}  // namespace till::plugin
