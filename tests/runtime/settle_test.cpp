// Settling by hand: what a person found on the provider's dashboard, or did not find there.
#include "core/runtime/settle.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As Acme's own, and shows a payment whose amount the provider does not tell.
constexpr std::string_view kGetScript = R"lua(
function provider.payments.get(input)
  local data = http.get("/payments/{id}", {path = {id = input.provider_id}}).json
  return {id = data.id, status = data.status, amount = data.amount and money.of(data.amount, data.currency) or nil,
          reference = data.reference, test = data.test, raw = data}
end
)lua";

// The provider's dashboard: payments by id, and what happens before the next one is shown.
class Dashboard {
 public:
  std::string base_url() const { return server_.url(""); }

  void put(const std::string& id, std::string members) {
    const std::lock_guard lock(mutex_);
    shown_[id] = R"({"id":")" + id + "\"," + std::move(members) + "}";
  }
  void before_answer(std::function<void()> happens) {
    const std::lock_guard lock(mutex_);
    happens_ = std::move(happens);
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve(http::Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      std::unique_lock lock(mutex_);
      ++asked_;
      const auto happens = std::exchange(happens_, nullptr);
      lock.unlock();
      if (happens) happens();
      lock.lock();
      const std::string id = request.substr(14, request.find(" HTTP") - 14);  // behind "GET /payments/"
      const auto found = shown_.find(id);
      if (!(found == shown_.end() ? peer.answer(R"({"error":"no such payment"})", 404) : peer.answer(found->second)))
        return;
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::string> shown_;
  std::function<void()> happens_;
  int asked_ = 0;
  http::StubServer server_{[this](http::Peer& peer) { serve(peer); }};
};

class SettleTest : public AcmeTest {
 protected:
  static constexpr std::int64_t kAbandonedMs = 5'000 + 60'001;
  static constexpr std::string_view kFits = R"("status":"pending","amount":48.25,"currency":"EUR","reference":"1234")";

  SettleTest() {
    const std::string manifest =
        replaced(kAcmeManifest, R"({"status": 401, "kind": "AuthenticationError"})",
                 R"({"status": 401, "kind": "AuthenticationError"}, {"status": 404, "kind": "NotFound"})");
    open(manifest);
  }
  void open(std::string_view manifest) {
    open_variant(manifest,
                 R"({"api_key":"sk_live_SECRET123","timeout_ms":5000,"base_url":")" + dashboard_.base_url() + "\"}",
                 std::string(kAcmeScript) + std::string(kGetScript));
  }

  static std::string order(std::string_view key, std::string_view reference = "1234") {
    return R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":")" + std::string(reference) +
           R"(","idempotency_key":")" + std::string(key) + "\"}";
  }
  static std::string about(std::string_view operation, std::string_view id, std::string_view key) {
    const std::string member = operation == "refunds.create" ? "payment_id" : "id";
    return "{\"" + member + "\":\"" + std::string(id) + R"(","idempotency_key":")" + std::string(key) + "\"" +
           (operation == "refunds.create" ? R"(,"amount":{"amount":"8.25","currency":"EUR"}})" : "}");
  }
  // A call whose answer is lost; the payment's id.
  std::string lost(std::string_view operation, std::string_view input) {
    const auto exchange = begin(operation, input);
    fail(*exchange, Sent::kMaybe);
    const auto& result = exchange->result();
    EXPECT_EQ(result.ok() ? ErrorKind::kInternal : result.error().kind, ErrorKind::kOutcomeUnknown);
    return result.ok() ? "" : result.error().payment_id;
  }
  std::string made(std::string_view provider_id) {
    const auto payment = run("payments.create", order("key-" + std::string(provider_id)), 200,
                             R"({"id":")" + std::string(provider_id) + "\"," + std::string(kFits) + "}");
    EXPECT_TRUE(payment.ok()) << payment.error().message;
    return std::string(*payment->find_string("id"));
  }

  Result<json::Value> settle(std::string_view which, std::string_view word) {
    return parsed(shop_->call("settle", "{" + std::string(which) + "," + std::string(word) + "}"));
  }
  static std::string payment(std::string_view id) { return R"("payment_id":")" + std::string(id) + "\""; }
  static std::string write(std::string_view id) { return R"("write_id":")" + std::string(id) + "\""; }
  static std::string is(std::string_view provider_id) { return R"("provider_id":")" + std::string(provider_id) + "\""; }
  static constexpr std::string_view kIsNotDone = R"("not_done":true)";

  // Newest first.
  std::vector<Write> writes(bool open = true) const {
    return store()->list_writes({.gateway = shop_->name(), .only_unsettled = open}).value();
  }
  std::vector<std::string> events(std::string_view payment) const {
    std::vector<std::string> out;
    const std::vector<Event> all = store()->list_events(payment).value();
    for (const Event& event : all) out.push_back(event.type + " " + event.source);
    return out;
  }
  static void expect_error(const Result<json::Value>& result, ErrorKind kind, std::string_view code,
                           std::string_view field = "") {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().kind, kind) << result.error().message;
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_EQ(result.error().field, field) << result.error().message;
  }
  void expect_unknown(std::string_view id) const {
    EXPECT_EQ(stored(id).outcome, Outcome::kUnknown);
    EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
    EXPECT_THAT(events(id), IsEmpty());
    EXPECT_EQ(writes().size(), 1u);
  }

  Dashboard dashboard_;
};

