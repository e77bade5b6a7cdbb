// One payments.create without I/O: from the caller's JSON to the request ready to send, and from the reply to the
// result.
//
// Both providers as they ship; the store is one that keeps nothing, so that no disk is measured. Prints processor time
// and allocations of each way. The limit is 40 us each way.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

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

// Takes everything and keeps nothing.
class NoStore final : public Store {
 public:
  void suspend() override {}
  Status resume() override { return {}; }
  bool in_transaction() const override { return true; }
  Status begin() override { return {}; }
  Status commit() override { return {}; }
  void rollback() override {}
  Status savepoint() override { return {}; }
  Status release_savepoint() override { return {}; }
  void rollback_to_savepoint() override {}
  Result<std::optional<Write>> claim_write(const Write&) override { return std::optional<Write>(); }
  Status settle_write(std::string_view, WriteState, std::string_view) override { return {}; }
  Status forget_write(std::string_view) override { return {}; }
  Status put_payment(const Payment&) override { return {}; }
  Status forget_payment(std::string_view) override { return {}; }
  Result<std::optional<Payment>> find_payment(std::string_view) override { return std::optional<Payment>(); }
  Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view, std::string_view) override {
    return std::optional<Payment>();
  }
  Result<std::vector<Payment>> list_payments(const PaymentQuery&) override { return std::vector<Payment>(); }
  Status add_event(const Event&) override { return {}; }
  Result<std::vector<Event>> list_events(std::string_view) override { return std::vector<Event>(); }
};

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

void print_allocations(benchmark::State& state, std::int64_t before) {
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocations.load() - before), benchmark::Counter::kAvgIterations);
}

void build_request(benchmark::State& state, const Case& one) {
  const auto gateway = open_gateway(one);
  NoStore store;
  StoreQueue lookup(std::make_unique<NoStore>());
  const std::int64_t before = allocations.load();
  for (auto _ : state) benchmark::DoNotOptimize(built(gateway, one, lookup, store));
  print_allocations(state, before);
}

void build_and_read(benchmark::State& state, const Case& one) {
  const auto gateway = open_gateway(one);
  NoStore store;
  StoreQueue lookup(std::make_unique<NoStore>());
  const std::int64_t before = allocations.load();
  for (auto _ : state) read_reply(*built(gateway, one, lookup, store), one, store);
  print_allocations(state, before);
}

// A read through Gateway::begin, stepped to its end: what bench/python_calls.py does from Python.
void step_check(benchmark::State& state) {
  const auto gateway = open_gateway(kOpenPay);
  for (auto _ : state) {
    const auto exchange = checked(gateway->begin("check", "{}"));
    exchange->reply({.status = 200, .headers = {}, .body = R"({"success":true,"data":[]})"});
    benchmark::DoNotOptimize(exchange->request());
    benchmark::DoNotOptimize(exchange->result());
  }
}

BENCHMARK_CAPTURE(build_request, openpay, kOpenPay)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(build_and_read, openpay, kOpenPay)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(build_request, bitpay_signed, kBitPay)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(build_and_read, bitpay_signed, kBitPay)->Unit(benchmark::kMicrosecond);
BENCHMARK(step_check)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace till

BENCHMARK_MAIN();
