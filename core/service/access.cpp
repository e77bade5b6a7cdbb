#include "core/service/access.h"

#include "core/base/ascii.h"
#include "core/crypto/constant_time.h"

namespace till::service {

bool has_token(const http::InboundRequest& request, const Secret& token) {
  constexpr std::string_view kScheme = "Bearer ";
  int fields = 0;
  bool fits = false;
  for (const auto& [name, value] : request.headers) {
    if (!same_word(name, "Authorization")) continue;
    ++fields;
    const std::string_view text = value;
    fits = same_word(text.substr(0, kScheme.size()), kScheme) &&
           constant_time_equal(trim(text.substr(kScheme.size())), token.reveal());
  }
  return fields == 1 && fits && !token.empty();
}

}  // namespace till::service
