// Keyring: the secrets of one webhook, decoded once, each with its id and its time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/crypto/hmac.h"
#include "core/crypto/public_key.h"
#include "core/crypto/secret.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

// A secret as the shop has it: a signing secret, a token or a public key, as text.
struct SecretText {
  Secret text;
  std::string id{};                        // the sender's name for the key; empty: any
  std::optional<UnixMillis> not_before{};  // in force from here on
  std::optional<UnixMillis> not_after{};   // ... up to and with here
};

// The crypto room's name for the algorithm of a public key.
SignatureAlgorithm signature_algorithm(Algorithm algorithm);

// One decoded secret. Move-only; any thread may verify with it at the same time.
class Key {
 public:
  // kConfiguration, with `place` as the field, for an empty secret, one in another form than the scheme's, and a public
  // key where a shared secret belongs. No message repeats it.
  static Result<Key> create(const Scheme& scheme, SecretText secret, const std::string& place);

  const std::string& id() const { return id_; }
  bool in_force(UnixMillis now) const;
  // Whether it may have made a signature that names this key; an empty name fits every key, and a key without an id
  // any.
  bool answers_to(std::string_view key_id) const { return key_id.empty() || id_.empty() || id_ == key_id; }

  // HMAC: the code of the pieces. Only for schemes that have one.
  Mac mac(std::span<const std::string_view> pieces) const { return hmac_->sign_parts(pieces); }
  // Public keys: whether the signature is that of the message.
  bool verify(SignatureAlgorithm algorithm, std::string_view message, std::string_view signature) const {
    return public_key_->verify(algorithm, message, signature);
  }
  // Plain hashes and tokens: the secret itself.
  std::string_view reveal() const { return secret_.reveal(); }

 private:
  Key() = default;
  Status decode(const Scheme& scheme, Secret text);

  std::string id_;
  std::optional<UnixMillis> not_before_, not_after_;
  std::optional<HmacKey> hmac_;
  std::optional<PublicKey> public_key_;
  Secret secret_;
};

using Keyring = std::vector<Key>;

// kConfiguration when there are none or more than kMaxWebhookSecrets, or when one is no good. A scheme that verifies
// nothing takes none.
Result<Keyring> make_keyring(const Scheme& scheme, std::vector<SecretText> secrets);

}  // namespace till::webhook
