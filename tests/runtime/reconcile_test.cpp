// Reconciling: writes whose answer was lost are settled by asking, and stay unknown where asking does not tell.
#include "core/runtime/reconcile.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <utility>

#include "core/base/time.h"
#include "core/payment/looks.h"
#include "core/runtime/engine.h"
#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;

constexpr std::string_view kReconcileScript = R"lua(
local function payment(data)
  return {id = data.id, status = data.status, amount = money.of(data.amount, data.currency), created_at = data.created_at,
          reference = data.reference, checkout_url = "https://acme.example/" .. data.id, raw = data}
end
function provider.payments.create(input)
  return payment(http.post("/payments", {json = {amount = money.decimal(input.amount), reference = input.reference,
                                                 currency = input.amount.currency}}).json)
end
function provider.payments.get(input)
  return payment(http.get("/payments/{id}", {path = {id = input.payment.provider_id}}).json)
end
function provider.payments.cancel(input)
  return payment(http.post("/cancel", {json = {id = input.payment.provider_id}}).json)
end
function provider.payments.accept(input)
  return payment(http.post("/accept", {json = {id = input.payment.provider_id}}).json)
end
function provider.payments.list(input)
  local reply = http.get("/payments", {query = {cursor = input.cursor, reference = input.reference, from = input.from,
                                                wanted = input.wanted and input.wanted.description}}).json
  local items = {}
  for i, data in ipairs(reply.data) do
    items[i] = payment(data)
    if reply.silent then items[i].reference = nil end
  end
  return {items = items, next = reply.next}
end
local function refund(data)
  return {id = data.id, status = "pending", amount = data.amount and money.of(data.amount, data.currency or "EUR"),
          created_at = data.created_at, raw = data}
end
function provider.refunds.create(input)
  return refund(http.post("/refunds", {json = {id = input.payment.provider_id, amount = money.decimal(input.amount)}}).json)
end
function provider.refunds.list(input)
  local items = {}
  local reply = http.get("/refunds", {query = {cursor = input.cursor}}).json
  for i, data in ipairs(reply.data) do items[i] = refund(data) end
  return {items = items, next = reply.next}
end
)lua";

// The service: it keeps books, loses answers when it is told to, and counts what it was sent.
class Books {
 public:
  std::string base_url() const { return server_.url(""); }

  std::atomic<bool> loses_answers = false;  // of writes: done, and then the connection breaks
  std::atomic<bool> acts = true;            // on a write whose answer is lost
  std::atomic<bool> silent = false;         // lists without references
  std::atomic<bool> endless = false;        // each page has a next one
  std::atomic<bool> one_by_one = false;     // a page has one refund
  std::atomic<bool> asleep = false;         // reads are answered with 503
  std::atomic<int> limited = 1'000'000;     // reads, and then: come back in so many seconds
  std::atomic<int> retry_after = 60;
  std::atomic<int> writes = 0, reads = 0;

