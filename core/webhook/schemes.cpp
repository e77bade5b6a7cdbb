// Finding a named scheme.
#include "core/webhook/schemes.h"

#include <algorithm>
#include <string>

namespace till::webhook {

std::string named_schemes_json() {
  std::string out = "[";
  for (const auto& [name, text] : named_schemes()) out.append(out.size() > 1 ? "," : "").append(text);
  return out + "]";
}

Result<Scheme> find_scheme(std::string_view name) {
  const auto all = named_schemes();
  const auto found = std::find_if(all.begin(), all.end(), [name](const auto& one) { return one.first == name; });
  if (found != all.end()) return parse_scheme(found->second);
  return Error{.kind = ErrorKind::kNotFound,
               .code = "unknown_scheme",
               .message = "there is no webhook scheme with this name; docs/webhook-schemes.md lists them",
               .field = "$.scheme"};
}

}  // namespace till::webhook
