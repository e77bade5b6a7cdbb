// Html: text that is put together from parts which cannot break out of their place.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace till::service {

// Text as it may stand between tags and in quoted attributes.
std::string escaped(std::string_view text);

// A page that grows. raw() takes what this source says, text() what anybody says.
class Html {
 public:
  Html& raw(std::string_view markup) { return out_.append(markup), *this; }
  Html& text(std::string_view any) { return out_.append(escaped(any)), *this; }
  // <tag class="...">text</tag>; no class when it is empty.
  Html& element(std::string_view tag, std::string_view any, std::string_view css_class = {});
  // <a href="...">text</a>; `href` is escaped, and its parts are percent_encode()d by the caller.
  Html& link(std::string_view href, std::string_view any);
  // A table cell with its column's name, which small screens show.
  Html& cell(std::string_view name, std::string_view any, std::string_view css_class = {});
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace till::service
