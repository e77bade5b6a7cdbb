// Kinds, curves and sizes of keys: see evp_key.h.
#include "core/crypto/evp_key.h"

#include <string>
#include <string_view>

namespace till::evp {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;

bool is_on(const EVP_PKEY* key, Curve curve) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 &&
         std::string_view(name) == curve_name(curve);
}

}  // namespace

const char* curve_name(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return "prime256v1";
    case Curve::kP521:
      return "secp521r1";
    case Curve::kSecp256k1:
      return "secp256k1";
  }
  return "";
}

std::size_t coordinate_bytes(Curve curve) { return curve == Curve::kP521 ? 66 : 32; }

bool fits(const EVP_PKEY* key, SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPkcs1Sha256:
    case SignatureAlgorithm::kRsaPkcs1Sha512:
      return EVP_PKEY_is_a(key, "RSA") == 1;
    case SignatureAlgorithm::kEcdsaP256Sha256Der:
    case SignatureAlgorithm::kEcdsaP256Sha256Raw:
      return is_on(key, Curve::kP256);
    case SignatureAlgorithm::kEcdsaP521Sha512Raw:
      return is_on(key, Curve::kP521);
    case SignatureAlgorithm::kEcdsaSecp256k1Sha256Der:
      return is_on(key, Curve::kSecp256k1);
    case SignatureAlgorithm::kEd25519:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
  }
  return false;
}

const EVP_MD* hash_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPkcs1Sha512:
    case SignatureAlgorithm::kEcdsaP521Sha512Raw:
      return EVP_sha512();
    case SignatureAlgorithm::kEd25519:
      return nullptr;
    default:
      return EVP_sha256();
  }
}

Status check_size(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA") && (bits < kMinRsaBits || bits > kMaxRsaBits))
    return configuration_error("", "an RSA key has 2048 to 8192 bits; this one has " + std::to_string(bits));
  return {};
}

}  // namespace till::evp
