// Signing through OpenSSL's EVP interface: see private_key.h.
#include "core/crypto/private_key.h"

#include <openssl/pem.h>

#include <utility>

#include "core/base/bytes.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/evp_key.h"

namespace till {
namespace {

using evp::CleanErrors;
using evp::Owned;

// Without it OpenSSL would ask on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*given*/) { return -1; }

// The DER form that OpenSSL makes as r and s of the curve's size; empty when it is no such form.
std::string raw_of(std::string_view der, Curve curve) {
  const unsigned char* at = byte_span(der).data();
  const Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return {};
  const std::size_t half = evp::coordinate_bytes(curve);
  std::string out(2 * half, '\0');
  auto* place = reinterpret_cast<unsigned char*>(out.data());
  const int size = static_cast<int>(half);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), place, size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), place + half, size) != size)
    return {};
  return out;
}

std::string in_form(SignatureAlgorithm algorithm, std::string signature) {
  if (algorithm == SignatureAlgorithm::kEcdsaP256Sha256Raw) return raw_of(signature, Curve::kP256);
  if (algorithm == SignatureAlgorithm::kEcdsaP521Sha512Raw) return raw_of(signature, Curve::kP521);
  return signature;
}

}  // namespace

void PrivateKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PrivateKey> PrivateKey::from_pem(const Secret& pem) {
  const CleanErrors clean;
  const std::string_view text = pem.reveal();
  if (text.empty()) return configuration_error("", "the private key is empty");
  const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return internal_error("OpenSSL has no memory for a key");
  Handle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr));
  if (!key)
    return configuration_error("", text.find("ENCRYPTED") == text.npos
                                       ? "not a private key in PEM form: -----BEGIN PRIVATE KEY-----"
                                       : "the private key is encrypted: give it without its password");
  TILL_TRY(evp::check_size(key.get()));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::from_ed25519(std::string_view bytes) {
  const CleanErrors clean;
  Handle key(bytes.size() == kEd25519KeyBytes
                 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, byte_span(bytes).data(), bytes.size())
                 : nullptr);
  if (!key) return configuration_error("", "an Ed25519 private key has 32 bytes");
  return PrivateKey(std::move(key));
}

Result<std::string> PrivateKey::sign(SignatureAlgorithm algorithm, std::string_view message) const {
  const CleanErrors clean;
  if (!evp::fits(key_.get(), algorithm))
    return configuration_error("", "the key is of another kind than the algorithm needs");
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto text = byte_span(message);
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, evp::hash_of(algorithm), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, text.data(), text.size()) != 1)
    return internal_error("OpenSSL could not sign");
  std::string signature(size, '\0');
  auto* place = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), place, &size, text.data(), text.size()) != 1)
    return internal_error("OpenSSL could not sign");
  signature.resize(size);
  return in_form(algorithm, std::move(signature));
}

}  // namespace till
