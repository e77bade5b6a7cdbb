// Places: where a store is, as one text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/store/store.h"

namespace till {

// "postgresql://..." or "postgres://...".
bool is_postgres_place(std::string_view place);

// Opens the store at a file's path, "memory", or a PostgreSQL URL. kConfiguration for a URL of anything else.
Result<std::unique_ptr<Store>> open_store(const std::string& place);

// The place without the passwords that a URL may hold, for people to read. Any text; a place that is no URL is returned
// as it is.
std::string shown_store_place(std::string_view place);

}  // namespace till
