// Expanding path templates: see path_template.h.
#include "core/plugin/path_template.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/plugin/handle.h"
#include "core/plugin/plain_text.h"
#include "core/plugin/request_builder.h"

namespace till::plugin {
namespace {

constexpr std::string_view kSecretPrefix = "secret.";

Error path_error(std::string_view path, const std::string& problem) {
  return plugin_error("script_error", "path \"" + plain_text(path, 100) + "\" " + problem);
}

bool is_literal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/:").find(c) != std::string_view::npos;
}

bool is_dots(std::string_view text) { return text == "." || text == ".."; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Status append_value(std::string_view path, std::string_view name, const json::Value* value, std::string& out) {
  const std::string shown = "{" + plain_text(name, 60) + "}";
  if (value == nullptr || value->is_null()) return path_error(path, "has no value for " + shown + " in opts.path");
  const std::string* text = value->string();
  if (text == nullptr && value->as_integer()) text = &value->number()->text;
  if (text == nullptr) return path_error(path, "takes a string or an integer for " + shown);
  if (is_handle(*text)) return out += *text, Status();
  if (text->empty() || is_dots(*text) || has_control(*text))
    return path_error(path, "takes no empty value, \".\", \"..\" or control character for " + shown);
  if (find_handle(*text))
    return plugin_error("script_output", "opts.path: a card number or secret can only be passed on whole");
  percent_encode(*text, out);
  return {};
}

Status append_name(const Manifest& manifest, std::string_view path, std::string_view name, const json::Value& values,
                   std::string& out) {
  if (!name.starts_with(kSecretPrefix)) return append_value(path, name, values.find(name), out);
  const std::string_view secret = name.substr(kSecretPrefix.size());
  const auto& allowed = manifest.path_secrets;
  if (std::find(allowed.begin(), allowed.end(), secret) == allowed.end())
    return path_error(path, "names a secret that is not in the manifest's path_secrets");
  out.append("{").append(name).append("}");
  return {};
}

Status check_segments(std::string_view path, std::string_view expanded) {
  std::size_t begin = 1;
  while (begin <= expanded.size()) {
    const std::size_t end = std::min(expanded.find('/', begin), expanded.size());
    const std::string_view segment = expanded.substr(begin, end - begin);
    if (is_dots(segment) || (segment.empty() && end != expanded.size()))
      return path_error(path, "has an empty, \".\" or \"..\" segment");
    begin = end + 1;
  }
  return {};
}

}  // namespace

Result<std::string> expand_path(const Manifest& manifest, std::string_view path, const json::Value& values) {
  if (!path.starts_with('/')) return path_error(path, "does not begin with \"/\"");
  std::string out;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '{') {
      const std::size_t end = path.find('}', at);
      if (end == std::string_view::npos) return path_error(path, "has a \"{\" without \"}\"");
      TILL_TRY(append_name(manifest, path, path.substr(at + 1, end - at - 1), values, out));
      at = end;
    } else if (is_literal(path[at])) {
      out += path[at];
    } else {
      return path_error(path,
                        "may hold letters, digits and -._~/: only; pass values as {name} and queries as opts.query");
    }
    if (out.size() > kMaxPathBytes) return path_error(path, "is too long");
  }
  TILL_TRY(check_segments(path, out));
  return out;
}

}  // namespace till::plugin
