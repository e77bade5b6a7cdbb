#include "core/service/html.h"

namespace till::service {

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

Html& Html::element(std::string_view tag, std::string_view any, std::string_view css_class) {
  raw("<").raw(tag);
  if (!css_class.empty()) raw(" class=\"").text(css_class).raw("\"");
  return raw(">").text(any).raw("</").raw(tag).raw(">");
}

Html& Html::link(std::string_view href, std::string_view any) {
  return raw("<a href=\"").text(href).raw("\">").text(any).raw("</a>");
}

Html& Html::cell(std::string_view name, std::string_view any, std::string_view css_class) {
  raw("<td data-name=\"").text(name).raw("\"");
  if (!css_class.empty()) raw(" class=\"").text(css_class).raw("\"");
  return raw(">").text(any).raw("</td>");
}

}  // namespace till::service