  void put(std::string id, std::string reference, UnixMillis created_at, std::string amount = "48.25") {
    const std::lock_guard lock(mutex_);
    payments_.push_back({std::move(id), std::move(reference), "pending", std::move(amount), created_at});
  }
  void set(const std::string& id, std::string status) {
    const std::lock_guard lock(mutex_);
    for (Kept& one : payments_)
      if (one.id == id) one.status = status;
  }
  void put_refund(std::string json) {
    const std::lock_guard lock(mutex_);
    refunds_.push_back(std::move(json));
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  UnixMillis now_ms = 0;
  // What happens before the next list is made, once.
  void before_list(std::function<void()> happens) {
    const std::lock_guard lock(mutex_);
    before_list_ = std::move(happens);
  }

 private:
  struct Kept {
    std::string id, reference, status, amount;
    UnixMillis created_at;
  };

  static std::string shown(const Kept& one) {
    return R"({"id":")" + one.id + R"(","status":")" + one.status + R"(","amount":)" + one.amount +
           R"(,"currency":"EUR","reference":")" + one.reference + R"(","created_at":)" +
           std::to_string(one.created_at) + "}";
  }
  std::string list(const std::vector<std::string>& items) const {
    std::string text = R"({"data":[)";
    for (const std::string& item : items) text += (text.ends_with('[') ? "" : ",") + item;
    return text + "]" + (silent ? R"(,"silent":true)" : "") + (endless ? R"(,"next":"more")" : "") + "}";
  }
  // Each page names the number of the next one.
  std::string refund_page(const std::string& line) const {
    const auto at = line.find("cursor=");
    const std::size_t page = at == std::string::npos ? 0 : std::stoul(line.substr(at + 7));
    std::string text = R"({"data":[)" + (page < refunds_.size() ? refunds_[page] : "") + "]";
    if (page + 1 < refunds_.size()) text += R"(,"next":)" + std::to_string(page + 1);
    return text + "}";
  }
  std::string create(const json::Value& body) {
    const std::string id = "p" + std::to_string(payments_.size() + 1);
    payments_.push_back({id, std::string(body.find_string("reference").value_or("")), "pending",
                         body.find("amount")->number()->text, now_ms});
    return shown(payments_.back());
  }
  Kept& find(std::string_view id) {
    for (Kept& one : payments_)
      if (one.id == id) return one;
    return payments_.front();
  }
  std::string refund(const json::Value& body) {
    refunds_.push_back(R"({"id":"r)" + std::to_string(refunds_.size() + 1) + R"(","amount":)" +
                       body.find("amount")->number()->text + R"(,"created_at":)" + std::to_string(now_ms) + "}");
    return refunds_.back();
  }
  std::string change(const json::Value& body, std::string status) {
    Kept& one = find(*body.find_string("id"));
    one.status = std::move(status);
    return shown(one);
  }

  void serve(http::Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      if (request.starts_with("GET /payments?") || request.starts_with("GET /refunds")) happen();
      const std::lock_guard lock(mutex_);
      if (!answer(peer, request)) return;
    }
  }
  void happen() {
    std::unique_lock lock(mutex_);
    const auto happens = std::exchange(before_list_, nullptr);
    lock.unlock();
    if (happens) happens();
  }
  bool answer(http::Peer& peer, const std::string& request) {
    const std::string line = request.substr(0, request.find(" HTTP"));
    asked_.push_back(line);
    if (line.starts_with("POST")) return write(peer, line, request.substr(request.find("\r\n\r\n") + 4));
    if (++reads > limited)
      return peer.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + std::to_string(retry_after) +
                       "\r\nContent-Length: 2\r\n\r\n{}");
    if (asleep) return peer.answer("{}", 503);
    if (line.starts_with("GET /refunds")) return peer.answer(one_by_one ? refund_page(line) : list(refunds_));
    if (line.starts_with("GET /payments/")) return peer.answer(shown(find(line.substr(14))));
    std::vector<std::string> items;
    const auto filter = line.find("reference=");
    for (const Kept& one : payments_)
      if (filter == std::string::npos || line.substr(filter).starts_with("reference=" + one.reference))
        items.push_back(shown(one));
    return peer.answer(list(items));
  }
  bool write(http::Peer& peer, const std::string& line, const std::string& body) {
    ++writes;
    const json::Value input = json::parse(body).value();
    std::string reply = "{}";
    if (acts || !loses_answers) {
      if (line == "POST /payments") reply = create(input);
      if (line == "POST /refunds") reply = refund(input);
      if (line == "POST /cancel") reply = change(input, "cancelled");
      if (line == "POST /accept") reply = change(input, "paid");
    }
    if (!loses_answers) return peer.answer(reply);
    peer.reset();
    return false;
  }

  std::mutex mutex_;
  std::function<void()> before_list_;
  std::vector<Kept> payments_;
  std::vector<std::string> refunds_, asked_;
  http::StubServer server_{[this](http::Peer& peer) { serve(peer); }};
};

class ReconcileTest : public AcmeTest {
 protected:
  ReconcileTest() { open(R"("payments.create": {"by": "reference"}, "refunds.create": {"by": "list"})"); }

  void open(std::string_view ways, std::string_view idempotency = "null", std::string_view settings = "") {
    std::string manifest =
        replaced(kAcmeManifest, R"("payments.cancel": {},)", R"("payments.cancel": {}, "payments.accept": {},)");
    manifest = replaced(manifest, R"("payments.accept": "Acme settles underpayments by itself.", )", "");
    manifest =
        replaced(manifest, R"("idempotency": null)",
                 R"("idempotency": )" + std::string(idempotency) + R"(, "reconcile": {)" + std::string(ways) + "}");
    books_.now_ms = clock_->now_ms();
    open_variant(manifest,
                 R"({"api_key":"sk_live_SECRET123","timeout_ms":5000,"base_url":")" + books_.base_url() + "\"" +
                     std::string(settings) + "}",
                 std::string(kAcmeScript) + std::string(kReconcileScript));
  }

  static std::string order(std::string_view reference, std::string_view key) {
    return R"({"amount":{"amount":"48.25","currency":"EUR"},"description":"Shoes","reference":")" +
           std::string(reference) + R"(","idempotency_key":")" + std::string(key) + "\"}";
  }

  // A call whose answer is lost; the payment's id.
  std::string lost(std::string_view operation, std::string_view input) {
    books_.loses_answers = true;
    const auto result = shop_->call(operation, input);
    books_.loses_answers = false;
    EXPECT_EQ(result.ok() ? ErrorKind::kInternal : result.error().kind, ErrorKind::kOutcomeUnknown);
    return result.ok() ? "" : result.error().payment_id;
  }
  json::Value pass(std::string_view input = "{}") {
    auto report = shop_->call("reconcile", input);
    if (!report.ok()) ADD_FAILURE() << report.error().message;
    return json::parse(*report).value();
  }
  static std::string reason(const json::Value& report) {
    const json::Array& unknown = *report.find("unknown")->array();
    if (unknown.size() != 1) return std::to_string(unknown.size()) + " unknown";
    return std::string(unknown[0].find_string("reason").value_or("none"));
  }
  static std::int64_t count(const json::Value& report, std::string_view key) { return *report.find_integer(key); }
  // A write without an answer is sent again just before it is as old, and not any more when it is.
  void expect_repeated_until(std::int64_t age_ms) {
    books_.acts = false;
    lost("payments.create", order("1234", "late"));
    clock_->advance(age_ms);
    EXPECT_EQ(reason(pass()), "key_too_old");
    lost("payments.create", order("1235", "later"));
    clock_->advance(age_ms - 1);
    EXPECT_EQ(count(pass(), "settled"), 1);
  }
  Payment paid_for(std::string_view id) const { return stored(id); }
  std::string made(std::string_view reference = "1234") {
    const auto payment = shop_->call("payments.create", order(reference, "key-" + std::string(reference)));
    EXPECT_TRUE(payment.ok()) << payment.error().message;
    return std::string(*json::parse(*payment)->find_string("id"));
  }
  std::vector<std::string> events(std::string_view payment) const {
    std::vector<std::string> out;
    const std::vector<Event> all = store()->list_events(payment).value();
    for (const Event& event : all) out.push_back(event.type + " " + event.source);
    return out;
  }

  Books books_;
};

