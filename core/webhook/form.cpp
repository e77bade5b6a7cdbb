// Reading forms: see form.h.
#include "core/webhook/form.h"

#include <algorithm>
#include <cstddef>

#include "core/base/encoding.h"

namespace till::webhook {
namespace {

constexpr std::size_t kMaxFields = 2'000;

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto byte = hex_decode(text.substr(i + 1, 2));
    if (!byte.ok() || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<FormFields> parse_form(std::string_view text) {
  FormFields out;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    if (field.empty()) continue;
    const std::string_view name = field.substr(0, field.find('='));
    auto decoded_name = decode(name);
    auto value = decode(field.substr(std::min(name.size() + 1, field.size())));
    if (!decoded_name || !value || out.size() == kMaxFields) return std::nullopt;
    out.emplace_back(*std::move(decoded_name), *std::move(value));
  }
  return out;
}

}  // namespace till::webhook
