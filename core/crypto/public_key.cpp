// Public keys through OpenSSL's EVP interface: see public_key.h.
#include "core/crypto/public_key.h"

#include <openssl/pem.h>

#include <cstddef>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/crypto/evp_key.h"

namespace till {
namespace {

using evp::CleanErrors;
using evp::coordinate_bytes;
using evp::Owned;

Owned<BIGNUM> number_of(std::string_view big_endian) {
  return Owned<BIGNUM>(BN_bin2bn(byte_span(big_endian).data(), static_cast<int>(big_endian.size()), nullptr));
}

// The key of the given type that the parameters describe, or nullptr.
EVP_PKEY* key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return key;
}

// r and s as the DER form that OpenSSL verifies; empty when the size is wrong.
std::string der_of(std::string_view raw, Curve curve) {
  const std::size_t half = coordinate_bytes(curve);
  if (raw.size() != 2 * half) return {};
  Owned<BIGNUM> r = number_of(raw.substr(0, half)), s = number_of(raw.substr(half));
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out;
  if (size > 0) out.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

void PublicKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PublicKey> PublicKey::checked(evp_pkey_st* key) {
  Handle handle(key);
  if (!handle) return configuration_error("", "not a public key in this form");
  TILL_TRY(evp::check_size(key));
  return PublicKey(std::move(handle));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const CleanErrors clean;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return internal_error("OpenSSL has no memory for a key");
  if (pem.find("BEGIN CERTIFICATE") == pem.npos)
    return checked(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  const Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return checked(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

Result<PublicKey> PublicKey::from_spki(std::string_view der) {
  const CleanErrors clean;
  const unsigned char* at = byte_span(der).data();
  const unsigned char* const end = at + der.size();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  if (key != nullptr && at != end) {
    EVP_PKEY_free(key);
    key = nullptr;
  }
  return checked(key);
}

Result<PublicKey> PublicKey::from_rsa(std::string_view modulus, std::string_view exponent) {
  const CleanErrors clean;
  const Owned<BIGNUM> n = number_of(modulus), e = number_of(exponent);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return internal_error("OpenSSL has no memory for a key");
  return checked(key_from("RSA", builder.get()));
}

Result<PublicKey> PublicKey::from_point(Curve curve, std::string_view x, std::string_view y) {
  const CleanErrors clean;
  if (x.size() != coordinate_bytes(curve) || y.size() != coordinate_bytes(curve)) return checked(nullptr);
  std::string point("\x04");
  point.append(x).append(y);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, evp::curve_name(curve), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return internal_error("OpenSSL has no memory for a key");
  return checked(key_from("EC", builder.get()));
}

Result<PublicKey> PublicKey::from_ed25519(std::string_view bytes) {
  const CleanErrors clean;
  return checked(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, byte_span(bytes).data(), bytes.size()));
}

bool PublicKey::fits(SignatureAlgorithm algorithm) const { return evp::fits(key_.get(), algorithm); }

bool PublicKey::verify(SignatureAlgorithm algorithm, std::string_view message, std::string_view signature) const {
  const CleanErrors clean;
  if (!fits(algorithm)) return false;
  std::string der;
  if (algorithm == SignatureAlgorithm::kEcdsaP256Sha256Raw) signature = der = der_of(signature, Curve::kP256);
  if (algorithm == SignatureAlgorithm::kEcdsaP521Sha512Raw) signature = der = der_of(signature, Curve::kP521);
  if (signature.empty()) return false;
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, evp::hash_of(algorithm), nullptr, key_.get()) != 1)
    return false;
  const auto bytes = byte_span(signature), text = byte_span(message);
  return EVP_DigestVerify(context.get(), bytes.data(), bytes.size(), text.data(), text.size()) == 1;
}

}  // namespace till
