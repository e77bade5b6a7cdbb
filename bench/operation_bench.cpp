// One payments.create without I/O: from the caller's JSON to the request ready to send, and from the reply to the
// result.
//
// Both providers as they ship; the store is one that keeps nothing, so that no disk is measured. Without arguments it
// prints processor time and allocations of each way beside the limit, and beside one bare signature.
#include <benchmark/benchmark.h>
#include <secp256k1.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <string>

#include "bench/median_reporter.h"
#include "bench/no_store.h"
#include "core/runtime/gateway.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/operation.h"
#include "core/runtime/runtime.h"

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

// The linker sends every malloc and realloc of the core and of Lua here (--wrap); the C++ library's own go through new.
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* block, std::size_t size);
void* __wrap_malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __real_malloc(size);
}
void* __wrap_realloc(void* block, std::size_t size) {
  if (!block) allocations.fetch_add(1, std::memory_order_relaxed);
  return __real_realloc(block, size);
}
}

void* operator new(std::size_t size) {
  if (void* block = __wrap_malloc(size)) return block;
  std::abort();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace till {
namespace {

struct Case {
  const char* provider;
  const char* settings;
  const char* input;
  const char* reply;
};

// The replies are the documentation's own samples.
constexpr Case kOpenPay{
    "openpay", R"({"api_key":"sk_test_0123456789"})",
    R"({"amount":{"amount":"150.00","currency":"BZD"},"reference":"1234","description":"Invoice #1234","return_url":"https://myshop.com/success"})",
    R"({"success":true,"data":{"id":"cafe62fc-11e5-4000-a11b-e95f0f5f54e7","url":"https://merchant.openpay.bz/payment/cafe62fc-11e5-4000-a11b-e95f0f5f54e7","qr_code":"https://api.openpay.bz/qr/cafe62fc-11e5-4000-a11b-e95f0f5f54e7.png","amount":150.00,"currency":"BZD","status":"active","created_at":"2026-02-11T09:30:43.473Z"}})"};
constexpr Case kBitPay{
    "bitpay",
    R"({"private_key":"97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c","token":"4bdD1muDaxBydeYHSdNagEy1w44FJtrfftmJ5pLfcXU"})",
    R"({"amount":{"amount":"100.00","currency":"USD"},"reference":"1234"})",
    R"({"data":{"url":"https://bitpay.com/i/MKBena5VPtX1SVwtirJYRa","status":"new","btcPrice":"0.2260","btcDue":"0.2260","price":100,"currency":"USD","exRates":{"USD":442.55566469557},"invoiceTime":1411506491781,"expirationTime":1411507391781,"currentTime":1411506491798,"id":"MKBena5VPtX1SVwtirJYRa","btcPaid":"0.0000","rate":442.56,"exceptionStatus":false,"transactions":[],"paymentUrls":{"BIP21":"bitcoin:n4qa4vHkFG9EK7kB1izSVk1kqK89oVC97o?amount=0.2260","BIP72":"bitcoin:n4qa4vHkFG9EK7kB1izSVk1kqK89oVC97o?amount=0.2260&r=https://bitpay.com/i/MKBena5VPtX1SVwtirJYRa","BIP72b":"bitcoin:?r=https://bitpay.com/i/MKBena5VPtX1SVwtirJYRa","BIP73":"https://bitpay.com/i/MKBena5VPtX1SVwtirJYRa"},"token":"8Esi7g1utRuS8USZqrATQechZX9jkmHinQM4rpD76izieEJ8n3AsBczz5EJ24jiiRp"}})"};

template <class T>
T checked(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s: %s\n", result.error().field.c_str(), result.error().message.c_str());
  std::exit(1);
}

std::shared_ptr<Gateway> open_gateway(const Case& one) {
  RuntimeOptions options;
  options.plugin_path = {TILL_SOURCE_DIR "/plugins/providers"};
  options.store = "memory";
  return checked(Gateway::open(checked(Runtime::open(options)), one.provider, one.settings));
}

// The machine of one payments.create, stepped to its request.
std::unique_ptr<Operation> built(const std::shared_ptr<Gateway>& gateway, const Case& one, StoreQueue& lookup,
                                 NoStore& store) {
  auto operation = checked(Operation::prepare(gateway, "payments.create", one.input, lookup));
  operation->stored(operation->store_task()(store));
  if (operation->need() == Operation::Need::kRequest) return operation;
  std::fprintf(stderr, "%s made no request\n", one.provider);
  std::exit(1);
}

void read_reply(Operation& operation, const Case& one, NoStore& store) {
  operation.replied({.status = 200, .headers = {{"content-type", "application/json"}}, .body = one.reply});
  operation.stored(operation.store_task()(store));
  (void)checked(operation.result());
}

// The limit each way, on a machine that signs in kSignatureUs. Ratios travel from there, times do not: here the limit
// is as many signatures as it is there.
constexpr double kLimitUs = 40, kSignatureUs = 19;

// Of one iteration, by the name of the benchmark.
std::map<std::string, double> allocations_of;

void note_allocations(benchmark::State& state, const std::string& name, std::int64_t before) {
  const auto count = static_cast<double>(allocations.load() - before);
  allocations_of[name] = count / static_cast<double>(state.iterations());
  state.counters["allocations"] = benchmark::Counter(count, benchmark::Counter::kAvgIterations);
}

void build_request(benchmark::State& state, const Case& one) {
  const auto gateway = open_gateway(one);
  NoStore store;
  StoreQueue lookup(std::make_unique<NoStore>());
  const std::int64_t before = allocations.load();
  for (auto _ : state) benchmark::DoNotOptimize(built(gateway, one, lookup, store));
  note_allocations(state, std::string("build_") + one.provider, before);
}

void build_and_read(benchmark::State& state, const Case& one) {
  const auto gateway = open_gateway(one);
  NoStore store;
  StoreQueue lookup(std::make_unique<NoStore>());
  const std::int64_t before = allocations.load();
  for (auto _ : state) read_reply(*built(gateway, one, lookup, store), one, store);
  note_allocations(state, std::string("build_and_read_") + one.provider, before);
}

// A read through Gateway::begin, stepped to its end: what bench/python_calls.py does from Python.
void step_check(benchmark::State& state) {
  const auto gateway = open_gateway(kOpenPay);
  for (auto _ : state) {
    const auto exchange = checked(gateway->begin("check", "{}"));
    (void)exchange->reply({.status = 200, .headers = {}, .body = R"({"success":true,"data":[]})"});
    benchmark::DoNotOptimize(exchange->request());
    benchmark::DoNotOptimize(exchange->result());
  }
}

void build_openpay(benchmark::State& state) { build_request(state, kOpenPay); }
void build_and_read_openpay(benchmark::State& state) { build_and_read(state, kOpenPay); }
void build_bitpay(benchmark::State& state) { build_request(state, kBitPay); }
void build_and_read_bitpay(benchmark::State& state) { build_and_read(state, kBitPay); }

// The signature in BitPay's request, of a digest that is there already.
void sign_bare(benchmark::State& state) {
  secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
  std::array<unsigned char, 32> key{}, digest{};
  key.fill(1);
  digest.fill(2);
  for (auto _ : state) {
    secp256k1_ecdsa_signature signature;
    if (secp256k1_ecdsa_sign(context, &signature, digest.data(), key.data(), nullptr, nullptr) != 1) std::abort();
    benchmark::DoNotOptimize(signature);
  }
  secp256k1_context_destroy(context);
}

BENCHMARK(build_openpay);
BENCHMARK(build_and_read_openpay);
BENCHMARK(build_bitpay);
BENCHMARK(build_and_read_bitpay);
BENCHMARK(sign_bare);
BENCHMARK(step_check)->Unit(benchmark::kMicrosecond);

bool print_way(const char* provider, const char* way, double us, double limit_us, double count) {
  std::printf("%-8s %-5s %6.1f us   %.2f of the limit   %4.0f allocations\n", provider, way, us, us / limit_us, count);
  return us <= limit_us;
}

// Reading is what building and reading takes beyond building.
bool print_ways(MedianReporter& reporter, const char* provider, double limit_us) {
  const std::string build = std::string("build_") + provider, both = std::string("build_and_read_") + provider;
  const double built_us = reporter.median(build) / 1000, both_us = reporter.median(both) / 1000;
  const bool build_good = print_way(provider, "build", built_us, limit_us, allocations_of[build]);
  const double read_allocations = allocations_of[both] - allocations_of[build];
  return print_way(provider, "read", both_us - built_us, limit_us, read_allocations) && build_good;
}

bool compare_with_limit() {
  std::string program = "till_bench_operation";
  char* argv[] = {program.data(), nullptr};
  MedianReporter reporter;
  if (!run_by_turns(1, argv, reporter)) return false;
  const double limit_us = kLimitUs / kSignatureUs * reporter.median("sign_bare") / 1000;
  std::printf("limit: %.0f us where a bare signature takes %.0f us; %.1f us here\n", kLimitUs, kSignatureUs, limit_us);
  const bool openpay_good = print_ways(reporter, "openpay", limit_us);
  const bool bitpay_good = print_ways(reporter, "bitpay", limit_us);
  print_ratio(reporter, "build_bitpay", "sign_bare");
  return openpay_good && bitpay_good;
}

}  // namespace
}  // namespace till

// With arguments it is a program of Google Benchmark like any other.
int main(int argc, char** argv) {
  if (argc == 1) return till::compare_with_limit() ? 0 : 1;
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
