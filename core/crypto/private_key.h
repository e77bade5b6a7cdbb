// Private keys and the signatures that they make, by OpenSSL: the other side of public_key.h, for tools that play a
// sender. Payments are not signed with these.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/public_key.h"
#include "core/crypto/secret.h"

struct evp_pkey_st;

namespace till {

// One private key. Move-only; any thread may sign with it at the same time. OpenSSL wipes it when it goes.
class PrivateKey {
 public:
  // "-----BEGIN PRIVATE KEY-----", or the older form of its kind. kConfiguration, code "configuration", when the text
  // is no such key, when it is encrypted (nobody is asked for a password), and for RSA below 2,048 or beyond 8,192
  // bits. No message repeats it.
  static Result<PrivateKey> from_pem(const Secret& pem);
  // The 32 bytes that RFC 8032 calls the private key. kConfiguration for any other size.
  static Result<PrivateKey> from_ed25519(std::string_view bytes);

  // The signature of the message in the algorithm's form. kConfiguration when the key is of another kind or on another
  // curve than the algorithm needs. RSA and Ed25519 give the same bytes each time, ECDSA others.
  Result<std::string> sign(SignatureAlgorithm algorithm, std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  explicit PrivateKey(Handle key) : key_(std::move(key)) {}

  Handle key_;
};

}  // namespace till
