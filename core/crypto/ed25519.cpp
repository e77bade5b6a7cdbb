// Ed25519 through OpenSSL's EVP interface: see ed25519.h.
#include "core/crypto/ed25519.h"

#include <openssl/evp.h>

#include <memory>

#include "core/base/encoding.h"
#include "core/base/random.h"

namespace till {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key private_key(const Secret& key) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(key.reveal()), key.size()));
}

}  // namespace

Result<Ed25519Key> Ed25519Key::from_bytes(Secret bytes) {
  Ed25519Key out(std::move(bytes));
  const Key key = private_key(out.key_);
  out.public_key_.resize(kEd25519KeyBytes);
  std::size_t size = out.public_key_.size();
  auto* place = reinterpret_cast<unsigned char*>(out.public_key_.data());
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), place, &size) != 1 || size != kEd25519KeyBytes)
    return internal_error("OpenSSL offers no Ed25519");
  return out;
}

Result<Ed25519Key> Ed25519Key::from_hex(const Secret& hex) {
  auto bytes = hex_decode(hex.reveal());
  if (!bytes.ok() || bytes->size() != kEd25519KeyBytes)
    return configuration_error("", "an Ed25519 private key is 64 hexadecimal digits");
  Secret key(*bytes);
  wipe(*bytes);
  return from_bytes(std::move(key));
}

Result<Ed25519Key> Ed25519Key::generate() {
  std::string bytes = random_bytes(kEd25519KeyBytes);
  Secret key(bytes);
  wipe(bytes);
  return from_bytes(std::move(key));
}

Secret Ed25519Key::hex() const {
  std::string text = hex_encode(key_.reveal());
  Secret out(text);
  wipe(text);
  return out;
}

Result<std::string> Ed25519Key::sign(std::string_view message) const {
  const Key key = private_key(key_);
  const Context context(EVP_MD_CTX_new());
  std::string signature(kEd25519SignatureBytes, '\0');
  std::size_t size = signature.size();
  auto* place = reinterpret_cast<unsigned char*>(signature.data());
  if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), place, &size, bytes_of(message), message.size()) != 1)
    return internal_error("OpenSSL could not sign with Ed25519");
  return signature;
}

bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != kEd25519KeyBytes || signature.size() != kEd25519SignatureBytes) return false;
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()));
  const Context context(EVP_MD_CTX_new());
  return key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace till