TEST_F(SettleTest, a_payment_that_stands_on_the_dashboard_is_the_lost_one) {
  const std::string id = lost("payments.create", order("once"));
  dashboard_.put("p1", std::string(kFits));
  const auto settled = settle(payment(id), is("p1"));
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->find_string("id"), id);
  EXPECT_EQ(settled->find_string("provider_id"), "p1");
  EXPECT_EQ(settled->find_string("outcome"), "known");
  EXPECT_EQ(stored(id).provider_id, "p1");
  EXPECT_THAT(events(id), ElementsAre("payment.created settle"));
  EXPECT_THAT(writes(), IsEmpty());

  const auto again = parsed(shop_->call("payments.create", order("once")));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->find_string("provider_id"), "p1");
  EXPECT_EQ(dashboard_.asked(), 1) << "the same key sends nothing";
}

TEST_F(SettleTest, a_payment_that_does_not_fit_settles_nothing) {
  const std::string id = lost("payments.create", order("once"));
  const std::map<std::string, std::string> others{
      {"amount_mismatch", R"("status":"pending","amount":48.26,"currency":"EUR","reference":"1234")"},
      {"currency_mismatch", R"("status":"pending","amount":4825,"currency":"JPY","reference":"1234")"},
      {"reference_mismatch", R"("status":"pending","amount":48.25,"currency":"EUR","reference":"1235")"},
      {"mode_mismatch", R"("status":"pending","amount":48.25,"currency":"EUR","reference":"1234","test":true)"},
      {"amount_missing", R"("status":"pending","reference":"1234")"},
  };
  for (const auto& [code, shown] : others) {
    dashboard_.put("p1", shown);
    expect_error(settle(payment(id), is("p1")), ErrorKind::kProvider, code, "$.provider_id");
    EXPECT_EQ(stored(id).provider_id, "");
    expect_unknown(id);
  }
  dashboard_.put("p1", R"("status":"pending","amount":48.25,"currency":"EUR")");
  EXPECT_TRUE(settle(payment(id), is("p1")).ok()) << "a reference that the provider does not tell";
}

TEST_F(SettleTest, what_the_provider_does_not_know_settles_nothing) {
  const std::string id = lost("payments.create", order("once"));
  const auto settled = settle(payment(id), is("p7"));
  ASSERT_FALSE(settled.ok());
  EXPECT_EQ(settled.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(settled.error().field, "$.provider_id");
  expect_unknown(id);
}

TEST_F(SettleTest, one_payment_of_the_provider_is_never_two_of_ours) {
  const std::string first = made("p1");
  const std::string id = lost("payments.create", order("once"));
  dashboard_.put("p1", std::string(kFits));
  const auto settled = settle(payment(id), is("p1"));
  expect_error(settled, ErrorKind::kConflict, "already_ours");
  EXPECT_THAT(settled.error().message, HasSubstr(first));
  expect_unknown(id);
}

TEST_F(SettleTest, of_two_that_look_the_same_the_shop_says_which_it_is) {
  const std::string first = lost("payments.create", order("first"));
  const std::string second = lost("payments.create", order("second"));
  dashboard_.put("p1", std::string(kFits));
  const auto settled = settle(payment(second), is("p1"));
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(stored(second).provider_id, "p1");
  expect_unknown(first);
}

TEST_F(SettleTest, what_is_settled_stays_so_and_the_same_word_again_gives_the_payment) {
  const std::string id = lost("payments.create", order("once"));
  const std::string which = write(writes().at(0).id);
  dashboard_.put("p1", std::string(kFits));
  dashboard_.put("p2", std::string(kFits));
  ASSERT_TRUE(settle(which, is("p1")).ok());
  for (const std::string& same : {which, payment(id)}) {
    const auto again = settle(same, is("p1"));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->find_string("id"), id);
    const auto other = settle(same, is("p2"));
    expect_error(other, ErrorKind::kConflict, "already_settled");
    EXPECT_THAT(other.error().message, HasSubstr("is p1 at the provider"));
    expect_error(settle(same, kIsNotDone), ErrorKind::kConflict, "already_settled");
  }
  EXPECT_EQ(dashboard_.asked(), 1);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  EXPECT_THAT(events(id), ElementsAre("payment.created settle"));
}