TEST_F(ReconcileTest, a_payment_whose_answer_was_lost_is_found_by_its_reference) {
  const std::string id = lost("payments.create", order("1234", "once"));
  const json::Value report = pass();
  EXPECT_EQ(count(report, "looked"), 1);
  EXPECT_EQ(count(report, "settled"), 1);
  EXPECT_EQ(count(report, "failed"), 0);
  EXPECT_TRUE(report.find("unknown")->array()->empty());
  const Payment payment = stored(id);
  EXPECT_EQ(payment.provider_id, "p1");
  EXPECT_EQ(payment.outcome, Outcome::kKnown);
  EXPECT_EQ(payment.checkout_url, "https://acme.example/p1");
  EXPECT_THAT(events(id), testing::ElementsAre("payment.created reconcile"));
  EXPECT_EQ(books_.writes, 1);
  EXPECT_THAT(books_.asked(), testing::Contains(HasSubstr("reference=1234")));
}

TEST_F(ReconcileTest, the_same_key_gives_what_reconcile_found_and_sends_nothing) {
  const std::string id = lost("payments.create", order("1234", "once"));
  pass();
  const auto again = shop_->call("payments.create", order("1234", "once"));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(json::parse(*again)->find_string("id"), id);
  EXPECT_EQ(json::parse(*again)->find_string("provider_id"), "p1");
  EXPECT_EQ(books_.writes, 1);
  EXPECT_EQ(store()->list_writes({.gateway = shop_->name()}).value()[0].input, "");
}

TEST_F(ReconcileTest, the_key_of_a_write_that_was_settled_late_is_kept_as_long_as_any_other) {
  constexpr std::int64_t kDayMs = 86'400'000;
  const std::string id = lost("payments.create", order("1234", "once"));
  clock_->advance(8 * kDayMs);
  EXPECT_EQ(count(pass(), "settled"), 1);
  const auto pruned = runtime_->call_store(
      "store.prune", json::write(json::Object{{"writes_older_than_ms", json::Value::integer(7 * kDayMs)}}));
  EXPECT_EQ(json::parse(*pruned)->find_integer("writes"), 0);
  const auto again = shop_->call("payments.create", order("1234", "once"));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(json::parse(*again)->find_string("id"), id);
  EXPECT_EQ(books_.writes, 1);
}

TEST_F(ReconcileTest, what_never_arrived_stays_unknown_and_visible) {
  books_.acts = false;
  const std::string id = lost("payments.create", order("1234", "once"));
  const json::Value report = pass();
  EXPECT_EQ(reason(report), "not_found");
  const json::Value& unknown = (*report.find("unknown")->array())[0];
  EXPECT_EQ(unknown.find_string("payment_id"), id);
  EXPECT_EQ(unknown.find_string("idempotency_key"), "once");
  EXPECT_EQ(unknown.find_string("operation"), "payments.create");
  EXPECT_EQ(stored(id).outcome, Outcome::kUnknown);
  EXPECT_EQ(shop_->call("payments.create", order("1234", "once")).error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(books_.writes, 1);
}

TEST_F(ReconcileTest, two_that_match_settle_nothing) {
  const std::string id = lost("payments.create", order("1234", "once"));
  books_.put("other", "1234", kNow);
  EXPECT_EQ(reason(pass()), "several");
  EXPECT_EQ(stored(id).provider_id, "");
}

TEST_F(ReconcileTest, two_unknown_payments_of_one_reference_and_amount_settle_nothing) {
  lost("payments.create", order("1234", "first"));
  books_.acts = false;
  lost("payments.create", order("1234", "second"));
  const json::Value report = pass();
  EXPECT_EQ(count(report, "settled"), 0);
  EXPECT_EQ(report.find("unknown")->array()->size(), 2u);
}

TEST_F(ReconcileTest, a_payment_that_is_being_made_is_not_taken_for_the_lost_one) {
  books_.acts = false;
  const std::string id = lost("payments.create", order("1234", "first"));
  books_.acts = true;
  std::promise<std::unique_ptr<Exchange>> begun;
  books_.before_list([&] {
    books_.put("p7", "1234", kNow);  // made at the provider; its answer is on the way
    begun.set_value(begin("payments.create", order("1234", "second")));
  });
  EXPECT_EQ(count(pass(), "settled"), 0);
  const auto second = begun.get_future().get();
  reply(*second, 200, R"({"id":"p7","status":"pending","amount":48.25,"currency":"EUR","reference":"1234"})");
  const auto made = parsed(second->result());
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(stored(id).provider_id, "");
  EXPECT_EQ(stored(*made->find_string("id")).provider_id, "p7");
}

TEST_F(ReconcileTest, one_payment_of_the_provider_is_never_two_of_ours) {
  const std::string first = made("1");
  const auto second = begin("payments.create", order("1234", "second"));
  reply(*second, 200, R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1234"})");
  ASSERT_FALSE(second->result().ok());
  EXPECT_EQ(second->result().error().code, "owner_mismatch");
  EXPECT_THAT(second->result().error().message, HasSubstr(first));
  const Payment kept = stored(second->result().error().payment_id);
  EXPECT_EQ(kept.provider_id, "");
  EXPECT_EQ(kept.outcome, Outcome::kUnknown);
  EXPECT_THAT(events(kept.id), testing::ElementsAre("payment.mismatch reply"));
  EXPECT_EQ(stored(first).status, PaymentStatus::kPending);
}

TEST_F(ReconcileTest, a_webhook_that_waits_for_its_payment_is_matched_when_a_list_shows_it) {
  const std::string id = lost("payments.create", order("1234", "once"));
  const auto opened = store();
  ASSERT_TRUE(opened->begin().ok());
  ASSERT_TRUE(*opened->claim_webhook({.id = "whk_1",
                                      .gateway = shop_->name(),
                                      .dedupe_key = "event:1",
                                      .event = "paid",
                                      .provider_id = "p1",
                                      .state = WebhookState::kUnmatched,
                                      .signature = "valid",
                                      .trust = "signed",
                                      .received_at = kNow}));
  ASSERT_TRUE(opened->commit().ok());
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_TRUE(opened->list_webhooks({.gateway = shop_->name(), .state = WebhookState::kUnmatched})->empty());
  EXPECT_LE(stored(id).look_at, kNow) << "what the webhook said is asked at once";
}

TEST_F(ReconcileTest, a_refund_is_remembered_as_a_calls_even_when_its_events_are_pruned) {
  open(R"("refunds.create": {"by": "list", "untimed": true})");
  const std::string id = made();
  const auto refund = [&](const char* key) {
    return R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"},"idempotency_key":")" + key +
           "\"}";
  };
  ASSERT_TRUE(shop_->call("refunds.create", refund("first")).ok());
  change_tables("UPDATE events SET state = 'done'");
  clock_->advance(3'600'000);
  ASSERT_TRUE(runtime_->call_store("store.prune", R"({"events_older_than_ms":1800000})").ok());
  ASSERT_TRUE(events(id).empty());
  books_.acts = false;
  lost("refunds.create", refund("second"));
  EXPECT_EQ(reason(pass()), "not_found");
}

