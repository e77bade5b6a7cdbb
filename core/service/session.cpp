#include "core/service/session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/crypto/constant_time.h"

namespace till::service {
namespace {

constexpr std::string_view kCookie = "till_operator";

std::string cookie(std::string_view value, std::int64_t max_age_s, bool secure) {
  return std::string(kCookie) + "=" + std::string(value) +
         "; Path=/operator; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(max_age_s) +
         (secure ? "; Secure" : "");
}

// The value of our cookie; empty when there is none.
std::string_view read_cookie(std::string_view header) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = trim(header.substr(0, end));
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('='))
      return pair.substr(kCookie.size() + 1);
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

}  // namespace

Result<Sessions> Sessions::create(const Secret& token) {
  TILL_ASSIGN(HmacKey key, HmacKey::create(HmacHash::kSha256, token));
  return Sessions(std::move(key));
}

std::string Sessions::seal(std::string_view purpose, std::string_view text) const {
  return hex_encode(key_.sign_parts(std::array<std::string_view, 3>{purpose, "\n", text}).bytes());
}

// "END.NONCE.SEAL": when it is over, in milliseconds, and a nonce that makes each one its own.
std::string Sessions::begin(UnixMillis now_ms, bool secure) const {
  const std::string session = std::to_string(now_ms + kSessionMs) + "." + hex_encode(random_bytes(8));
  return cookie(session + "." + seal("till operator session", session), kSessionMs / 1000, secure);
}

std::string Sessions::end(bool secure) { return cookie("", 0, secure); }

std::optional<std::string> Sessions::find(const http::InboundRequest& request, UnixMillis now_ms) const {
  const auto header = request.headers.find("Cookie");
  const std::string_view value = header ? read_cookie(*header) : std::string_view();
  const std::size_t dot = value.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view session = value.substr(0, dot);
  if (!constant_time_equal(value.substr(dot + 1), seal("till operator session", session))) return std::nullopt;
  UnixMillis end_ms = 0;
  std::from_chars(session.data(), session.data() + session.size(), end_ms);
  if (end_ms <= now_ms) return std::nullopt;
  return std::string(session);
}

std::string Sessions::form_token(std::string_view session) const { return seal("till operator form", session); }

bool Sessions::is_form_token(std::string_view session, std::string_view token) const {
  return constant_time_equal(token, form_token(session));
}

}  // namespace till::service
