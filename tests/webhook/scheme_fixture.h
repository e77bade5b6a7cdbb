// Schemes, requests and verifiers for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/webhook/schemes.h"
#include "core/webhook/verifier.h"

namespace till::webhook {

// A request that owns its bytes.
struct Sent {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string url{}, method{};

  template <class Use>
  auto as_request(Use use) const {
    const std::vector<Header> views(headers.begin(), headers.end());
    return use(Request{.headers = views, .body = body, .url = url, .method = method});
  }
  std::string& header(std::string_view name) {
    for (auto& [known, value] : headers)
      if (known == name) return value;
    return headers.emplace_back(name, "").second;
  }
};

inline std::vector<SecretText> secrets_of(const std::vector<std::string>& texts) {
  std::vector<SecretText> out;
  for (const std::string& text : texts) out.push_back({.text = Secret(text)});
  return out;
}

// The verifier of a named scheme, or of a scheme as JSON.
inline Verifier verifier_of(std::string_view scheme, const std::vector<std::string>& secrets) {
  auto parsed = scheme.starts_with('{') ? parse_scheme(scheme) : find_scheme(scheme);
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
  auto verifier = Verifier::create(std::move(parsed).value(), secrets_of(secrets));
  EXPECT_TRUE(verifier.ok()) << (verifier.ok() ? "" : verifier.error().message);
  return std::move(verifier).value();
}

inline Result<Verified> verify(const Verifier& verifier, const Sent& sent, UnixMillis received_at) {
  return sent.as_request([&](const Request& request) { return verifier.verify(request, received_at); });
}

// "" when it is accepted, else the reason; another error's code in angle brackets.
inline std::string reason_of(const Result<Verified>& verdict) {
  if (verdict.ok()) return "";
  if (verdict.error().kind == ErrorKind::kWebhookRejected) return verdict.error().reason;
  return "<" + verdict.error().code + ">";
}

}  // namespace till::webhook
