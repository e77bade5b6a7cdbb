#include "core/http/message.h"

#include <algorithm>
#include <array>

#include "core/base/ascii.h"
#include "core/http/syntax.h"
#include "core/http/target.h"

namespace till::http {
namespace {

constexpr std::size_t kMaxRequestFields = 128;
constexpr std::size_t kMaxFieldBytes = 32 * 1024;

// Fields that say how the message is framed or what happens to the connection: the client's own business.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 9> kReserved = {
      "Transfer-Encoding", "Connection",       "Keep-Alive",         "Upgrade", "Expect", "TE",
      "Trailer",           "Proxy-Connection", "Proxy-Authorization"};
  return std::any_of(kReserved.begin(), kReserved.end(), [&](std::string_view one) { return same_word(name, one); });
}

Status check_field(const Headers::Field& field) {
  const std::string &name = field.first, &value = field.second;
  const auto refuse = [&](std::string problem) { return invalid_request("$.headers." + name, std::move(problem)); };
  if (!is_token(name)) return invalid_request("$.headers", "a header's name is not a token");
  if (!is_field_value(value)) return refuse("the header's value has a control character");
  if (name.size() + value.size() > kMaxFieldBytes) return refuse("the header is longer than 32 KiB");
  if (is_reserved(name)) return refuse("this header is set by the client only");
  return {};
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  auto is_it = [&](const Field& field) { return same_word(field.first, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), is_it);
  if (first == fields_.end()) {
    add(std::string(name), std::move(value));
    return;
  }
  first->second = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(), is_it), fields_.end());
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (same_word(field.first, name)) return field.second;
  }
  return std::nullopt;
}

namespace {

Status check_headers(const Request& request) {
  if (request.headers.size() > kMaxRequestFields) return invalid_request("$.headers", "more than 128 headers");
  int hosts = 0, lengths = 0;
  for (const auto& field : request.headers) {
    TILL_TRY(check_field(field));
    if (same_word(field.first, "Host") && ++hosts > 1) {
      return invalid_request("$.headers.Host", "the Host header is there twice");
    }
    if (!same_word(field.first, "Content-Length")) continue;
    if (++lengths > 1 || field.second != std::to_string(request.body.size())) {
      return invalid_request("$.headers.Content-Length", "the Content-Length header is not the body's length");
    }
  }
  return {};
}

}  // namespace

Result<Target> check_and_parse(const Request& request) {
  if (!is_token(request.method)) return invalid_request("$.method", "the method is not a token");
  if (request.method == "CONNECT" || request.method == "TRACE") {
    return invalid_request("$.method", "CONNECT and TRACE are not for callers");
  }
  TILL_TRY(check_headers(request));
  return parse_target(request.url);
}

Status check_request(const Request& request) {
  TILL_TRY(check_and_parse(request));
  return {};
}

bool is_loopback_host(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (same_word(host, "localhost") || host == "::1") return true;
  // Four decimal numbers of which the first is 127; "127.1" and "0x7f.0.0.1" are names to us, not addresses.
  int parts = 0;
  while (true) {
    const auto dot = host.find('.');
    const auto part = host.substr(0, dot);
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part.front() == '0')) return false;
    int number = 0;
    for (const char c : part) {
      if (c < '0' || c > '9') return false;
      number = number * 10 + (c - '0');
    }
    if (number > 255 || (parts == 0 && number != 127)) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace till::http