TEST_F(ReconcileTest, a_refund_that_a_list_shows_before_its_own_answer_is_told_all_the_same) {
  const std::string id = made();
  const auto slow =
      begin("refunds.create", R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"}})");
  books_.put_refund(R"({"id":"r1","amount":8.25,"created_at":)" + std::to_string(kNow) + "}");
  ASSERT_TRUE(shop_->call("refunds.list", R"({"payment_id":")" + id + "\"}").ok());
  reply(*slow, 200, R"({"id":"r1","amount":8.25})");
  ASSERT_TRUE(slow->result().ok()) << slow->result().error().message;
  EXPECT_THAT(events(id), testing::ElementsAre("payment.created reply", "refund.created reply"));
  EXPECT_EQ(stored(id).refunds.size(), 1u);
}

// The sender is slow, taken for dead, and its call settled by another request with its key.
class LateEndTest : public ReconcileTest {
 protected:
  LateEndTest() {
    open(R"("payments.create": {"by": "repeat", "keys_last_hours": 24})", R"({"header": "Idempotency-Key"})");
    late_ = begin("payments.create", order("1234", "once"));
    clock_->advance(5'000 + 60'001);
    EXPECT_EQ(count(pass(), "settled"), 1);
    EXPECT_EQ(all_stored(shop_->name()).size(), 1u);
    books_.set("p1", "paid");
    id_ = all_stored(shop_->name())[0].id;
    EXPECT_TRUE(shop_->call("payments.get", "{\"id\":\"" + id_ + "\"}").ok());
  }
  void expect_the_settled_end() {
    const auto end = parsed(late_->result());
    ASSERT_TRUE(end.ok()) << end.error().message;
    EXPECT_EQ(end->find_string("id"), id_);
    EXPECT_EQ(stored(id_).status, PaymentStatus::kPaid);
    EXPECT_EQ(stored(id_).provider_id, "p1");
    EXPECT_EQ(store()->list_writes({.gateway = shop_->name(), .only_unsettled = true})->size(), 0u);
  }

  std::unique_ptr<Exchange> late_;
  std::string id_;
};

TEST_F(LateEndTest, that_nothing_was_sent_forgets_nothing_that_was_settled) {
  fail(*late_, Sent::kNo);
  expect_the_settled_end();
}

TEST_F(LateEndTest, a_refusal_fails_nothing_that_was_settled) {
  reply(*late_, 409, R"({"error":"key in use"})");
  expect_the_settled_end();
}

TEST_F(LateEndTest, an_answer_about_another_payment_replaces_nothing_that_was_settled) {
  reply(*late_, 200, R"({"id":"p9","status":"pending","amount":48.25,"currency":"EUR","reference":"1234"})");
  expect_the_settled_end();
}

TEST_F(ReconcileTest, a_payment_that_is_known_already_is_not_taken_for_another) {
  made("1234");
  books_.acts = false;
  lost("payments.create", order("1234", "again"));
  EXPECT_EQ(reason(pass()), "not_found");
}

