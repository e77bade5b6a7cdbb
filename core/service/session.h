// Session: an operator's browser, once it has shown the token. Nothing is kept on this side.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/crypto/hmac.h"
#include "core/crypto/secret.h"
#include "core/http/request_reader.h"

namespace till::service {

inline constexpr std::int64_t kSessionMs = 12 * 3'600'000;

// All of it hangs on the token: with another one, every session is over.
class Sessions {
 public:
  static Result<Sessions> create(const Secret& token);

  // The value of Set-Cookie that begins a session, and the one that ends it.
  std::string begin(UnixMillis now_ms, bool secure) const;
  static std::string end(bool secure);
  // The session that the request's cookie holds, when it is ours and not over.
  std::optional<std::string> find(const http::InboundRequest& request, UnixMillis now_ms) const;
  // What each form of this session carries, and what is checked in constant time when it comes: another site can make
  // a browser send the cookie, but cannot know this.
  std::string form_token(std::string_view session) const;
  bool is_form_token(std::string_view session, std::string_view token) const;

 private:
  explicit Sessions(HmacKey key) : key_(std::move(key)) {}
  std::string seal(std::string_view purpose, std::string_view text) const;
  HmacKey key_;
};

}  // namespace till::service
