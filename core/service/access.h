// Access: who may use the api.
#pragma once

#include <string_view>

#include "core/crypto/secret.h"
#include "core/http/request_reader.h"

namespace till::service {

// Whether the request brings "Authorization: Bearer TOKEN", once, with this token. In constant time.
bool has_token(const http::InboundRequest& request, const Secret& token);

}  // namespace till::service