TEST_F(ReconcileTest, another_amount_reference_or_time_is_another_payment) {
  books_.acts = false;
  lost("payments.create", order("1234", "once"));
  books_.put("amount", "1234", kNow, "48.26");
  books_.put("before", "1234", kNow - 11 * 60'000);
  books_.put("after", "1234", kNow + 12 * 60'000);
  books_.put("reference", "12345", kNow);
  EXPECT_EQ(reason(pass()), "not_found");
}

TEST_F(ReconcileTest, a_payment_without_a_reference_cannot_be_looked_for) {
  lost("payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"}})");
  EXPECT_EQ(reason(pass()), "no_reference");
  EXPECT_EQ(books_.reads, 0);
}

TEST_F(ReconcileTest, where_the_manifest_names_no_way_nobody_is_asked) {
  open("");
  const std::string id = lost("payments.create", order("1234", "once"));
  EXPECT_EQ(reason(pass()), "no_way");
  EXPECT_EQ(books_.reads, 0);
  EXPECT_EQ(stored(id).outcome, Outcome::kUnknown);
}

TEST_F(ReconcileTest, a_list_is_given_the_window_and_what_was_wanted) {
  open(R"("payments.create": {"by": "list", "window": true})");
  const std::string id = lost("payments.create", order("1234", "once"));
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_THAT(books_.asked(),
              testing::Contains(testing::AllOf(HasSubstr("from=" + format_iso_time(kNow - 600'000).substr(0, 10)),
                                               HasSubstr("wanted=Shoes"), testing::Not(HasSubstr("reference=")))));
  EXPECT_EQ(stored(id).provider_id, "p1");
}

TEST_F(ReconcileTest, a_list_without_references_is_asked_about_one_by_one_where_the_manifest_says_so) {
  open(R"("payments.create": {"by": "list", "fetch": true})");
  books_.silent = true;
  books_.put("other", "77", kNow);
  const std::string id = lost("payments.create", order("1234", "once"));
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_EQ(stored(id).provider_id, "p2");

  open(R"("payments.create": {"by": "list"})");
  lost("payments.create", order("1235", "twice"));
  EXPECT_EQ(reason(pass()), "not_found");
}

TEST_F(ReconcileTest, a_list_that_does_not_end_proves_nothing) {
  books_.endless = true;
  lost("payments.create", order("1234", "once"));
  EXPECT_EQ(reason(pass()), "list_too_long");
  EXPECT_EQ(books_.reads, 20);
}

TEST_F(ReconcileTest, the_same_request_again_only_with_its_key_and_only_while_the_key_is_known) {
  open(R"("payments.create": {"by": "repeat", "keys_last_hours": 24})", R"({"header": "Idempotency-Key"})");
  books_.acts = false;
  const std::string id = lost("payments.create", order("1234", "once"));
  const int before = books_.writes;
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_EQ(books_.writes, before + 1);
  EXPECT_EQ(stored(id).provider_id, "p1");

  lost("payments.create", order("1235", "late"));
  const int then = books_.writes;
  clock_->advance(24 * 3'600'000);
  EXPECT_EQ(reason(pass()), "key_too_old");
  EXPECT_EQ(books_.writes, then);
}

TEST_F(ReconcileTest, a_key_that_the_provider_may_have_forgotten_by_its_own_clock_is_not_sent_again) {
  open(R"("payments.create": {"by": "repeat", "keys_last_hours": 24})", R"({"header": "Idempotency-Key"})");
  expect_repeated_until(24 * 3'600'000 - 600'000 - 5'000);
}

TEST_F(ReconcileTest, the_same_request_again_only_when_its_key_outlives_the_wait_for_a_rate_limit) {
  open(R"("payments.create": {"by": "repeat", "keys_last_hours": 24})", R"({"header": "Idempotency-Key"})",
       R"(,"rate_limit_wait_ms":60000)");
  expect_repeated_until(24 * 3'600'000 - 600'000 - 5'000 - 60'000);
}

TEST_F(ReconcileTest, a_pass_that_has_to_look_something_up_holds_up_no_change_of_the_store) {
  lost("payments.create", order("1234", "once"));
  StoreQueue& queue = runtime_->engine().value()->store();
  std::promise<void> held, go;
  const auto reader = std::async(std::launch::async, [&] {
    return queue.read([&](Store&) {
      held.set_value();
      go.get_future().wait();
      return Status();
    });
  });
  held.get_future().wait();
  std::promise<Result<std::string>> ended;
  shop_->start("reconcile", "{}", [&](Result<std::string> report) { ended.set_value(std::move(report)); });
  std::promise<void> changed;
  queue.submit([](Store&) { return Status(); }, [&](const Status&) { changed.set_value(); });
  EXPECT_EQ(changed.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  go.set_value();
  EXPECT_EQ(count(json::parse(ended.get_future().get().value()).value(), "settled"), 1);
}

TEST_F(ReconcileTest, a_payment_by_card_is_never_sent_again) {
  open(R"("payments.create": {"by": "repeat", "keys_last_hours": 24})", R"({"header": "Idempotency-Key"})");
  const auto card = remember_card({.number = Secret("4111111111111111"),
                                   .cvv = Secret("123"),
                                   .expiry_month = "12",
                                   .expiry_year = "2030",
                                   .holder_name = "A B"})
                        .value();
  lost("payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"1","card":")" + card + "\"}");
  const int before = books_.writes;
  EXPECT_EQ(reason(pass()), "input_not_kept");
  EXPECT_EQ(books_.writes, before);
}

TEST_F(ReconcileTest, a_refund_whose_answer_was_lost_is_found_in_the_list_and_counts_once) {
  const std::string id = made();
  const std::string refund =
      R"({"payment_id":")" + id +
      R"(","amount":{"amount":"8.25","currency":"EUR"},"reason":"Late","idempotency_key":"back"})";
  lost("refunds.create", refund);
  const json::Value report = pass();
  EXPECT_EQ(count(report, "settled"), 1);
  ASSERT_EQ(stored(id).refunds.size(), 1u);
  const auto again = shop_->call("refunds.create", refund);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(json::parse(*again)->find_string("id"), stored(id).refunds[0].find_string("id"));
  EXPECT_EQ(json::parse(*again)->find_string("reason"), "Late");
  EXPECT_THAT(events(id), testing::Contains("refund.created reconcile"));
  EXPECT_EQ(books_.writes, 2);
  ASSERT_TRUE(shop_->call("refunds.list", R"({"payment_id":")" + id + "\"}").ok());
  EXPECT_EQ(stored(id).refunds.size(), 1u);
}

