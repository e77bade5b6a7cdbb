// Laying out multipart/form-data: see multipart.h.
#include "core/plugin/multipart.h"

#include <algorithm>
#include <string_view>

namespace till::plugin {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The first of "till-form-0", "till-form-1", ... that no field contains.
std::string free_boundary(const Fields& fields) {
  for (std::size_t number = 0;; ++number) {
    std::string boundary = "till-form-" + std::to_string(number);
    const auto contains = [&](const auto& field) {
      return field.first.find(boundary) != std::string::npos || field.second.find(boundary) != std::string::npos;
    };
    if (std::none_of(fields.begin(), fields.end(), contains)) return boundary;
  }
}

// As browsers do it (WHATWG, multipart/form-data encoding algorithm): no name can leave its quotes or its line.
std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"')
      out += "%22";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

MultipartBody multipart_body(const Fields& fields) {
  const std::string boundary = free_boundary(fields);
  MultipartBody made{.content_type = "multipart/form-data; boundary=" + boundary, .body = {}};
  for (const auto& [name, value] : fields) {
    made.body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=");
    made.body.append(quoted_name(name)).append("\r\n\r\n").append(value).append("\r\n");
  }
  made.body.append("--").append(boundary).append("--\r\n");
  return made;
}

}  // namespace till::plugin
