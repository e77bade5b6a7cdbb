// Decoding secrets: see keyring.h.
#include "core/webhook/keyring.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/base/limits.h"
#include "core/crypto/digest.h"
#include "core/json/json.h"
#include "core/json/path.h"

namespace till::webhook {
namespace {

constexpr std::size_t kMaxSecretBytes = 16 * kKiB;

Error no_good(std::string_view what) { return configuration_error("", std::string(what)); }

// The secret's bytes; the text they were decoded from is wiped by its owner.
Result<Secret> owned(Result<std::string> bytes, std::string_view form) {
  if (!bytes.ok() || bytes->empty()) return no_good("the secret is not " + std::string(form));
  Secret out(*bytes);
  wipe(*bytes);
  return out;
}

Result<Secret> decode_bytes(KeyForm form, std::string_view text) {
  switch (form) {
    case KeyForm::kHex:
      return owned(hex_decode(text), "hexadecimal digits");
    case KeyForm::kBase64:
      return owned(base64_decode(text), "base64");
    case KeyForm::kWhsec:
      for (const std::string_view prefix : {"whsec_", "whpk_"})
        if (text.starts_with(prefix))
          return owned(base64_decode(text.substr(prefix.size())), "base64 after its prefix");
      return owned(base64_decode(text), "base64, with or without whsec_ before it");
    case KeyForm::kSha1:
      return Secret(byte_view(sha1(text)));
    default:
      return Secret(text);
  }
}

// A member of a JWK, decoded.
Result<std::string> jwk_bytes(const json::Value& jwk, std::string_view name) {
  const auto text = jwk.find_string(name);
  if (!text) return no_good("the JWK lacks the member `" + std::string(name) + "`");
  auto bytes = base64url_decode(*text);
  if (!bytes.ok()) return no_good("the JWK's member `" + std::string(name) + "` is not base64url");
  return bytes;
}

Result<PublicKey> jwk_point(const json::Value& jwk, Curve curve) {
  TILL_ASSIGN(const std::string x, jwk_bytes(jwk, "x"));
  TILL_ASSIGN(const std::string y, jwk_bytes(jwk, "y"));
  return PublicKey::from_point(curve, x, y);
}

Result<PublicKey> read_jwk(std::string_view text, std::string& id) {
  const auto jwk = json::parse(text, {.max_depth = 4});
  if (!jwk.ok() || !jwk->object()) return no_good("the key is no JWK: a JSON object");
  if (jwk->find("d") || jwk->find("k")) return no_good("the JWK holds a private key; give the public one");
  if (id.empty()) id = jwk->find_string("kid").value_or("");
  const std::string_view type = jwk->find_string("kty").value_or(""), curve = jwk->find_string("crv").value_or("");
  if (type == "RSA") {
    TILL_ASSIGN(const std::string n, jwk_bytes(*jwk, "n"));
    TILL_ASSIGN(const std::string e, jwk_bytes(*jwk, "e"));
    return PublicKey::from_rsa(n, e);
  }
  if (type == "EC" && curve == "P-256") return jwk_point(*jwk, Curve::kP256);
  if (type == "EC" && curve == "P-521") return jwk_point(*jwk, Curve::kP521);
  if (type == "EC" && curve == "secp256k1") return jwk_point(*jwk, Curve::kSecp256k1);
  if (type == "OKP" && curve == "Ed25519") {
    TILL_ASSIGN(const std::string x, jwk_bytes(*jwk, "x"));
    return PublicKey::from_ed25519(x);
  }
  return no_good("the JWK is no RSA, P-256, P-521, secp256k1 or Ed25519 key");
}

Result<PublicKey> read_public_key(KeyForm form, std::string_view text, std::string& id) {
  if (form == KeyForm::kPem) return PublicKey::from_pem(text);
  if (form == KeyForm::kJwk) return read_jwk(text, id);
  if (form == KeyForm::kSpki) {
    TILL_ASSIGN(const Secret der, decode_bytes(KeyForm::kBase64, text));
    return PublicKey::from_spki(der.reveal());
  }
  TILL_ASSIGN(const Secret bytes, decode_bytes(form, text));
  return PublicKey::from_ed25519(bytes.reveal());
}

HmacHash hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kHmacSha1:
      return HmacHash::kSha1;
    case Algorithm::kHmacSha384:
      return HmacHash::kSha384;
    case Algorithm::kHmacSha512:
      return HmacHash::kSha512;
    default:
      return HmacHash::kSha256;
  }
}

}  // namespace

