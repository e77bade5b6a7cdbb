// Verifier: says whether a webhook is from whom it claims to be, by a scheme and its secrets. Pure: no clock, no store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/webhook/keyring.h"
#include "core/webhook/request.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

class Reading;
struct SignedParts;

// What a webhook that is not refused has proved. Two results: who sent it, and whether what it says may be believed.
struct Verified {
  enum class Signature { kValid, kToken, kNone };
  enum class Trust {
    kSigned,   // the signature binds the whole body
    kRefetch,  // a hint: ask the sender for the truth before anything changes
  };
  Signature signature = Signature::kNone;
  Trust trust = Trust::kRefetch;
  std::size_t key_index = 0;  // which of the secrets, from 0; without meaning for kNone
  std::string key_id;         // its id, if it has one
  std::optional<UnixMillis> signed_at;
  std::string dedupe_key;  // the same for the same event, from signed bytes only; empty: the scheme has none
};

// "valid", "token", "none"; "signed", "refetch".
std::string_view signature_name(Verified::Signature signature);
std::string_view trust_name(Verified::Trust trust);

// Move-only; any thread may verify with it at the same time.
class Verifier {
 public:
  // kConfiguration: a secret is empty, missing or in the wrong form. `tolerance_ms` stands in for the scheme's window
  // on both sides; kConfiguration when it is negative or when the scheme has no time.
  static Result<Verifier> create(Scheme scheme, std::vector<SecretText> secrets,
                                 std::optional<std::int64_t> tolerance_ms = std::nullopt);

  // Judges at the time of receipt. Errors: kWebhookRejected with a reason of reason.h; kInvalidRequest when the caller
  // left out the URL or the method that the scheme needs. The same request gives the same answer each time.
  Result<Verified> verify(const Request& request, UnixMillis received_at) const;

  const Scheme& scheme() const { return scheme_; }
  const Keyring& keys() const { return keys_; }

 private:
  Verifier(Scheme scheme, Keyring keys) : scheme_(std::move(scheme)), keys_(std::move(keys)) {}
  Result<std::size_t> find_token(const Reading& reading, UnixMillis received_at) const;
  Result<std::size_t> find_signer(const Reading& reading, SignedParts& parts, UnixMillis received_at) const;
  void name_key(std::size_t index, Verified& out) const;

  Scheme scheme_;
  Keyring keys_;
};

}  // namespace till::webhook
