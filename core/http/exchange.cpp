#include "core/http/exchange.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace till::http {
namespace {

constexpr std::int64_t kMaxTimeoutMs = 24 * 3600 * 1000;
// What is begun has at least this part of its time left: less would surely end as unknown.
constexpr int kLeastShare = 10;

void append_field(std::string& wire, std::string_view name, std::string_view value) {
  wire.append(name).append(": ").append(value).append("\r\n");
}

// A request that could have a body says so even when it is empty (RFC 9110, section 8.6).
bool needs_length(const Request& request) {
  if (request.headers.find("Content-Length")) return false;
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

std::string lay_out(const Request& request, const Target& target, std::string_view user_agent) {
  std::size_t size = request.method.size() + target.path.size() + target.host.size() + user_agent.size() + 96;
  for (const auto& [name, value] : request.headers) size += name.size() + value.size() + 4;
  std::string wire;
  wire.reserve(size + request.body.size());
  wire.append(request.method).append(" ").append(target.path).append(" HTTP/1.1\r\n");
  if (!request.headers.find("Host")) append_field(wire, "Host", target.authority(false));
  for (const auto& [name, value] : request.headers) append_field(wire, name, value);
  if (!user_agent.empty() && !request.headers.find("User-Agent")) append_field(wire, "User-Agent", user_agent);
  if (needs_length(request)) append_field(wire, "Content-Length", std::to_string(request.body.size()));
  wire.append("\r\n").append(request.body);
  return wire;
}

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace

Exchange::~Exchange() { wipe(wire); }

Result<std::unique_ptr<Exchange>> make_exchange(Request request, const SendOptions& options,
                                                std::string_view user_agent) {
  auto made = std::make_unique<Exchange>();
  TILL_ASSIGN(made->target, check_and_parse(request));
  made->origin = made->target.origin();
  made->wire = lay_out(request, made->target, user_agent);
  made->method = std::move(request.method);
  made->repeatable = options.repeatable;
  made->once = options.once;
  made->attempts_left = std::max(1, options.max_attempts);
  const auto timeout = std::chrono::milliseconds(std::clamp<std::int64_t>(options.timeout_ms, 0, kMaxTimeoutMs));
  made->deadline = std::chrono::steady_clock::now() + timeout;
  made->latest_start = made->deadline - timeout / kLeastShare;
  wipe(request.body);
  return made;
}

}  // namespace till::http
