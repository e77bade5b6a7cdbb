#include "tests/kill/shop.h"

#include <unistd.h>

#include "core/json/json.h"
#include "tests/kill/strict.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

// How far ahead of the workers a reconciler's clock is: every write in flight is beyond its deadline there.
constexpr std::int64_t kAheadMs = 5LL * 60'000;
// The last reconciler's passes, each beyond every lease and every pause between two questions about a write.
constexpr int kLastPasses = 3;
constexpr std::int64_t kPassAheadMs = 8LL * 3'600'000;
// What a worker waits when it finds the store away.
constexpr useconds_t kStorePauseUs = 5'000;

}  // namespace

bool is_store_away(const Error& error) { return error.code.starts_with("store_"); }

Shop::Shop(const Place& place, Shared& shared) : shared_(shared) {
  RuntimeOptions options;
  options.plugin_path = {place.folder};
  options.store = place.store;
  options.clock = clock_;
  runtime_ = must(Runtime::open(options), "runtime");
  json::Object settings{
      {"base_url", place.base_url}, {"timeout_ms", json::Value::integer(10'000)}, {"label", place.label + "-hints"}};
  gateways_[1] = must(Gateway::open(runtime_, "strict", json::write(settings)), "gateway");
  settings.set("label", place.label);
  settings.set("webhook_secret", kWebhookSecret);
  gateways_[0] = must(Gateway::open(runtime_, "strict", json::write(settings)), "gateway");
}

void Shop::open_store() { (void)must(believing().call("reconcile", "{}"), "first pass"); }

// Orders take turns by two.
Gateway& Shop::gateway_of(std::string_view reference) {
  const std::string number(reference.substr(reference.find('-') + 1));
  return *gateways_[(std::stoul(number) / 2) % 2];
}

Result<std::string> Shop::call(Gateway& gateway, std::string_view operation, const json::Value& input) {
  ++shared_.calls;
  const int turns = shared_.database_turns;
  auto answer = gateway.call(operation, json::write(input));
  if (answer.ok() && shared_.database_turns / 2 > turns / 2) ++shared_.outlived;
  return answer;
}

void Shop::work(std::size_t slot) {
  random_.seed(static_cast<unsigned>(getpid()));
  std::atomic<std::uint64_t>& next = shared_.next_order[slot];
  while (next < kMaxOrders) {
    if (!order(slot, next)) continue;
    ++next;
    deliver_some();
    handle_some();
  }
  while (true) pause();
}

// One order: made, paid, given back. False when it is to be tried again.
bool Shop::order(std::size_t slot, std::uint64_t number) {
  const std::string name = "s" + std::to_string(slot) + "-" + std::to_string(number);
  Gateway& gateway = gateway_of(name);
  const auto made = call(gateway, "payments.create",
                         json::Object{{"amount", json::Object{{"amount", "48.25"}, {"currency", "EUR"}}},
                                      {"reference", name},
                                      {"idempotency_key", "create-" + name}});
  if (!made.ok() && is_store_away(made.error())) usleep(kStorePauseUs);
  if (!made.ok()) return !is_store_away(made.error());
  Answered& answered = shared_.answered[slot][number];
  answered.created = true;
  ++shared_.created;
  const json::Value payment = parsed(*made);
  const std::string id = text_of(payment, "id"), provider_id = text_of(payment, "provider_id");
  if (number % 3 != 2) (void)call(gateway, "native.pay", json::Object{{"id", provider_id}, {"key", ""}});
  if (number % 2 != 0) return true;
  const json::Value refund = json::Object{{"payment_id", id}, {"idempotency_key", "refund-" + name}};
  if (!call(gateway, "refunds.create", refund).ok()) return true;
  answered.refunded = true;
  ++shared_.refunded;
  return true;
}

void Shop::reconcile_again() {
  clock_->shift(kAheadMs);
  for (std::size_t i = 0; true; ++i) {
    const auto report = call(*gateways_[i % 2], "reconcile", json::Object{{"limit", json::Value::integer(1'000)}});
    ++shared_.passes;
    if (report.ok()) shared_.settled += static_cast<std::uint64_t>(*parsed(*report).find_integer("settled"));
    usleep(1'000);
  }
}

void Shop::settle_all() {
  for (int i = 0; i < kLastPasses; ++i) {
    clock_->shift(kPassAheadMs);
    for (const auto& gateway : gateways_) {
      for (bool more = true; more;) {
        const json::Value report = parsed(must(gateway->call("reconcile", R"({"limit":1000})"), "reconcile"));
        more = report.find_integer("looked") == 1'000;
        shared_.settled += static_cast<std::uint64_t>(*report.find_integer("settled"));
      }
    }
  }
}

}  // namespace till::rounds
