// Signing, verifying and HMAC beside the bare libraries under them.
//
// Sides are measured by turns within one run, and the ratio of their medians is printed at the end: absolute times
// differ from machine to machine, ratios hardly do. Exits 1 when signing costs more than 1.1 times the bare library.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <secp256k1.h>

#include <array>
#include <cstdlib>
#include <string>

#include "bench/median_reporter.h"
#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/digest.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/hmac.h"

namespace till {
namespace {

constexpr std::string_view kKeyHex = "31eb31ecf1a640cd91e0a1105501f36235f8c7d51d67dcf74ccc968d74cb6b25";
constexpr double kMaxSignRatio = 1.1;

// As long as a signed URL with its body is.
const std::string kMessage = "https://bitpay.com/api/MqA2wX15" + std::string(300, 'x');
const std::string kKilobyte(1024, 'x');

const SigningKey& signing_key() {
  static const SigningKey key = SigningKey::from_hex(Secret(kKeyHex)).value();
  return key;
}

secp256k1_context* bare_context() {
  static secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
  return context;
}

// What the bare side hashes with: prefetched, so that the comparison is about the wrapping and not about look-ups.
void bare_sha256(std::string_view message, unsigned char* digest) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static EVP_MD_CTX* const context = EVP_MD_CTX_new();
  if (EVP_DigestInit_ex2(context, algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context, message.data(), message.size()) != 1 ||
      EVP_DigestFinal_ex(context, digest, nullptr) != 1)
    std::abort();
}

void sign_bare(benchmark::State& state) {
  const std::string key = hex_decode(kKeyHex).value();
  for (auto _ : state) {
    std::array<unsigned char, 32> digest;
    bare_sha256(kMessage, digest.data());
    secp256k1_ecdsa_signature signature;
    std::array<unsigned char, 72> der;
    std::size_t size = der.size();
    if (secp256k1_ecdsa_sign(bare_context(), &signature, digest.data(), byte_span(key).data(), nullptr, nullptr) != 1)
      std::abort();
    secp256k1_ecdsa_signature_serialize_der(bare_context(), der.data(), &size, &signature);
    benchmark::DoNotOptimize(der);
  }
}

void sign_till(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(signing_key().sign(kMessage));
}

void verify_bare(benchmark::State& state) {
  const std::string der = signing_key().sign(kMessage);
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_parse(bare_context(), &point, signing_key().public_key().data(), 33) != 1) std::abort();
  for (auto _ : state) {
    std::array<unsigned char, 32> digest;
    bare_sha256(kMessage, digest.data());
    secp256k1_ecdsa_signature signature;
    if (secp256k1_ecdsa_signature_parse_der(bare_context(), &signature, byte_span(der).data(), der.size()) != 1)
      std::abort();
    secp256k1_ecdsa_signature_normalize(bare_context(), &signature, &signature);
    if (secp256k1_ecdsa_verify(bare_context(), &signature, digest.data(), &point) != 1) std::abort();
  }
}

void verify_till(benchmark::State& state) {
  const std::string der = signing_key().sign(kMessage);
  const VerifyKey key = VerifyKey::from_bytes(byte_view(signing_key().public_key())).value();
  for (auto _ : state)
    if (!key.verify(kMessage, der)) std::abort();
}

void hmac_openssl(benchmark::State& state) {
  const std::string key(32, 'k');
  for (auto _ : state) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out;
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), byte_span(kKilobyte).data(), kKilobyte.size(),
         out.data(), &size);
    benchmark::DoNotOptimize(out);
  }
}

void hmac_till(benchmark::State& state) {
  const HmacKey key = HmacKey::create(HmacHash::kSha256, Secret(std::string(32, 'k'))).value();
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(kKilobyte));
}

// The inner and outer message alone: 18 blocks of SHA-256 without any keying.
void hmac_blocks(benchmark::State& state) {
  const std::string blocks(18 * 64 - 9, 'x');
  for (auto _ : state) {
    std::array<unsigned char, 32> digest;
    bare_sha256(blocks, digest.data());
    benchmark::DoNotOptimize(digest);
  }
}

BENCHMARK(sign_bare);
BENCHMARK(sign_till);
BENCHMARK(verify_bare);
BENCHMARK(verify_till);
BENCHMARK(hmac_blocks);
BENCHMARK(hmac_openssl);
BENCHMARK(hmac_till);

}  // namespace
}  // namespace till

int main(int argc, char** argv) {
  till::MedianReporter reporter;
  if (!till::run_by_turns(argc, argv, reporter)) return 2;
  const double sign_ratio = till::print_ratio(reporter, "sign_till", "sign_bare");
  till::print_ratio(reporter, "verify_till", "verify_bare");
  till::print_ratio(reporter, "hmac_till", "hmac_openssl");
  till::print_ratio(reporter, "hmac_till", "hmac_blocks");
  return sign_ratio <= till::kMaxSignRatio ? 0 : 1;
}