TEST_F(ReconcileTest, a_lost_refund_is_found_on_any_page_and_two_that_fit_on_two_pages_settle_nothing) {
  const std::string id = made();
  const auto refund = [&](std::string key) {
    return R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"},"idempotency_key":")" + key +
           "\"}";
  };
  books_.one_by_one = true;
  for (int i = 0; i < 3; ++i)
    books_.put_refund(R"({"id":"old)" + std::to_string(i) + R"(","amount":1.00,"created_at":1})");
  lost("refunds.create", refund("first"));
  EXPECT_EQ(count(pass(), "settled"), 1) << "it stands on the fourth page";
  EXPECT_EQ(stored(id).refunds.size(), 4u);

  lost("refunds.create", refund("second"));
  books_.put_refund(R"({"id":"twin","amount":8.25,"created_at":)" + std::to_string(kNow) + "}");
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(count(pass(), "settled"), 0);
  for (int i = 0; i < 20; ++i)
    books_.put_refund(R"({"id":"more)" + std::to_string(i) + R"(","amount":1.00,"created_at":1})");
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(reason(pass()), "list_too_long");
}

TEST_F(ReconcileTest, a_refund_that_another_write_made_is_not_taken_for_this_one) {
  const std::string id = made();
  const auto refund = [&](std::string key) {
    return R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"},"idempotency_key":")" + key +
           "\"}";
  };
  ASSERT_TRUE(shop_->call("refunds.create", refund("first")).ok());
  books_.acts = false;
  lost("refunds.create", refund("second"));
  EXPECT_EQ(reason(pass()), "not_found");
  books_.put_refund(R"({"id":"old","amount":8.25,"created_at":)" + std::to_string(kNow - 3'600'000) + "}");
  books_.put_refund(R"({"id":"other","amount":8.26,"created_at":)" + std::to_string(kNow) + "}");
  books_.put_refund(R"({"id":"timeless","amount":8.25})");
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(reason(pass()), "not_found");
  books_.put_refund(R"({"id":"ours","created_at":)" + std::to_string(kNow) + "}");
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(count(pass(), "settled"), 1);
}

TEST_F(ReconcileTest, a_refund_in_another_currency_is_not_taken_for_this_one) {
  const std::string id = made();
  books_.acts = false;
  lost("refunds.create", R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"}})");
  books_.put_refund(R"({"id":"yen","amount":825,"currency":"JPY","created_at":)" + std::to_string(kNow) + "}");
  EXPECT_EQ(reason(pass()), "not_found");
}

TEST_F(ReconcileTest, two_unknown_refunds_of_one_payment_settle_nothing) {
  const std::string id = made();
  for (const char* key : {"one", "two"}) {
    lost("refunds.create", R"({"payment_id":")" + id +
                               R"(","amount":{"amount":"8.25","currency":"EUR"},"idempotency_key":")" + key + "\"}");
    books_.acts = false;  // the one refund that there is may be either
  }
  EXPECT_EQ(count(pass(), "settled"), 0);
}

TEST_F(ReconcileTest, a_cancellation_is_told_by_the_payments_state) {
  const std::string id = made();
  const std::string cancel = R"({"id":")" + id + R"(","idempotency_key":"cancel"})";
  books_.acts = false;
  lost("payments.cancel", cancel);
  EXPECT_EQ(reason(pass()), "not_told");
  books_.set("p1", "cancelled");
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_EQ(json::parse(*shop_->call("payments.cancel", cancel))->find_string("status"), "cancelled");
  EXPECT_EQ(books_.writes, 2);
}

TEST_F(ReconcileTest, an_acceptance_is_told_only_when_the_payment_was_underpaid) {
  const std::string id = made();
  books_.set("p1", "underpaid");
  ASSERT_TRUE(shop_->call("payments.get", R"({"id":")" + id + "\"}").ok());
  lost("payments.accept", R"({"id":")" + id + "\"}");
  EXPECT_EQ(count(pass(), "settled"), 1);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  lost("payments.accept", R"({"id":")" + id + "\"}");
  EXPECT_EQ(reason(pass()), "not_told");
}

