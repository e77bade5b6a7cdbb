// Forms (application/x-www-form-urlencoded) as they stand in bodies and queries.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace till::webhook {

using FormFields = std::vector<std::pair<std::string, std::string>>;

// Names and values, decoded, in their order. nullopt for a broken percent sign or more than 2,000 fields.
std::optional<FormFields> parse_form(std::string_view text);

}  // namespace till::webhook
