// What must hold for any scheme and any request.
//
// An input is a scheme's name or JSON, then a line with only "%%", then header lines ("name: value"), an empty line,
// and the body.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/webhook/explain.h"
#include "core/webhook/json_forms.h"
#include "core/webhook/verifier.h"
#include "tests/fuzz/properties.h"

namespace till::fuzz {

inline constexpr UnixMillis kFuzzTime = 1'614'265'330'000;

inline std::string_view take_until(std::string_view& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + mark.size());
  return taken;
}

inline std::vector<webhook::Header> take_headers(std::string_view& text) {
  std::vector<webhook::Header> out;
  while (!text.empty()) {
    const std::string_view line = take_until(text, "\n");
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return out;
}

// A refusal is a refusal, with a reason; the only other error is a URL or method that was not given. What is accepted
// without a good signature is never trusted.
inline void check_verdict(const webhook::Verifier& verifier, const webhook::Request& request) {
  const auto verdict = verifier.verify(request, kFuzzTime);
  const auto again = verifier.verify(request, kFuzzTime);
  require(verdict.ok() == again.ok(), "the same request has the same verdict");
  static_cast<void>(webhook::explain(verifier, request, kFuzzTime));
  if (!verdict.ok()) {
    const Error& error = verdict.error();
    const bool is_refusal = error.kind == ErrorKind::kWebhookRejected && !error.reason.empty();
    const bool is_callers = error.kind == ErrorKind::kInvalidRequest && error.field.starts_with('$');
    require(is_refusal || is_callers, "hostile input is refused and nothing else");
    return;
  }
  require(verdict->signature == webhook::Verified::Signature::kValid ||
              verdict->trust == webhook::Verified::Trust::kRefetch,
          "what is not signed is not trusted");
  require(json::parse(webhook::verified_json(verifier.scheme(), *verdict)).ok(), "a verdict is JSON");
}

inline void check_webhook(std::string_view bytes) {
  const std::string_view scheme_text = take_until(bytes, "\n%%\n");
  const auto scheme = webhook::read_scheme_text(scheme_text);
  if (!scheme.ok()) {
    const Error& error = scheme.error();
    require(error.kind == ErrorKind::kConfiguration || error.kind == ErrorKind::kNotFound,
            "a bad scheme is configuration");
    require(error.field.starts_with('$'), "an error has a place");
    return;
  }
  const auto headers = take_headers(bytes);
  const webhook::Request request{
      .headers = headers, .body = bytes, .url = "https://shop.example/hook?data.id=1", .method = "POST"};
  for (const std::string_view secret : {"secret", "7365637265740a0b", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    std::vector<webhook::SecretText> secrets;
    if (scheme->method != webhook::Scheme::Method::kRefetch) secrets.push_back({.text = Secret(secret)});
    const auto verifier = webhook::Verifier::create(*scheme, std::move(secrets));
    if (verifier.ok()) check_verdict(*verifier, request);
  }
}

}  // namespace till::fuzz
