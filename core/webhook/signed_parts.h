// What is signed, put together from a scheme's pieces. Inside the room only.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/webhook/bounded.h"
#include "core/webhook/reading.h"

namespace till::webhook {

// A view of each piece, in order; as if they were one text. Where the secret stands among them, a plain hash of it has
// an empty view, and `secret_at` says where.
struct SignedParts {
  Bounded<std::string_view, kMaxSignedPieces> pieces;
  Bounded<std::size_t, kMaxSignedPieces> secret_at;
  Bounded<const Piece*, kMaxSignedPieces> made_from;  // beside `pieces`; nullptr for what a JWS puts around them
};

// Fills `parts`, which live as long as the reading and its request. A JWS's own frame (header, dots, base64url) is
// around them. Errors: refusals, or kInvalidRequest for what the caller left out.
Status fill_signed_parts(Reading& reading, SignedParts& parts);

}  // namespace till::webhook