SignatureAlgorithm signature_algorithm(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRsaPkcs1Sha256:
      return SignatureAlgorithm::kRsaPkcs1Sha256;
    case Algorithm::kRsaPkcs1Sha512:
      return SignatureAlgorithm::kRsaPkcs1Sha512;
    case Algorithm::kEcdsaP256Der:
      return SignatureAlgorithm::kEcdsaP256Sha256Der;
    case Algorithm::kEcdsaP256Raw:
      return SignatureAlgorithm::kEcdsaP256Sha256Raw;
    case Algorithm::kEcdsaP521Raw:
      return SignatureAlgorithm::kEcdsaP521Sha512Raw;
    case Algorithm::kEcdsaSecp256k1Der:
      return SignatureAlgorithm::kEcdsaSecp256k1Sha256Der;
    default:
      return SignatureAlgorithm::kEd25519;
  }
}

bool Key::in_force(UnixMillis now) const {
  return (!not_before_ || *not_before_ <= now) && (!not_after_ || now <= *not_after_);
}

Status Key::decode(const Scheme& scheme, Secret text) {
  const bool shared =
      scheme.method == Scheme::Method::kToken || is_hmac(scheme.algorithm) || is_plain_hash(scheme.algorithm);
  if (!shared) {
    TILL_ASSIGN(public_key_, read_public_key(scheme.key, text.reveal(), id_));
    if (!public_key_->fits(signature_algorithm(scheme.algorithm)))
      return no_good("the key is of another kind than the scheme's algorithm needs");
    return {};
  }
  // A public key is public: whoever knows it could sign with it.
  if (text.reveal().find("-----BEGIN") != std::string_view::npos)
    return no_good("this scheme has a shared secret, and this is a key or a certificate");
  if (scheme.method == Scheme::Method::kToken) {
    secret_ = std::move(text);
    return {};
  }
  TILL_ASSIGN(secret_, decode_bytes(scheme.key, text.reveal()));
  if (is_plain_hash(scheme.algorithm)) return {};
  TILL_ASSIGN(hmac_, HmacKey::create(hash_of(scheme.algorithm), secret_));
  secret_ = Secret();
  return {};
}

Result<Key> Key::create(const Scheme& scheme, SecretText secret, const std::string& place) {
  Key key;
  key.id_ = std::move(secret.id);
  key.not_before_ = secret.not_before;
  key.not_after_ = secret.not_after;
  // With an empty secret everybody can sign.
  if (secret.text.empty()) return configuration_error(place, "the secret is empty");
  if (secret.text.size() > kMaxSecretBytes) return configuration_error(place, "the secret is longer than 16 KiB");
  if (Status decoded = key.decode(scheme, std::move(secret.text)); !decoded.ok())
    return configuration_error(place, std::move(decoded).error().message);
  return key;
}

Result<Keyring> make_keyring(const Scheme& scheme, std::vector<SecretText> secrets) {
  Keyring out;
  const std::string place = "$.secrets";
  if (scheme.method == Scheme::Method::kRefetch) {
    if (!secrets.empty())
      return configuration_error(place, "nothing of this scheme can be verified: it takes no secret");
    return out;
  }
  if (secrets.empty()) return configuration_error(place, "there is no secret to verify with");
  if (secrets.size() > kMaxWebhookSecrets) return configuration_error(place, "there are more than 16 secrets");
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    TILL_ASSIGN(Key key, Key::create(scheme, std::move(secrets[i]), json::element_path(place, i)));
    out.push_back(std::move(key));
  }
  return out;
}

}  // namespace till::webhook
