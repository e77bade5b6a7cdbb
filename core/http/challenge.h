// Challenge: which ways to authenticate a 401 reply offers (RFC 9110, section 11.6.1).
#pragma once

#include <string_view>

#include "core/http/message.h"

namespace till::http {

// True when a WWW-Authenticate field has a challenge of this scheme, "Basic" for example; schemes compare without case.
bool offers_scheme(const Headers& headers, std::string_view scheme);

}  // namespace till::http