TEST_F(ReconcileTest, a_write_whose_caller_went_away_is_settled) {
  { const auto left = begin("payments.create", order("1234", "once")); }
  books_.put("p1", "1234", kNow);
  EXPECT_EQ(count(pass(), "settled"), 1);
}

TEST_F(ReconcileTest, a_write_in_flight_is_left_alone_until_its_deadline) {
  const auto exchange = begin("payments.create", order("1234", "once"));
  ASSERT_NE(exchange->request(), nullptr);
  json::Value report = pass();
  EXPECT_EQ(count(report, "looked"), 0);
  EXPECT_TRUE(report.find("unknown")->array()->empty());
  EXPECT_EQ(report.find_string("next_at"), format_iso_time(kNow + 5'000 + 60'001));
  clock_->advance(5'000 + 60'001);
  report = pass();
  EXPECT_EQ(reason(report), "not_found");
  EXPECT_EQ(store()->list_writes({.gateway = shop_->name()}).value()[0].state, WriteState::kUnknown);
}

TEST_F(ReconcileTest, an_answer_that_comes_after_reconcile_changes_nothing_twice) {
  const auto exchange = begin("payments.create", order("1234", "once"));
  ASSERT_NE(exchange->request(), nullptr);
  books_.put("p1", "1234", kNow);
  clock_->advance(5'000 + 60'001);
  EXPECT_EQ(count(pass(), "settled"), 1);
  const std::string id = all_stored(shop_->name())[0].id;
  reply(*exchange, 200, R"({"id":"p1","status":"pending","amount":48.25,"currency":"EUR","reference":"1234"})");
  EXPECT_TRUE(exchange->result().ok());
  EXPECT_THAT(events(id), testing::ElementsAre("payment.created reconcile"));
}

TEST_F(ReconcileTest, a_failure_that_comes_after_reconcile_makes_nothing_unknown_again) {
  const auto exchange = begin("payments.create", order("1234", "once"));
  ASSERT_NE(exchange->request(), nullptr);
  books_.put("p1", "1234", kNow);
  clock_->advance(5'000 + 60'001);
  EXPECT_EQ(count(pass(), "settled"), 1);
  fail(*exchange, Sent::kMaybe);
  EXPECT_TRUE(pass().find("unknown")->array()->empty());
  EXPECT_TRUE(shop_->call("payments.create", order("1234", "once")).ok());
}

TEST_F(ReconcileTest, open_payments_are_asked_about_when_they_are_due) {
  const std::string id = made();
  json::Value report = pass();
  EXPECT_EQ(count(report, "looked"), 0);
  books_.set("p1", "paid");
  clock_->advance(kFirstLookMs * 5 / 4);
  report = pass();
  EXPECT_EQ(count(report, "looked"), 1);
  EXPECT_EQ(count(report, "changed"), 1);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  EXPECT_TRUE(report.find("next_at")->is_null());
  EXPECT_THAT(events(id), testing::Contains("payment.paid poll"));
}

TEST_F(ReconcileTest, questions_without_news_grow_apart) {
  const std::string id = made();
  std::int64_t wait_ms = 0;
  for (int i = 0; i < 4; ++i) {
    const std::int64_t now_waits = *stored(id).look_at - clock_->now_ms();
    EXPECT_GT(now_waits, wait_ms);
    wait_ms = now_waits;
    clock_->advance(now_waits);
    EXPECT_EQ(count(pass(), "looked"), 1);
  }
  EXPECT_EQ(stored(id).looks, 4);
  books_.set("p1", "processing");
  clock_->advance(kMaxLookMs);
  pass();
  EXPECT_EQ(stored(id).looks, 0);
}

