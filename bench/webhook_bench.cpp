// Verifying one Standard Webhook of 1 KiB, beside the 18 blocks of SHA-256 that its HMAC is made of.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/median_reporter.h"
#include "core/base/encoding.h"
#include "core/webhook/schemes.h"
#include "core/webhook/verifier.h"

namespace till {
namespace {

constexpr UnixMillis kNow = 1'614'265'330'000;
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// As a sender makes it, with the headers that a server adds.
struct Delivery {
  std::string body = std::string(1024, 'x');
  std::string signature;
  std::vector<webhook::Header> headers;

  Delivery() {
    const HmacKey key = HmacKey::create(HmacHash::kSha256, Secret(base64_decode(kSecret.substr(6)).value())).value();
    signature = "v1," + base64_encode(key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body).bytes());
    headers = {{"host", "shop.example"},
               {"content-type", "application/json"},
               {"content-length", "1024"},
               {"user-agent", "sender/1.0"},
               {"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
               {"webhook-timestamp", "1614265330"},
               {"webhook-signature", signature}};
  }
};

webhook::Verifier make_verifier() {
  std::vector<webhook::SecretText> secrets;
  secrets.push_back({.text = Secret(kSecret)});
  return webhook::Verifier::create(webhook::find_scheme("standard-webhooks").value(), std::move(secrets)).value();
}

void webhook_till(benchmark::State& state) {
  const Delivery delivery;
  const webhook::Verifier verifier = make_verifier();
  const webhook::Request request{.headers = delivery.headers, .body = delivery.body};
  for (auto _ : state)
    if (!verifier.verify(request, kNow).ok()) std::abort();
}

void hmac_blocks(benchmark::State& state) {
  const std::string blocks(18 * 64 - 9, 'x');
  EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  for (auto _ : state) {
    std::array<unsigned char, 32> digest;
    if (EVP_DigestInit_ex2(context, algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context, blocks.data(), blocks.size()) != 1 ||
        EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1)
      std::abort();
    benchmark::DoNotOptimize(digest);
  }
  EVP_MD_CTX_free(context);
  EVP_MD_free(algorithm);
}

BENCHMARK(webhook_till);
BENCHMARK(hmac_blocks);

}  // namespace
}  // namespace till

int main(int argc, char** argv) {
  till::MedianReporter reporter;
  if (!till::run_by_turns(argc, argv, reporter)) return 2;
  till::print_ratio(reporter, "webhook_till", "hmac_blocks");
  return 0;
}
