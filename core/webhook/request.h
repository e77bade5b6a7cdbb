// A request as it came to a webhook's address: raw bytes, borrowed.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace till::webhook {

using Header = std::pair<std::string_view, std::string_view>;

struct Request {
  std::span<const Header> headers;  // names in any case, in the order in which they came
  std::string_view body;            // as it came, before any parser
  // Both from the shop's configuration and never from a Host header; empty: not known. Some schemes need them.
  std::string_view url{};
  std::string_view method{};
};

}  // namespace till::webhook
