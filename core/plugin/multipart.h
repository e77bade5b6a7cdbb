// Multipart: text fields as multipart/form-data (RFC 7578).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace till::plugin {

struct MultipartBody {
  std::string content_type;  // with the boundary
  std::string body;
};

// The fields in their order, each a part without a type of its own. The same fields always give the same bytes, and no
// field can end its part early: the boundary occurs in none of them. Handles stay as they are.
MultipartBody multipart_body(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace till::plugin
