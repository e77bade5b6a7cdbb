// Form: the fields of an application/x-www-form-urlencoded body (WHATWG URL, section 5.1).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace till {

using FormFields = std::vector<std::pair<std::string, std::string>>;

// In their order; a percent sign that begins no escape stands for itself.
FormFields form_fields(std::string_view body);

}  // namespace till