TEST_F(SettleTest, a_payment_that_is_not_there_has_failed) {
  const std::string id = lost("payments.create", order("once"));
  const auto settled = settle(payment(id), kIsNotDone);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->find_string("id"), id);
  EXPECT_EQ(settled->find_string("status"), "failed");
  EXPECT_EQ(settled->find_string("outcome"), "known");
  EXPECT_EQ(stored(id).status, PaymentStatus::kFailed);
  EXPECT_FALSE(stored(id).look_at.has_value());
  EXPECT_THAT(events(id), ElementsAre("payment.failed settle"));
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_EQ(dashboard_.asked(), 0) << "nobody is asked";

  for (const std::string_view word : {kIsNotDone, std::string_view(R"("provider_id":"p1")")}) {
    const auto again = settle(payment(id), word);
    expect_error(again, ErrorKind::kConflict, "already_settled");
    EXPECT_THAT(again.error().message, HasSubstr("never had its effect"));
  }
  EXPECT_THAT(events(id), ElementsAre("payment.failed settle"));
}

TEST_F(SettleTest, the_key_of_what_was_not_done_is_not_used_again) {
  lost("payments.create", order("once"));
  ASSERT_TRUE(settle(write(writes().at(0).id), kIsNotDone).ok());
  const auto again = shop_->begin("payments.create", order("once"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->request(), nullptr) << "nothing is sent";
  const auto end = parsed((*again)->result());
  expect_error(end, ErrorKind::kConflict, "settled_not_done", "$.idempotency_key");
  EXPECT_THAT(end.error().message, HasSubstr("call again with a new idempotency key"));
  const auto next = run("payments.create", order("twice"), 200, R"({"id":"p1",)" + std::string(kFits) + "}");
  EXPECT_TRUE(next.ok()) << next.error().message;
}

TEST_F(SettleTest, a_change_that_was_not_done_leaves_the_payment_as_it_is) {
  const std::string id = made("p1");
  const std::vector<std::string> before = events(id);
  const std::vector<std::pair<std::string, std::string>> calls{{"payments.cancel", about("payments.cancel", id, "c")},
                                                               {"refunds.create", about("refunds.create", id, "r")}};
  for (const auto& [operation, input] : calls) {
    if (operation == "payments.cancel") {
      const auto exchange = begin(operation, input);
      reply(*exchange, 200, kPending);
      fail(*exchange, Sent::kMaybe);
    } else {
      lost(operation, input);
    }
    ASSERT_EQ(writes().size(), 1u) << operation;
    expect_error(settle(payment(id), is("p1")), ErrorKind::kInvalidRequest, "invalid_request", "$.provider_id");
    const auto settled = settle(payment(id), kIsNotDone);
    ASSERT_TRUE(settled.ok()) << settled.error().message;
    EXPECT_EQ(settled->find_string("status"), "pending");
    EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
    EXPECT_EQ(events(id), before);
    EXPECT_THAT(writes(), IsEmpty());
    expect_error(parsed(shop_->call(operation, input)), ErrorKind::kConflict, "settled_not_done", "$.idempotency_key");
  }
}

TEST_F(SettleTest, a_write_that_is_about_no_payment_has_none_to_give) {
  const auto exchange = begin("native.setThing", R"({"a":1})");
  fail(*exchange, Sent::kMaybe);
  const auto settled = settle(write(writes().at(0).id), kIsNotDone);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_TRUE(settled->is_null());
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(SettleTest, a_call_that_is_under_way_is_left_to_its_sender) {
  const auto exchange = begin("payments.create", order("once"));
  ASSERT_NE(exchange->request(), nullptr);
  dashboard_.put("p1", std::string(kFits));
  const std::string id = all_stored(shop_->name()).at(0).id;
  for (const std::string_view word : {kIsNotDone, std::string_view(R"("provider_id":"p1")")}) {
    const auto settled = settle(payment(id), word);
    expect_error(settled, ErrorKind::kConflict, "in_flight");
    EXPECT_TRUE(!settled.ok() && settled.error().retryable);
    expect_unknown(id);
  }
  clock_->advance(kAbandonedMs);
  EXPECT_TRUE(settle(payment(id), is("p1")).ok());
}

TEST_F(SettleTest, a_sender_that_comes_back_changes_nothing_of_a_payment_that_was_found) {
  const auto slow = begin("payments.create", order("once"));
  clock_->advance(kAbandonedMs);
  const std::string id = all_stored(shop_->name()).at(0).id;
  dashboard_.put("p1", std::string(kFits));
  ASSERT_TRUE(settle(payment(id), is("p1")).ok());
  reply(*slow, 200, R"({"id":"p9","status":"paid","amount":48.25,"currency":"EUR","reference":"1234"})");
  const auto end = parsed(slow->result());
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->find_string("provider_id"), "p1");
  EXPECT_EQ(stored(id).provider_id, "p1");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  EXPECT_THAT(events(id), ElementsAre("payment.created settle"));
}

TEST_F(SettleTest, a_sender_that_comes_back_changes_nothing_of_what_was_not_done_and_is_told_to_look) {
  const auto slow = begin("payments.create", order("once"));
  clock_->advance(kAbandonedMs);
  const std::string id = all_stored(shop_->name()).at(0).id;
  ASSERT_TRUE(settle(payment(id), kIsNotDone).ok());
  reply(*slow, 200, kPending);
  const auto end = parsed(slow->result());
  expect_error(end, ErrorKind::kOutcomeUnknown, "outcome_unknown");
  EXPECT_EQ(end.error().settle, "dashboard");
  EXPECT_EQ(end.error().payment_id, id);
  EXPECT_EQ(stored(id).status, PaymentStatus::kFailed);
  EXPECT_EQ(stored(id).provider_id, "");
  EXPECT_THAT(events(id), ElementsAre("payment.failed settle"));
}

TEST_F(SettleTest, a_sender_without_an_answer_hears_of_what_was_not_done) {
  const auto slow = begin("payments.create", order("once"));
  clock_->advance(kAbandonedMs);
  const std::string id = all_stored(shop_->name()).at(0).id;
  ASSERT_TRUE(settle(payment(id), kIsNotDone).ok());
  fail(*slow, Sent::kMaybe);
  expect_error(parsed(slow->result()), ErrorKind::kConflict, "settled_not_done", "$.idempotency_key");
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(events(id), ElementsAre("payment.failed settle"));
}

TEST_F(SettleTest, the_first_to_settle_has_settled) {
  const std::string id = lost("payments.create", order("once"));
  dashboard_.put("p1", std::string(kFits));
  dashboard_.before_answer([&] { EXPECT_TRUE(settle(payment(id), kIsNotDone).ok()); });
  const auto late = settle(payment(id), is("p1"));
  expect_error(late, ErrorKind::kConflict, "already_settled");
  EXPECT_EQ(stored(id).status, PaymentStatus::kFailed);
  EXPECT_EQ(stored(id).provider_id, "");
  EXPECT_THAT(events(id), ElementsAre("payment.failed settle"));
}

TEST_F(SettleTest, two_who_say_the_same_at_once_are_both_given_the_payment) {
  const std::string id = lost("payments.create", order("once"));
  dashboard_.put("p1", std::string(kFits));
  dashboard_.before_answer([&] { EXPECT_TRUE(settle(payment(id), is("p1")).ok()); });
  const auto late = settle(payment(id), is("p1"));
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_EQ(late->find_string("id"), id);
  EXPECT_THAT(events(id), ElementsAre("payment.created settle"));
}

TEST_F(SettleTest, what_the_provider_told_of_is_not_taken_for_not_done) {
  const std::string id = lost("payments.create", order("once"));
  const auto opened = store();
  Payment told = stored(id);
  told.outcome = Outcome::kKnown;
  told.status = PaymentStatus::kPaid;
  told.provider_id = "p1";
  ASSERT_TRUE(opened->begin().ok());
  ASSERT_TRUE(opened->put_payment(told).ok());
  ASSERT_TRUE(opened->commit().ok());
  expect_error(settle(payment(id), kIsNotDone), ErrorKind::kConflict, "payment_known");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  EXPECT_EQ(writes().size(), 1u);
}

TEST_F(SettleTest, a_payment_that_came_back_wrong_is_that_one_or_none) {
  const auto wrong = run("payments.create", order("once"), 200,
                         R"({"id":"p9","status":"pending","amount":1.00,"currency":"EUR","reference":"1234"})");
  ASSERT_FALSE(wrong.ok());
  const std::string id = wrong.error().payment_id;
  dashboard_.put("p1", std::string(kFits));
  dashboard_.put("p9", R"("status":"pending","amount":1.00,"currency":"EUR","reference":"1234")");
  expect_error(settle(payment(id), is("p1")), ErrorKind::kConflict, "other_provider_id", "$.provider_id");
  expect_error(settle(payment(id), is("p9")), ErrorKind::kProvider, "amount_mismatch", "$.provider_id");
  ASSERT_TRUE(settle(payment(id), kIsNotDone).ok());
  EXPECT_EQ(stored(id).status, PaymentStatus::kFailed);
  EXPECT_THAT(events(id), ElementsAre("payment.mismatch reply", "payment.failed settle"));
}

TEST_F(SettleTest, of_several_calls_about_a_payment_one_is_named) {
  const std::string id = made("p1");
  lost("refunds.create", about("refunds.create", id, "one"));
  lost("refunds.create", about("refunds.create", id, "two"));
  const auto unclear = settle(payment(id), kIsNotDone);
  expect_error(unclear, ErrorKind::kInvalidRequest, "invalid_request", "$.payment_id");
  EXPECT_THAT(unclear.error().message, HasSubstr("write_id"));
  ASSERT_EQ(writes().size(), 2u);
  ASSERT_TRUE(settle(write(writes().at(0).id), kIsNotDone).ok());
  EXPECT_EQ(writes().size(), 1u);
  EXPECT_TRUE(settle(payment(id), kIsNotDone).ok());
}

TEST_F(SettleTest, what_another_gateway_or_nobody_knows_is_not_found) {
  const std::string id = lost("payments.create", order("once"));
  const std::string which = writes().at(0).id;
  shop_ = open_gateway();
  for (const std::string_view word : {kIsNotDone, std::string_view(R"("provider_id":"p1")")}) {
    expect_error(settle(payment(id), word), ErrorKind::kNotFound, "unknown_payment", "$.payment_id");
    expect_error(settle(payment("pay_none"), word), ErrorKind::kNotFound, "unknown_payment", "$.payment_id");
    expect_error(settle(write(which), word), ErrorKind::kNotFound, "unknown_write", "$.write_id");
    expect_error(settle(write("wrt_none"), word), ErrorKind::kNotFound, "unknown_write", "$.write_id");
  }
  EXPECT_EQ(stored(id).outcome, Outcome::kUnknown);
}

TEST_F(SettleTest, a_provider_that_shows_no_payment_cannot_be_asked) {
  std::string manifest = replaced(kAcmeManifest, R"("payments.get": {}, )", "");
  manifest = replaced(manifest, R"("absent": {)", R"("absent": {"payments.get": "Acme shows no single payment.", )");
  open_variant(manifest);
  const std::string id = lost("payments.create", order("once"));
  const auto settled = settle(payment(id), is("p1"));
  expect_error(settled, ErrorKind::kUnsupported, "unsupported");
  EXPECT_THAT(settled.error().message, HasSubstr("Acme shows no single payment."));
  expect_unknown(id);
  EXPECT_TRUE(settle(payment(id), kIsNotDone).ok());
}

TEST_F(SettleTest, input_that_is_wrong_is_refused) {
  for (const char* input :
       {"{}", "[]", R"({"payment_id":"pay_1"})", R"({"not_done":true})", R"({"payment_id":"pay_1","not_done":false})",
        R"({"payment_id":"pay_1","write_id":"wrt_1","not_done":true})",
        R"({"payment_id":"pay_1","provider_id":"p1","not_done":true})", R"({"payment_id":1,"not_done":true})",
        R"({"payment_id":"pay_1","not_done":"yes"})", R"({"payment_id":"pay_1","not_done":true,"all":true})"})
    EXPECT_EQ(shop_->call("settle", input).error().kind, ErrorKind::kInvalidRequest) << input;
  EXPECT_EQ(shop_->begin("settle", "{}").error().code, "no_exchange");
}

}  // namespace
}  // namespace till