TEST_F(ReconcileTest, what_was_taken_is_nobody_elses_until_the_lease_is_over) {
  lost("payments.create", order("1234", "once"));
  const auto store = this->store();
  ASSERT_EQ(store->take_unsettled_writes(shop_->name(), kNow, kNow + 300'000, 10)->size(), 1u);
  EXPECT_EQ(count(pass(), "looked"), 0);
  clock_->advance(300'000);
  EXPECT_EQ(count(pass(), "settled"), 1);
}

// What the first one to ask found is the write's end, and another refund that fits by now is somebody else's.
TEST_F(ReconcileTest, a_question_that_takes_longer_than_its_lease_settles_nothing_a_second_time) {
  const std::string id = made();
  const std::string refund =
      R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"},"idempotency_key":"back"})";
  lost("refunds.create", refund);
  json::Value between;
  books_.before_list([&] {
    clock_->advance(300'000);
    between = pass();
    books_.put_refund(R"({"id":"dashboard","amount":8.25,"created_at":)" + std::to_string(kNow) + "}");
  });
  const json::Value report = pass();
  EXPECT_EQ(count(between, "settled"), 1);
  EXPECT_EQ(count(report, "failed"), 0);
  EXPECT_TRUE(report.find("unknown")->array()->empty());
  EXPECT_THAT(events(id), testing::ElementsAre("payment.created reply", "refund.created reconcile"));
  EXPECT_EQ(stored(id).made_refunds.size(), 1u);
  EXPECT_EQ(json::parse(*shop_->call("refunds.create", refund))->find_string("provider_id"), "r1");
}

TEST_F(ReconcileTest, a_sender_that_ends_while_its_write_is_asked_about_has_settled_it) {
  const std::string id = made();
  const auto slow =
      begin("refunds.create", R"({"payment_id":")" + id + R"(","amount":{"amount":"8.25","currency":"EUR"}})");
  clock_->advance(5'000 + 60'001);
  books_.before_list([&] {
    reply(*slow, 200, R"({"id":"ours","amount":8.25})");
    books_.put_refund(R"({"id":"dashboard","amount":8.25,"created_at":)" + std::to_string(kNow) + "}");
  });
  pass();
  ASSERT_TRUE(slow->result().ok()) << slow->result().error().message;
  EXPECT_THAT(events(id), testing::ElementsAre("payment.created reply", "refund.created reply"));
  EXPECT_EQ(stored(id).made_refunds.size(), 1u);
}

TEST_F(ReconcileTest, what_was_not_settled_is_put_off_more_and_more) {
  books_.acts = false;
  lost("payments.create", order("1234", "once"));
  pass();
  EXPECT_EQ(count(pass(), "looked"), 0);
  clock_->advance(kFirstWriteLookMs * 5 / 4);
  EXPECT_EQ(count(pass(), "looked"), 1);
  clock_->advance(kFirstWriteLookMs * 5 / 4);
  EXPECT_EQ(count(pass(), "looked"), 0);
}

TEST_F(ReconcileTest, a_provider_that_does_not_answer_ends_the_pass) {
  for (int i = 0; i < 20; ++i) lost("payments.create", order(std::to_string(i), "key" + std::to_string(i)));
  books_.asleep = true;
  const json::Value report = pass();
  EXPECT_LT(count(report, "looked"), 12);
  EXPECT_EQ(count(report, "failed"), count(report, "looked"));
  EXPECT_EQ(count(report, "settled"), 0);
  const json::Array& unknown = *report.find("unknown")->array();
  ASSERT_EQ(unknown.size(), 20u);
  std::int64_t told = 0;
  for (const json::Value& write : unknown) {
    const bool failed = write.find_string("reason") == "failed";
    EXPECT_EQ(failed, write.find_string("message").value_or("") != "") << json::write(write);
    if (failed) ++told;
  }
  EXPECT_EQ(told, count(report, "failed"));
}

TEST_F(ReconcileTest, a_rate_limit_ends_the_pass_and_is_waited_for) {
  for (int i = 0; i < 20; ++i) lost("payments.create", order(std::to_string(i), "key" + std::to_string(i)));
  books_.limited = 0;
  const json::Value report = pass();
  EXPECT_LE(count(report, "looked"), 8);
  clock_->advance(59'000);
  books_.limited = 1'000'000;
  EXPECT_EQ(count(pass(), "looked"), 0);
}

TEST_F(ReconcileTest, a_rate_limit_without_an_end_puts_off_no_further_than_the_last_look_would) {
  lost("payments.create", order("1234", "once"));
  books_.limited = 0;
  books_.retry_after = 999'999'999;
  pass();
  books_.limited = 1'000'000;
  clock_->advance(kMaxWriteLookMs);
  EXPECT_EQ(count(pass(), "settled"), 1) << "a write";

  const std::string id = all_stored(shop_->name()).front().id;
  clock_->set(stored(id).look_at.value());
  books_.reads = 0;
  books_.limited = 0;
  pass();
  EXPECT_LE(stored(id).look_at.value(), clock_->now_ms() + kMaxLookMs) << "a payment";
}

TEST_F(ReconcileTest, a_payment_that_cannot_be_read_is_left_out_and_the_others_are_asked_about) {
  const std::string id = made("1"), other = made("2");
  change_tables("UPDATE payments SET record = 'no JSON' WHERE id = '" + id + "'");
  clock_->advance(kFirstLookMs * 2);
  books_.set("p2", "paid");
  const json::Value report = pass();
  EXPECT_EQ(count(report, "looked"), 1);
  EXPECT_EQ(count(report, "changed"), 1);
  EXPECT_EQ(stored(other).status, PaymentStatus::kPaid);
}

TEST_F(ReconcileTest, a_pass_takes_no_more_than_it_is_told_and_the_next_goes_on) {
  for (int i = 0; i < 7; ++i) lost("payments.create", order(std::to_string(i), "key" + std::to_string(i)));
  EXPECT_EQ(count(pass(R"({"limit":5})"), "settled"), 5);
  EXPECT_EQ(count(pass(R"({"limit":5})"), "settled"), 2);
}

TEST_F(ReconcileTest, input_that_is_wrong_is_refused) {
  for (const char* input : {R"({"limit":0})", R"({"limit":1001})", R"({"limit":"5"})", R"({"all":true})", "[]"})
    EXPECT_EQ(shop_->call("reconcile", input).error().kind, ErrorKind::kInvalidRequest) << input;
  EXPECT_EQ(shop_->begin("reconcile", "{}").error().kind, ErrorKind::kUnsupported);
}

TEST_F(ReconcileTest, many_are_settled_in_one_pass) {
  for (int i = 0; i < 50; ++i) lost("payments.create", order(std::to_string(i), "key" + std::to_string(i)));
  const json::Value report = pass();
  EXPECT_EQ(count(report, "settled"), 50);
  std::set<std::string> ids;
  for (const Payment& payment : all_stored(shop_->name())) ids.insert(payment.provider_id);
  EXPECT_EQ(ids.size(), 50u);
  EXPECT_EQ(books_.writes, 50);
}

}  // namespace
}  // namespace till
