// Text fit for messages: see plain_text.h.
#include "core/plugin/plain_text.h"

#include "core/base/utf8.h"

namespace till::plugin {

std::string plain_text(std::string_view text, std::size_t max_bytes) {
  std::string out;
  text = text.substr(0, max_bytes + 4);
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    out += text.substr(0, valid);
    if (valid == text.size()) break;
    out += '?';
    text.remove_prefix(valid + 1);
  }
  if (out.size() > max_bytes) out.resize(valid_utf8_prefix(std::string_view(out).substr(0, max_bytes)));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

}  // namespace till::plugin
