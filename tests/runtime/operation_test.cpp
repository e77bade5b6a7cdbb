// What an operation promises: recorded before it is sent, never twice, honest about what nobody knows.
#include <gmock/gmock.h>

#include <future>

#include "core/base/limits.h"
#include "core/plugin/handle.h"
#include "core/runtime/engine.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class OperationTest : public AcmeTest {};

TEST_F(OperationTest, a_write_is_in_the_store_before_its_request_is_handed_out) {
  const auto exchange = begin("payments.create", kPay);
  ASSERT_NE(exchange->request(), nullptr);
  const auto payments = all_stored();
  ASSERT_EQ(payments.size(), 1u);
  EXPECT_EQ(payments[0].outcome, Outcome::kUnknown);
  EXPECT_EQ(payments[0].reference, "1234");
}

TEST_F(OperationTest, a_read_leaves_no_record) {
  const auto exchange = begin("check", "{}");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_TRUE(all_stored().empty());
}

TEST_F(OperationTest, the_answer_becomes_the_payment) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  ASSERT_TRUE(payment.ok()) << payment.error().message;
  EXPECT_EQ(payment->find_string("status"), "pending");
  EXPECT_EQ(payment->find_string("outcome"), "known");
  EXPECT_EQ(payment->find_string("provider_id"), "p1");
  EXPECT_EQ(payment->find_string("gateway"), "acme/live");
  EXPECT_EQ(*payment->find("amount")->find_string("amount"), "48.25");
  EXPECT_EQ(payment->find("raw")->find_string("amount"), "48.25") << "as text, so that no language rounds it";
  EXPECT_EQ(stored(*payment->find_string("id")).outcome, Outcome::kKnown);
}

TEST_F(OperationTest, a_script_is_given_a_payment_once_there_is_one) {
  open_variant(
      kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
      replaced(replaced(kAcmeScript, "reference = input.reference,",
                        "reference = input.reference, given = {input.payment == nil, input.provider_id == nil},"),
               "return payment(http.get(\"/payments/{id}\", {path = {id = input.provider_id}}).json)",
               "return payment(http.get(\"/payments/{id}\", {path = {id = input.payment.provider_id}}).json)"));
  const auto create = begin("payments.create", kPay);
  ASSERT_NE(create->request(), nullptr);
  EXPECT_THAT(create->request()->body, HasSubstr(R"("given":[true,true])"));
  reply(*create, 200, kPending);
  const auto get = begin("payments.get", R"({"provider_id":"p1"})");
  ASSERT_NE(get->request(), nullptr);
  EXPECT_THAT(get->request()->url, testing::EndsWith("/payments/p1"));
}

TEST_F(OperationTest, the_same_key_again_sends_nothing_and_gives_the_first_outcome) {
  const auto first = run("payments.create", kPay, 200, kPending);
  const auto again = begin("payments.create", kPay);
  ASSERT_EQ(again->request(), nullptr);
  EXPECT_EQ(json::parse(*again->result()).value(), *first);
  EXPECT_EQ(all_stored().size(), 1u);
}

TEST_F(OperationTest, members_in_another_order_are_the_same_input) {
  (void)run("payments.create", kPay, 200, kPending);
  const auto same =
      begin("payments.create",
            R"({"idempotency_key":"order-1234","reference":"1234","amount":{"currency":"EUR","amount":"48.25"}})");
  EXPECT_EQ(same->request(), nullptr);
  EXPECT_TRUE(same->result().ok());
}

TEST_F(OperationTest, the_same_key_with_another_input_is_a_conflict) {
  (void)run("payments.create", kPay, 200, kPending);
  const auto other =
      begin("payments.create", R"({"amount":{"amount":"48.26","currency":"EUR"},"idempotency_key":"order-1234"})");
  ASSERT_EQ(other->request(), nullptr);
  EXPECT_EQ(other->result().error().kind, ErrorKind::kConflict);
  EXPECT_EQ(other->result().error().code, "idempotency_key_reused");
  EXPECT_EQ(other->result().error().sent, Sent::kNo);
}

TEST_F(OperationTest, the_same_key_while_the_first_call_waits_is_a_conflict_for_now) {
  const auto first = begin("payments.create", kPay);
  const auto second = begin("payments.create", kPay);
  ASSERT_EQ(second->request(), nullptr);
  EXPECT_EQ(second->result().error().code, "in_flight");
  EXPECT_TRUE(second->result().error().retryable);
}

TEST_F(OperationTest, a_write_whose_process_died_becomes_unknown_with_time) {
  {
    const auto store = this->store();
    const auto exchange = begin("payments.create", kPay);
    const std::string id = all_stored()[0].id;
    clock_->advance(kDefaultTimeoutMs + 60'001);
    const auto again = begin("payments.create", kPay);
    EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(again->result().error().payment_id, id);
  }
}

// The store fails between two steps; the test is what steps the operation.
class StoreLossTest : public AcmeTest {
 protected:
  static constexpr std::string_view kKeyless = R"({"amount":{"amount":"48.25","currency":"EUR"}})";

  std::unique_ptr<Operation> prepared(std::string_view input) {
    auto operation = Operation::prepare(shop_, "payments.create", input, queue());
    EXPECT_TRUE(operation.ok()) << operation.error().message;
    EXPECT_EQ((*operation)->need(), Operation::Need::kStore);
    return *std::move(operation);
  }
  std::unique_ptr<Operation> recorded() {
    auto operation = prepared(kKeyless);
    operation->stored(queue().run(operation->store_task()));
    EXPECT_EQ(operation->need(), Operation::Need::kRequest);
    return operation;
  }
  StoreQueue& queue() { return runtime_->engine().value()->store(); }
  static Error lost(std::string code) {
    return {.kind = ErrorKind::kInternal, .code = std::move(code), .message = "it broke", .retryable = true};
  }
  // Nobody may make it again but with the key that it has.
  void expect_unknown(const Operation& operation, Sent sent) const {
    ASSERT_EQ(operation.need(), Operation::Need::kNothing);
    const Error& error = operation.result().error();
    EXPECT_EQ(error.kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(error.sent, sent);
    EXPECT_FALSE(error.retryable);
    EXPECT_EQ(error.payment_id, all_stored().at(0).id);
    const auto writes = store()->list_writes({.gateway = "acme/live"}).value();
    ASSERT_EQ(writes.size(), 1u);
    EXPECT_THAT(error.message, HasSubstr(writes[0].idempotency_key));
  }
};

TEST_F(StoreLossTest, a_write_that_may_be_recorded_is_unknown_before_it_is_sent) {
  const auto operation = prepared(kKeyless);
  ASSERT_TRUE(queue().run(operation->store_task()).ok());
  operation->stored(lost("store_commit_unknown"));
  expect_unknown(*operation, Sent::kMaybe);
}

TEST_F(StoreLossTest, a_write_that_surely_is_not_recorded_may_be_made_again) {
  const auto operation = prepared(kKeyless);
  operation->stored(lost("store_unreachable"));
  EXPECT_EQ(operation->result().error().code, "store_unreachable");
  EXPECT_EQ(operation->result().error().sent, Sent::kNo);
  EXPECT_TRUE(operation->result().error().retryable);
}

TEST_F(StoreLossTest, a_write_that_was_not_sent_and_cannot_be_forgotten_is_unknown) {
  const auto operation = recorded();
  operation->failed(
      {.kind = ErrorKind::kTransport, .code = "reset", .message = "no way", .sent = Sent::kNo, .retryable = true});
  ASSERT_EQ(operation->need(), Operation::Need::kStore);
  operation->stored(lost("store_unreachable"));
  expect_unknown(*operation, Sent::kMaybe);
}

TEST_F(StoreLossTest, a_write_that_was_refused_and_cannot_be_forgotten_is_unknown) {
  const auto operation = recorded();
  operation->replied({.status = 400, .headers = {}, .body = "{}"});
  ASSERT_EQ(operation->need(), Operation::Need::kStore);
  operation->stored(lost("store_unreachable"));
  expect_unknown(*operation, Sent::kYes);
}

TEST_F(StoreLossTest, a_fault_after_the_write_was_recorded_leaves_it_unknown) {
  const auto operation = recorded();
  operation->replied({.status = 400, .headers = {}, .body = "{}"});
  operation->broken("no memory");
  expect_unknown(*operation, Sent::kYes);
}

TEST_F(StoreLossTest, a_repeat_of_an_earlier_call_has_recorded_nothing) {
  ASSERT_TRUE(run("payments.create", kPay, 200, kPending).ok());
  const auto operation = prepared(kPay);
  ASSERT_TRUE(queue().run(operation->store_task()).ok());
  operation->stored(lost("store_commit_unknown"));
  EXPECT_EQ(operation->result().error().code, "store_commit_unknown");
  EXPECT_EQ(operation->result().error().payment_id, "");
}

TEST_F(OperationTest, what_a_script_says_of_an_answer_was_sent) {
  const auto listing = begin("payments.list", "{}");
  reply(*listing, 200, R"({"data":7})");
  EXPECT_EQ(listing->result().error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(listing->result().error().sent, Sent::kYes);
}

TEST_F(OperationTest, a_script_that_kept_nothing_finds_nil) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               std::string(kAcmeScript) + "function provider.payments.get(input) assert(input.state == nil) end");
  const auto exchange = begin("payments.get", R"({"provider_id":"p9"})");
  EXPECT_NE(exchange->result().error().code, "script_error") << exchange->result().error().message;
}

TEST_F(OperationTest, an_idempotency_key_is_text_that_a_header_field_can_hold) {
  for (const char* key : {"order 1234", R"(ordre-n\u00b0-7)", R"(order\n1234)", R"(\u007f)"})
    for (const char* operation : {"payments.create", "native.setThing"}) {
      const std::string amount = operation[0] == 'p' ? R"("amount":{"amount":"1","currency":"EUR"},)" : "";
      const auto exchange = shop_->begin(operation, "{" + amount + R"("idempotency_key":")" + key + "\"}");
      ASSERT_FALSE(exchange.ok()) << key;
      EXPECT_EQ(exchange.error().field, "$.idempotency_key");
    }
}

// A write, and then a read of what it made, which may fail.
class OptionalReadTest : public AcmeTest {
 protected:
  static constexpr std::string_view kCharge =
      R"({"amount":{"amount":"48.25","currency":"EUR"},"idempotency_key":"order-1"})";
  static constexpr std::string_view kCharged = R"({"id":"p1"})";

  void open(std::string_view manifest = kAcmeManifest, std::string_view settings = R"({"api_key":"sk_live_SECRET123"})",
            std::string_view after = "") {
    open_variant(manifest, settings, std::string(kAcmeScript) + R"(
function provider.payments.create(input)
  local made = http.post("/payments", {json = {amount = money.decimal(input.amount)}}).json
  local reply = http.get("/payments/{id}", {path = {id = made.id}, optional = true})
  )" + std::string(after) + R"(
  local seen = reply and reply.json or {}
  local amount = seen.amount and money.of(seen.amount, "EUR")
  return {id = made.id, status = amount and "paid" or "processing", amount_paid = amount}
end)");
  }
  std::unique_ptr<Exchange> charged() {
    auto exchange = begin("payments.create", kCharge);
    reply(*exchange, 200, kCharged);
    return exchange;
  }
  void expect_known(const Exchange& exchange, std::string_view status) {
    ASSERT_EQ(exchange.request(), nullptr);
    const auto payment = parsed(exchange.result());
    ASSERT_TRUE(payment.ok()) << payment.error().message;
    EXPECT_EQ(payment->find_string("status"), status);
    EXPECT_EQ(payment->find_string("outcome"), "known");
    EXPECT_EQ(stored(*payment->find_string("id")).provider_id, "p1");
  }
};

TEST_F(OptionalReadTest, tells_more_of_a_write_when_it_is_answered) {
  open();
  const auto exchange = charged();
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->request()->method, "GET");
  reply(*exchange, 200, R"({"amount":48.25})");
  expect_known(*exchange, "paid");
}

TEST_F(OptionalReadTest, that_fails_leaves_the_write_as_known_as_it_was) {
  for (const Sent sent : {Sent::kNo, Sent::kMaybe, Sent::kYes}) {
    open();
    const auto exchange = charged();
    fail(*exchange, sent);
    expect_known(*exchange, "processing");
  }
}

TEST_F(OptionalReadTest, that_is_refused_leaves_the_write_as_known_as_it_was) {
  for (const int status : {401, 404, 429, 500, 302}) {
    open();
    const auto exchange = charged();
    reply(*exchange, status, "{}");
    expect_known(*exchange, "processing");
  }
}

TEST_F(OptionalReadTest, that_cannot_be_sent_leaves_the_write_as_known_as_it_was) {
  open(replaced(kAcmeManifest, R"("idempotency": null)",
                R"("idempotency": null, "rate_limit": {"limit_header": "X-Limit",
      "remaining_header": "X-Remaining", "reset_header": "X-Reset", "reset_unit": "seconds"})"));
  const auto exchange = begin("payments.create", kCharge);
  reply(*exchange, 200, kCharged, {{"X-Remaining", "0"}, {"X-Reset", "20"}});
  expect_known(*exchange, "processing");
}

TEST_F(OptionalReadTest, that_shows_another_amount_than_was_asked_for_is_not_taken_for_an_outcome) {
  open();
  const auto exchange = charged();
  reply(*exchange, 200, R"({"amount":48.24})");
  EXPECT_EQ(exchange->result().error().code, "amount_mismatch");
}

TEST_F(OptionalReadTest, that_nobody_waits_for_any_longer_leaves_the_write_as_known_as_it_was) {
  open();
  charged().reset();
  expect_known(*begin("payments.create", kCharge), "processing");
}

TEST_F(OptionalReadTest, is_given_up_with_what_comes_after_it) {
  open(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})", "http.get('/more')");
  charged().reset();
  const auto again = begin("payments.create", kCharge);
  EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(OptionalReadTest, is_logged_when_it_fails) {
  setenv("TILL_LOG", "warn", 1);
  testing::internal::CaptureStderr();
  open();
  const auto exchange = charged();
  reply(*exchange, 500, R"({"error":"sk_live_SECRET123 is down"})");
  const std::string log = testing::internal::GetCapturedStderr();
  unsetenv("TILL_LOG");
  EXPECT_THAT(log, HasSubstr("an optional request came to nothing"));
  EXPECT_THAT(log, Not(HasSubstr("SECRET123")));
}

TEST_F(OperationTest, no_answer_after_bytes_were_sent_is_unknown_and_stays_so) {
  for (const Sent sent : {Sent::kMaybe, Sent::kYes}) {
    const std::string key = sent == Sent::kYes ? "a" : "b";
    const std::string input = R"({"amount":{"amount":"1","currency":"EUR"},"idempotency_key":")" + key + "\"}";
    const auto exchange = begin("payments.create", input);
    fail(*exchange, sent);
    const Error& error = exchange->result().error();
    EXPECT_EQ(error.kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(error.sent, sent);
    EXPECT_FALSE(error.retryable);
    EXPECT_EQ(stored(error.payment_id).outcome, Outcome::kUnknown);
    EXPECT_EQ(stored(error.payment_id).status, PaymentStatus::kPending);
    const auto again = begin("payments.create", input);
    ASSERT_EQ(again->request(), nullptr);
    EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(again->result().error().payment_id, error.payment_id);
  }
}

TEST_F(OperationTest, what_never_left_is_forgotten_and_may_be_tried_again) {
  const auto exchange = begin("payments.create", kPay);
  fail(*exchange, Sent::kNo);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kTransport);
  EXPECT_EQ(exchange->result().error().sent, Sent::kNo);
  EXPECT_TRUE(all_stored().empty());
  EXPECT_TRUE(run("payments.create", kPay, 200, kPending).ok());
}

TEST_F(OperationTest, a_server_error_on_a_write_is_unknown) {
  const auto result = run("payments.create", kPay, 500, R"({"error":"boom"})");
  EXPECT_EQ(result.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(result.error().message, HasSubstr("boom"));
}

TEST_F(OperationTest, an_unknown_outcome_names_its_key_within_the_bounds_of_an_error) {
  const std::string reply = R"({"error":")" + std::string(2 * kMaxErrorMessageLength, 'x') + "\"}";
  const auto result = run("payments.create", replaced(kPay, "order-1234", "sk_live_SECRET123"), 500, reply);
  EXPECT_EQ(result.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(result.error().message, HasSubstr("(idempotency key [secret])"));
  EXPECT_EQ(result.error().message.size(), kMaxErrorMessageLength);
}

TEST_F(OperationTest, an_answer_that_the_script_cannot_read_is_unknown) {
  for (const char* body : {"not json", "{}", R"({"id":"p1","status":"done","amount":48.25,"currency":"EUR"})"}) {
    const std::string input = std::string(R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":")") +
                              std::to_string(std::string_view(body).size()) + "\"}";
    const auto result = run("payments.create", input, 200, body);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().payment_id, "") << body;
    EXPECT_EQ(stored(result.error().payment_id).outcome, Outcome::kUnknown) << body;
    EXPECT_NE(result.error().sent, Sent::kNo) << body;
  }
}

TEST_F(OperationTest, a_refusal_is_known_and_frees_the_key) {
  const auto refused =
      run("payments.create", kPay, 400, R"({"error":"amount too small","code":"too_small","field":"amount"})");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().provider_code, "too_small");
  EXPECT_EQ(refused.error().sent, Sent::kYes);
  const Payment failed = stored(refused.error().payment_id);
  EXPECT_EQ(failed.status, PaymentStatus::kFailed);
  EXPECT_EQ(failed.outcome, Outcome::kKnown);
  EXPECT_TRUE(run("payments.create", kPay, 200, kPending).ok());
}

TEST_F(OperationTest, an_error_in_a_200_is_a_refusal_too) {
  const auto refused = run("payments.create", kPay, 200, R"({"error":"no such shop"})");
  EXPECT_EQ(refused.error().kind, ErrorKind::kProvider);
  EXPECT_THAT(refused.error().message, HasSubstr("no such shop"));
}

TEST_F(OperationTest, a_payment_over_another_amount_is_never_taken_for_this_one) {
  const auto result = run("payments.create", kPay, 200,
                          R"({"id":"p1","status":"paid","amount":48.24,"currency":"EUR","reference":"1234"})");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kOutcomeUnknown) << "nobody should take it for a failure and charge again";
  EXPECT_EQ(result.error().code, "amount_mismatch");
  EXPECT_THAT(result.error().message, HasSubstr("idempotency key order-1234"));
  EXPECT_EQ(result.error().settle, "dashboard");
  const Payment kept = stored(result.error().payment_id);
  EXPECT_EQ(kept.outcome, Outcome::kUnknown);
  EXPECT_NE(kept.status, PaymentStatus::kPaid);
  EXPECT_EQ(kept.provider_id, "p1") << "so that it can be asked about and refunded";
}

TEST_F(OperationTest, a_payment_of_unknown_outcome_without_an_id_says_how_to_find_it) {
  const auto exchange = begin("payments.create", kPay);
  fail(*exchange, Sent::kMaybe);
  const std::string id = exchange->result().error().payment_id;
  const auto asked = shop_->begin("payments.get", json::write(json::Object{{"id", id}}));
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(asked.error().payment_id, id);
  EXPECT_THAT(asked.error().message, HasSubstr("look on the provider's dashboard"));
}

TEST_F(OperationTest, what_is_unknown_says_reconcile_only_where_the_provider_has_a_way) {
  const auto advice = [&](std::string_view settle) {
    const auto exchange = begin("payments.create", kPay);
    fail(*exchange, Sent::kMaybe);
    const Error error = exchange->result().error();
    const auto asked = shop_->begin("payments.get", json::write(json::Object{{"id", error.payment_id}}));
    const auto again = begin("payments.create", kPay);
    for (const Error& one : {error, again->result().error(), asked.error()}) EXPECT_EQ(one.settle, settle);
    return std::vector<std::string>{error.message, again->result().error().message, asked.error().message};
  };
  EXPECT_THAT(advice("dashboard"), Each(AllOf(HasSubstr("dashboard"), Not(HasSubstr("reconcile")))));
  open_variant(replaced(kAcmeManifest, R"("idempotency": null)",
                        R"("idempotency": null, "reconcile": {"payments.create": {"by": "reference"}})"),
               R"({"api_key":"sk_live_SECRET123","label":"another"})");
  EXPECT_THAT(advice("reconcile"), Each(HasSubstr("let reconcile ask, or look on the provider's dashboard")));
}

TEST_F(OperationTest, an_unknown_cancellation_says_reconcile_for_the_payments_state_shows_it) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const auto exchange = begin("payments.cancel", json::write(json::Object{{"id", *payment->find_string("id")}}));
  reply(*exchange, 200, kPending);  // it looks first
  fail(*exchange, Sent::kMaybe);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(exchange->result().error().message, HasSubstr("let reconcile ask"));
}

TEST_F(OperationTest, a_reply_that_is_too_large_as_text_is_not_kept_as_raw) {
  const auto raw_with = [&](const std::string& key, std::string_view character) {
    std::string note;
    for (int i = 0; i < 50'000; ++i) note += character;
    const auto payment = run(
        "payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"idempotency_key":")" + key + "\"}", 200,
        R"({"id":")" + key + R"(","status":"pending","amount":48.25,"currency":"EUR","note":")" + note + "\"}");
    return json::write(*payment->find("raw")).substr(0, 60);
  };
  EXPECT_THAT(raw_with("plain", "x"), Not(HasSubstr("left_out")));
  EXPECT_THAT(raw_with("escaped", R"(\u0001)"), HasSubstr("left_out")) << "six bytes each";
}

TEST_F(OperationTest, a_script_that_returns_something_else_than_a_payment_settles_nothing) {
  const auto result = run("payments.create", kPay, 200,
                          R"({"id":"p1","status":"payed","amount":48.25,"currency":"EUR","reference":"1234"})");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_EQ(result.error().code, "script_output");
  EXPECT_EQ(result.error().field, "$.status");
  EXPECT_EQ(result.error().sent, Sent::kYes);
  EXPECT_EQ(result.error().settle, "dashboard");
  const Payment kept = stored(result.error().payment_id);
  EXPECT_EQ(kept.outcome, Outcome::kUnknown);
  EXPECT_EQ(kept.provider_id, "p1") << "so that it can be asked about and refunded";
}

TEST_F(OperationTest, a_script_that_sent_nothing_and_returns_nonsense_has_done_nothing) {
  for (const char* output :
       {"{status = 'payed'}", "nil", "{id = 'p1', status = 'paid', amount = money.of('1', 'EUR')}"}) {
    open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
                 std::string(kAcmeScript) + "function provider.payments.create(input) return " + output + " end");
    const auto exchange = begin("payments.create", kPay);
    ASSERT_EQ(exchange->request(), nullptr) << output;
    ASSERT_FALSE(exchange->result().ok()) << output;
    EXPECT_NE(exchange->result().error().kind, ErrorKind::kOutcomeUnknown) << output;
    EXPECT_EQ(exchange->result().error().sent, Sent::kNo) << output;
    EXPECT_EQ(exchange->result().error().payment_id, "") << output;
    EXPECT_TRUE(all_stored().empty()) << output;
    EXPECT_TRUE(store()->list_writes({}).value().empty()) << "the key is free again";
  }
}

TEST_F(OperationTest, a_refused_read_after_the_write_does_not_undo_the_write) {
  const auto exchange = begin("native.setTwo", R"({"x":1,"idempotency_key":"two"})");
  reply(*exchange, 200, "{}");
  ASSERT_NE(exchange->request(), nullptr) << "the read";
  reply(*exchange, 404, "{}");
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
  const auto again = begin("native.setTwo", R"({"x":1,"idempotency_key":"two"})");
  ASSERT_EQ(again->request(), nullptr);
  EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(OperationTest, a_refusal_says_nothing_of_an_earlier_attempt_that_may_have_arrived) {
  const auto exchange = begin("payments.create", kPay);
  EXPECT_TRUE(exchange->reply({.status = 409, .headers = {}, .body = "{}", .repeated = true}).ok());
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(OperationTest, neither_a_redirect_nor_a_request_timeout_is_a_refusal) {
  for (const int status : {301, 408}) {
    const std::string input =
        R"({"amount":{"amount":"1","currency":"EUR"},"reference":")" + std::to_string(status) + "\"}";
    EXPECT_EQ(run("payments.create", input, status, "{}").error().kind, ErrorKind::kOutcomeUnknown) << status;
  }
}

TEST_F(OperationTest, scripts_see_no_secret_that_a_reply_repeats) {
  const auto seen = run("native.getThing", R"({"id":"1"})", 200, R"({"echo":"sk_live_SECRET123"})");
  EXPECT_EQ(seen->find_string("echo"), "[secret]");
  const auto length = run("native.lengthOf", R"({"id":"1"})", 200, R"({"echo":"sk_live_SECRET123"})");
  EXPECT_EQ(length->find_integer("length"), 8) << "of [secret]: the script never had the key";
}

TEST_F(OperationTest, a_poll_that_names_another_amount_reference_currency_or_mode_changes_nothing) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const std::string input = json::write(json::Object{{"id", *payment->find_string("id")}});
  for (const auto& [body, code] : std::vector<std::pair<const char*, const char*>>{
           {R"({"id":"p1","status":"paid","amount":48.24,"currency":"EUR"})", "amount_mismatch"},
           {R"({"id":"p1","status":"paid","amount":48,"currency":"JPY"})", "currency_mismatch"},
           {R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1235"})", "reference_mismatch"},
           {R"({"id":"p2","status":"paid","amount":48.25,"currency":"EUR"})", "id_mismatch"},
           {R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","test":true})", "mode_mismatch"}}) {
    const auto polled = run("payments.get", input, 200, body);
    ASSERT_FALSE(polled.ok()) << body;
    EXPECT_EQ(polled.error().code, code);
    EXPECT_EQ(stored(*payment->find_string("id")).status, PaymentStatus::kPending) << body;
  }
}

TEST_F(OperationTest, an_answer_without_a_status_is_the_plugins_error) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const std::string input = json::write(json::Object{{"id", *payment->find_string("id")}});
  const auto polled = run("payments.get", input, 200, R"({"id":"p1","amount":48.25,"currency":"EUR"})");
  ASSERT_FALSE(polled.ok());
  EXPECT_EQ(polled.error().kind, ErrorKind::kPlugin);
}

TEST_F(OperationTest, polls_move_a_payment_forward_and_never_back) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const std::string id(*payment->find_string("id"));
  const std::string input = json::write(json::Object{{"id", id}});
  EXPECT_EQ(run("payments.get", input, 200, kPaid)->find_string("status"), "paid");
  EXPECT_EQ(run("payments.get", input, 200, kPending)->find_string("status"), "paid");
  const auto events = store()->list_events(id).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, "payment.created");
  EXPECT_EQ(events[1].type, "payment.paid");
  EXPECT_EQ(events[1].source, "poll");
}

TEST_F(OperationTest, a_listed_payment_of_ours_keeps_our_id_and_others_have_none) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const auto page = run("payments.list", R"({"limit":2})", 200,
                        R"({"data":[{"id":"p1","status":"paid","amount":48.25,"currency":"EUR"},)"
                        R"({"id":"p9","status":"paid","amount":1,"currency":"EUR"}]})");
  ASSERT_TRUE(page.ok()) << page.error().message;
  const auto& items = *page->find("items")->array();
  EXPECT_EQ(items[0].find_string("id"), payment->find_string("id"));
  EXPECT_EQ(items[0].find_string("status"), "paid");
  EXPECT_TRUE(items[1].find("id")->is_null());
  EXPECT_EQ(stored(*payment->find_string("id")).status, PaymentStatus::kPaid);
}

TEST_F(OperationTest, a_payment_of_another_gateway_is_not_found) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const auto other = open_gateway(R"({"api_key":"sk_live_OTHER999","label":"second shop"})");
  const auto found = other->begin("payments.get", json::write(json::Object{{"id", *payment->find_string("id")}}));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::kNotFound);
}

TEST_F(OperationTest, what_was_accepted_may_be_paid_with_less) {
  open_variant(
      replaced(replaced(kAcmeManifest, R"("payments.cancel": {})", R"("payments.cancel": {}, "payments.accept": {})"),
               R"("payments.accept": "Acme settles underpayments by itself.", )", ""),
      R"({"api_key":"sk_live_SECRET123"})",
      std::string(kAcmeScript) +
          "function provider.payments.accept(input) return payment(http.post('/accept').json) end");
  constexpr std::string_view kLess = R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","paid":40})";
  const auto payment = run("payments.create", kPay, 200, kPending);
  const std::string about = json::write(json::Object{{"id", *payment->find_string("id")}});
  const auto refused = run("payments.get", about, 200, kLess);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "amount_mismatch");
  EXPECT_TRUE(run("payments.accept", about, 200, replaced(kLess, "\"paid\",", "\"processing\",")).ok());
  const auto paid = run("payments.get", about, 200, kLess);
  ASSERT_TRUE(paid.ok()) << paid.error().message;
  EXPECT_EQ(paid->find_string("status"), "paid");
  EXPECT_EQ(paid->find("amount_paid")->find_string("amount"), "40.00");
  EXPECT_EQ(paid->find("amount_due")->find_string("amount"), "0.00");
}

TEST_F(OperationTest, a_refund_belongs_to_its_payment) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  const std::string ask =
      R"({"payment_id":")" + id + R"(","reason":"returned","amount":{"amount":"8","currency":"EUR"}})";
  const auto refund = run("refunds.create", ask, 200, R"({"id":"r1","status":"pending"})");
  ASSERT_TRUE(refund.ok()) << refund.error().message;
  EXPECT_EQ(refund->find("amount")->find_string("amount"), "8.00");
  EXPECT_EQ(refund->find_string("reason"), "returned");
  const auto later =
      run("refunds.get", json::write(json::Object{{"payment_id", id}, {"id", *refund->find_string("id")}}), 200,
          R"({"id":"r1","status":"succeeded"})");
  ASSERT_TRUE(later.ok()) << later.error().message;
  EXPECT_EQ(later->find_string("id"), refund->find_string("id"));
  EXPECT_EQ(later->find_string("status"), "succeeded");
  const auto listed = run("refunds.list", json::write(json::Object{{"payment_id", id}}), 200,
                          R"({"data":[{"id":"r1","status":"succeeded"},{"id":"r2","status":"pending"}]})");
  EXPECT_EQ((*listed->find("items")->array())[0].find_string("id"), refund->find_string("id"));
  EXPECT_EQ(stored(id).refunds.size(), 2u);
}

TEST_F(OperationTest, an_answer_that_is_older_than_what_is_known_moves_nothing_back) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, "amount_paid = data.paid",
                        "amount_refunded = data.refunded and money.of(data.refunded, data.currency) or nil, "
                        "amount_paid = data.paid"));
  const auto answer = [](std::string_view status, std::string_view refunded) {
    return R"({"id":"p1","amount":48.25,"currency":"EUR","reference":"1234","status":")" + std::string(status) +
           R"(","refunded":)" + std::string(refunded) + "}";
  };
  const auto made = run("payments.create", kPay, 200, kPending);
  const std::string id(*made->find_string("id")), ask = "{\"id\":\"" + id + "\"}";
  const auto slow = begin("payments.get", ask);
  ASSERT_TRUE(run("payments.get", ask, 200, answer("expired", "0")).ok());
  clock_->advance(1'000);
  reply(*slow, 200, answer("processing", "0"));
  EXPECT_EQ(parsed(slow->result())->find_string("status"), "expired");
  EXPECT_EQ(stored(id).status, PaymentStatus::kExpired);
  EXPECT_EQ(stored(id).look_at, clock_->now_ms()) << "the provider is asked again";
  ASSERT_TRUE(run("payments.get", ask, 200, answer("processing", "0")).ok());
  EXPECT_EQ(stored(id).status, PaymentStatus::kProcessing) << "what was asked for since then counts";

  ASSERT_TRUE(run("payments.get", ask, 200, answer("paid", "0")).ok());
  const auto slower = begin("payments.get", ask);
  ASSERT_TRUE(run("payments.get", ask, 200, answer("paid", "48.25")).ok());
  EXPECT_FALSE(stored(id).look_at);
  reply(*slower, 200, answer("paid", "0"));
  EXPECT_EQ(stored(id).amount_refunded->amount_text(), "48.25");
  EXPECT_EQ(stored(id).look_at, clock_->now_ms());
}

TEST_F(OperationTest, a_page_that_may_be_older_than_what_is_known_moves_nothing_back) {
  const auto made = run("payments.create", kPay, 200, kPending);
  const std::string id(*made->find_string("id"));
  ASSERT_TRUE(run("payments.get", "{\"id\":\"" + id + "\"}", 200, replaced(kPending, "pending", "expired")).ok());
  const auto listed =
      run("payments.list", "{}", 200, R"({"data":[)" + replaced(kPending, "pending", "processing") + "]}");
  EXPECT_EQ((*listed->find("items")->array())[0].find_string("status"), "expired");
  EXPECT_EQ(stored(id).status, PaymentStatus::kExpired);
  EXPECT_EQ(stored(id).look_at, clock_->now_ms());
  ASSERT_TRUE(run("payments.list", "{}", 200, R"({"data":[)" + std::string(kPaid) + "]}").ok());
  EXPECT_EQ(stored(id).status, PaymentStatus::kExpired) << "it may still be an older page";
  clock_->advance(1);
  ASSERT_TRUE(run("payments.list", "{}", 200, R"({"data":[)" + std::string(kPaid) + "]}").ok());
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
}

TEST_F(OperationTest, a_write_whose_time_is_over_is_not_sent) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, R"(return payment(http.post("/payments",)",
                        R"(http.get("/me") return payment(http.post("/payments",)"));
  const auto late = begin("payments.create", kPay);
  clock_->advance(late->timeout_ms());
  reply(*late, 200, "{}");
  ASSERT_EQ(late->request(), nullptr);
  EXPECT_EQ(late->result().error().code, "timeout");
  EXPECT_EQ(late->result().error().sent, Sent::kNo);
  EXPECT_TRUE(all_stored(shop_->name()).empty());
  const auto again = begin("payments.create", kPay);
  EXPECT_NE(again->request(), nullptr) << "its key is free again";
}

TEST_F(OperationTest, what_is_refused_for_the_shop_s_own_fault_is_no_failed_payment) {
  open_variant(kAcmeManifest);
  for (const int status : {401, 403, 404}) {
    const auto refused = run("payments.create", kPay, status, "{}");
    ASSERT_FALSE(refused.ok()) << status;
    EXPECT_EQ(refused.error().payment_id, "") << status;
  }
  EXPECT_TRUE(all_stored(shop_->name()).empty());
  ASSERT_FALSE(run("payments.create", kPay, 422, R"({"error":"no"})").ok());
  const auto left = all_stored(shop_->name());
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left.front().status, PaymentStatus::kFailed);
  const auto hasty = run("payments.create", kPay, 429, "{}");
  ASSERT_FALSE(hasty.ok());
  EXPECT_EQ(hasty.error().payment_id, "");
  EXPECT_EQ(all_stored(shop_->name()).size(), 1u);
}

TEST_F(OperationTest, a_provider_that_says_under_a_200_that_it_failed_leaves_a_write_unknown) {
  open_variant(replaced(kAcmeManifest, R"({"truthy": ["/error"])",
                        R"({"truthy": ["/down"], "kind": "ProviderError", "retryable": true}, {"truthy": ["/error"])"));
  const auto failed = run("payments.create", kPay, 200, R"({"down":true})");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_FALSE(failed.error().retryable);
  ASSERT_EQ(all_stored(shop_->name()).size(), 1u);
  EXPECT_EQ(all_stored(shop_->name()).front().outcome, Outcome::kUnknown);
}

TEST_F(OperationTest, a_wall_clock_that_is_set_takes_no_time_from_a_call) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, R"(return payment(http.post("/payments",)",
                        R"(http.get("/me") return payment(http.post("/payments",)"));
  const auto exchange = begin("payments.create", kPay);
  clock_->set(kNow + 24LL * 3'600'000);
  reply(*exchange, 200, "{}");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->request()->method, "POST");
  reply(*exchange, 200, kPaid);
  EXPECT_TRUE(exchange->result().ok());
}

TEST_F(OperationTest, a_repeat_is_one_whatever_defaults_another_version_of_the_plugin_has) {
  open_variant(kAcmeManifest);
  ASSERT_TRUE(run("payments.create", kPay, 200, kPaid).ok());
  const std::string id = "variant" + std::to_string(variants_);
  std::string next =
      replaced(replaced(kAcmeManifest, "\"acme\"", "\"" + id + "\""), R"("version": "1.0.0")", R"("version": "1.0.1")");
  next = replaced(next, R"("note": {"type": "string", "default": "none"})",
                  R"("note": {"type": "string", "default": "some"}, "locale": {"type": "string", "default": "en"})");
  write_file(folder_.path() + "/" + id + "/manifest.json", next);
  runtime_->reload_plugins_json();
  const auto again = run("payments.create", kPay, 500, "");
  ASSERT_TRUE(again.ok()) << again.error().code;
  EXPECT_EQ(again->find_string("status"), "paid");
  const auto other =
      shop_->begin("payments.create", replaced(kPay, "\"reference\"", R"("options":{"note":"none"},"reference")"));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ((*other)->result().error().code, "idempotency_key_reused");
}

TEST_F(OperationTest, a_write_whose_record_has_gone_is_not_told_as_done) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  for (const bool answered : {true, false}) {
    const auto refund = begin("refunds.create", json::write(json::Object{{"payment_id", id}}));
    ASSERT_TRUE(store()->forget_write(store()->list_writes({.only_unsettled = true}).value().at(0).id).ok());
    if (answered)
      reply(*refund, 200, R"({"id":"r1","status":"pending"})");
    else
      fail(*refund, Sent::kMaybe);
    ASSERT_FALSE(refund->result().ok());
    EXPECT_EQ(refund->result().error().kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(refund->result().error().code, "store_write_gone");
    EXPECT_EQ(refund->result().error().payment_id, id);
  }
}

// Somebody prunes it just after it was looked up.
TEST_F(OperationTest, a_refund_of_a_payment_that_has_gone_is_not_sent) {
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","base_url":"http://127.0.0.1:1"})");
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  std::promise<void> looked_up;
  std::promise<Result<std::string>> ended;
  runtime_->engine().value()->store().submit(
      [&, go = looked_up.get_future().share()](Store& store) {
        go.wait();
        return store.forget_payment(id);
      },
      [](const Status&) {});
  shop_->start("refunds.create", json::write(json::Object{{"payment_id", id}}),
               [&](const Result<std::string>& result) { ended.set_value(result); });
  // Begins after the refund has, on the same thread.
  ASSERT_TRUE(shop_->call("payments.stored", "{}").ok());
  looked_up.set_value();
  const Result<std::string> refund = ended.get_future().get();
  ASSERT_FALSE(refund.ok());
  EXPECT_EQ(refund.error().code, "unknown_payment");
  EXPECT_EQ(refund.error().field, "$.payment_id");
  EXPECT_EQ(refund.error().sent, Sent::kNo);
  EXPECT_EQ(store()->list_writes({}).value().size(), 1u) << "the payment's own";
}

TEST_F(OperationTest, an_id_that_cannot_stand_in_an_address_is_the_callers_mistake) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  for (const char* id : {".", "..", "p\\n1", "p\\u007f"}) {
    for (const char* operation : {"payments.get", "payments.cancel"}) {
      const auto exchange = shop_->begin(operation, R"({"provider_id":")" + std::string(id) + "\"}");
      ASSERT_FALSE(exchange.ok()) << operation << " " << id;
      EXPECT_EQ(exchange.error().kind, ErrorKind::kInvalidRequest);
      EXPECT_EQ(exchange.error().field, "$.provider_id");
    }
    const auto refund = shop_->begin(
        "refunds.get", R"({"payment_id":")" + std::string(*payment->find_string("id")) + R"(","id":")" + id + "\"}");
    ASSERT_FALSE(refund.ok());
    EXPECT_EQ(refund.error().field, "$.id");
  }
  for (const auto& [id, segment] : std::vector<std::pair<std::string, std::string>>{
           {"...", "..."}, {"a/b", "a%2Fb"}, {"%2e", "%252e"}, {"é ?", "%C3%A9%20%3F"}})
    EXPECT_THAT(begin("payments.get", R"({"provider_id":")" + id + "\"}")->request()->url,
                testing::EndsWith("/payments/" + segment));
}

TEST_F(OperationTest, refunds_are_listed_from_all_pages) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  const auto exchange = begin("refunds.list", json::write(json::Object{{"payment_id", id}}));
  EXPECT_THAT(exchange->request()->url, testing::EndsWith("/refunds"));
  reply(*exchange, 200, R"({"data":[{"id":"r1","status":"succeeded"}],"next":"r1"})");
  ASSERT_NE(exchange->request(), nullptr) << "there is a second page";
  EXPECT_THAT(exchange->request()->url, testing::EndsWith("/refunds?cursor=r1"));
  reply(*exchange, 200, R"({"data":[{"id":"r2","status":"pending"}],"next":3})");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_THAT(exchange->request()->url, testing::EndsWith("/refunds?cursor=3"));
  reply(*exchange, 200, R"({"data":[{"id":"r3","status":"pending"}]})");
  const auto listed = parsed(exchange->result());
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(listed->find("items")->array()->size(), 3u);
  EXPECT_TRUE(listed->find("next")->is_null());
  EXPECT_EQ(stored(id).refunds.size(), 3u);
}

TEST_F(OperationTest, a_list_of_refunds_without_an_end_is_an_error_and_never_a_part) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  const std::string ask = json::write(json::Object{{"payment_id", id}});
  const auto page = [](int n) {
    return R"({"data":[{"id":"r)" + std::to_string(n) + R"(","status":"pending"}],"next":)" + std::to_string(n) + "}";
  };
  const auto longest = begin("refunds.list", ask);
  int asked = 0;
  for (; longest->request() && asked < 100; ++asked) reply(*longest, 200, page(asked));
  EXPECT_EQ(asked, 20) << "as many requests as one operation makes";
  EXPECT_EQ(longest->result().error().code, "list_too_long");
  EXPECT_EQ(longest->result().error().kind, ErrorKind::kProvider);
  EXPECT_EQ(longest->result().error().payment_id, id);

  const auto round = begin("refunds.list", ask);
  for (asked = 0; round->request() && asked < 100; ++asked) reply(*round, 200, page(7));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(round->result().error().code, "endless_list");

  const auto broken = begin("refunds.list", ask);
  reply(*broken, 200, page(1));
  fail(*broken, Sent::kMaybe);
  EXPECT_EQ(broken->result().error().kind, ErrorKind::kTransport);
  EXPECT_TRUE(stored(id).refunds.empty()) << "nothing of a list that could not be read to its end is kept";
}

TEST_F(OperationTest, all_pages_of_a_list_share_one_operations_requests_and_time) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, R"(local reply = http.get("/refunds",)",
                        R"(http.get("/me") http.get("/me") local reply = http.get("/refunds",)"));
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string ask = json::write(json::Object{{"payment_id", *payment->find_string("id")}});
  const auto exchange = begin("refunds.list", ask);
  int asked = 0;
  for (; exchange->request() && asked < 100; ++asked)
    reply(*exchange, 200, R"({"data":[],"next":)" + std::to_string(asked) + "}");
  EXPECT_EQ(asked, 20) << "the seventh page would need a twenty-first request";
  EXPECT_EQ(exchange->result().error().code, "list_too_long");

  const auto slow = begin("refunds.list", ask);
  const auto at_first = slow->timeout_ms();
  for (int i = 0; i < 3; ++i) {
    clock_->advance(1'000);
    reply(*slow, 200, R"({"data":[],"next":1})");
  }
  ASSERT_NE(slow->request(), nullptr);
  EXPECT_EQ(slow->timeout_ms(), at_first - 3'000);
}

TEST_F(OperationTest, pages_without_a_request_end_within_the_work_of_one_script) {
  const auto listed_by = [&](const std::string& body) {
    open_variant(
        kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
        replaced(kAcmeScript, "function provider.refunds.list(input)",
                 "function provider.refunds.list(input)\n  local page = tonumber(input.cursor or '0') " + body));
    const auto payment = run("payments.create", kPay, 200, kPaid);
    return begin("refunds.list", json::write(json::Object{{"payment_id", *payment->find_string("id")}}))->result();
  };
  const auto expect_too_long = [](const Result<std::string>& ended) {
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error().code, "list_too_long") << ended.error().message;
    EXPECT_EQ(ended.error().sent, Sent::kNo) << "no page asked the provider";
  };
  expect_too_long(listed_by("do return {items = {}, next = page + 1} end "));
  const std::string six_pages = "do return {items = {}, next = page < 5 and page + 1 or nil} end ";
  EXPECT_TRUE(listed_by(six_pages).ok());
  expect_too_long(listed_by("for i = 1, 4000000 do end " + six_pages));
}

TEST_F(OperationTest, a_list_is_no_larger_than_one_page_may_be) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, "function provider.refunds.list(input)",
                        "function provider.refunds.list(input)\n  local pages = tonumber(input.cursor or '0') "
                        "if pages < 12 then local items = {} for i = 1, 4 do "
                        "items[i] = {id = 'r' .. pages .. '-' .. i, status = 'pending', raw = ('x'):rep(100000)} end "
                        "return {items = items, next = pages + 1} end"));
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const auto listed = begin("refunds.list", json::write(json::Object{{"payment_id", *payment->find_string("id")}}));
  ASSERT_EQ(listed->request(), nullptr);
  EXPECT_EQ(listed->result().error().code, "list_too_long");
  EXPECT_TRUE(stored(std::string(*payment->find_string("id"))).refunds.empty());
}

TEST_F(OperationTest, a_list_asks_for_no_page_after_its_time) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const auto slow = begin("refunds.list", json::write(json::Object{{"payment_id", *payment->find_string("id")}}));
  clock_->advance(slow->timeout_ms());
  reply(*slow, 200, R"({"data":[],"next":1})");
  ASSERT_EQ(slow->request(), nullptr);
  EXPECT_EQ(slow->result().error().code, "list_too_long");
  EXPECT_EQ(slow->result().error().sent, Sent::kYes);
}

TEST_F(OperationTest, a_page_that_fails_before_its_request_follows_pages_that_were_sent) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, "function provider.refunds.list(input)",
                        "function provider.refunds.list(input)\n  "
                        "if input.cursor then fail('ProviderError', 'That page is gone.') end"));
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const auto listed = begin("refunds.list", json::write(json::Object{{"payment_id", *payment->find_string("id")}}));
  reply(*listed, 200, R"({"data":[{"id":"r1","status":"pending"}],"next":1})");
  ASSERT_EQ(listed->request(), nullptr);
  EXPECT_EQ(listed->result().error().message, "That page is gone.");
  EXPECT_EQ(listed->result().error().sent, Sent::kYes);
}

TEST_F(OperationTest, refunds_without_ids_of_the_provider_are_told_apart_by_ours) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const std::string id(*payment->find_string("id"));
  const std::string ask = json::write(json::Object{{"payment_id", id}});
  const auto first = run("refunds.create", ask, 200, R"({"status":"pending"})");
  const auto second = run("refunds.create", ask, 200, R"({"status":"pending"})");
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second->find("provider_id")->is_null());
  EXPECT_NE(first->find_string("id"), second->find_string("id"));
  EXPECT_EQ(stored(id).refunds.size(), 2u);

  const std::string known(*second->find_string("id"));
  const auto exchange = begin("refunds.get", json::write(json::Object{{"payment_id", id}, {"id", known}}));
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_THAT(exchange->request()->url, testing::EndsWith("/refunds/" + known)) << "the script is given our id";
  reply(*exchange, 200, R"({"id":")" + known + R"(","status":"succeeded"})");
  const auto later = parsed(exchange->result());
  ASSERT_TRUE(later.ok()) << later.error().message;
  EXPECT_EQ(later->find_string("id"), known);
  EXPECT_TRUE(later->find("provider_id")->is_null());
  EXPECT_EQ(stored(id).refunds[0].find_string("status"), "pending");
  EXPECT_EQ(stored(id).refunds[1].find_string("status"), "succeeded");
  EXPECT_EQ(run("refunds.list", ask, 200, R"({"data":[{"status":"pending"}]})").error().code, "script_output")
      << "in a list it must be clear which one is meant";
}

TEST_F(OperationTest, a_refund_of_an_amount_that_nobody_named_has_none) {
  const auto payment = run("payments.create", kPay, 200, kPaid);
  const auto refund = run("refunds.create", json::write(json::Object{{"payment_id", *payment->find_string("id")}}), 200,
                          R"({"id":"r1","status":"pending"})");
  ASSERT_TRUE(refund.ok()) << refund.error().message;
  EXPECT_TRUE(refund->find("amount")->is_null());
}

TEST_F(OperationTest, a_precondition_that_fails_before_the_write_is_known_not_sent) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const auto exchange = begin("payments.cancel", json::write(json::Object{{"id", *payment->find_string("id")}}));
  reply(*exchange, 200, kPaid);
  ASSERT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kConflict);
  EXPECT_EQ(exchange->result().error().sent, Sent::kNo);
}

TEST_F(OperationTest, a_failed_read_before_the_write_leaves_nothing_unknown) {
  const auto payment = run("payments.create", kPay, 200, kPending);
  const auto exchange = begin("payments.cancel", json::write(json::Object{{"id", *payment->find_string("id")}}));
  fail(*exchange, Sent::kMaybe);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kTransport);
}

TEST_F(OperationTest, walking_away_from_a_handed_out_write_leaves_it_unknown) {
  begin("payments.create", kPay).reset();
  const auto again = begin("payments.create", kPay);
  EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(OperationTest, a_token_is_handed_out_once_and_never_stored) {
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","token":"TOKENSECRET"})");
  constexpr std::string_view kInput = R"({"facade":"merchant","idempotency_key":"pair"})";
  const auto token = run("tokens.create", kInput, 200, R"({"session":"SESSIONSECRET"})");
  ASSERT_TRUE(token.ok()) << token.error().message;
  EXPECT_EQ(token->find_string("token"), "SESSIONSECRET");
  const auto again = begin("tokens.create", kInput);
  EXPECT_EQ(again->result().error().code, "outcome_not_kept");
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("SESSIONSECRET")));
}

TEST_F(OperationTest, secrets_in_replies_reach_neither_result_nor_store) {
  const auto payment = run("payments.create", kPay, 200,
                           R"({"id":"p1","status":"pending","amount":48.25,"currency":"EUR","session":"SESSIONSECRET",)"
                           R"("echo":"your key is sk_live_SECRET123","card_cvv":"123"})");
  ASSERT_TRUE(payment.ok()) << payment.error().message;
  const std::string shown = json::write(*payment);
  EXPECT_THAT(shown, Not(HasSubstr("SECRET")));
  EXPECT_THAT(shown, Not(HasSubstr("\"123\"")));
  EXPECT_THAT(shown, HasSubstr("your key is [secret]"));
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("SECRET")));
}

TEST_F(OperationTest, secrets_echoed_in_an_error_are_hidden) {
  const auto refused =
      run("check", "{}", 401, R"({"error":"unknown key sk_live_SECRET123","code":"sk_live_SECRET123"})");
  EXPECT_EQ(refused.error().kind, ErrorKind::kAuthentication);
  EXPECT_THAT(refused.error().message, HasSubstr("[secret]"));
  EXPECT_EQ(refused.error().provider_code, "[secret]");
}

TEST_F(OperationTest, card_data_goes_out_and_nowhere_else) {
  const std::string card =
      remember_card({Secret("4541 2500 0000 0001"), Secret("987"), "12", "2030", "Jane Doe"}).value();
  const std::string input =
      json::write(json::Object{{"amount", json::Object{{"amount", "5"}, {"currency", "EUR"}}}, {"card", card}});
  const auto exchange = begin("payments.create", input);
  EXPECT_THAT(exchange->request()->body, HasSubstr(R"("card_number":"4541250000000001")"));
  EXPECT_THAT(exchange->request()->body, HasSubstr(R"("card_cvv":"987")"));
  const http::Request& sent = *exchange->request();
  reply(
      *exchange, 200,
      R"({"id":"p1","status":"paid","amount":5,"currency":"EUR","card_number":"4541250000000001","note":"4541250000000001"})");
  ASSERT_TRUE(exchange->result().ok()) << exchange->result().error().message;
  EXPECT_EQ(sent.body, "") << "wiped";
  EXPECT_EQ(sent.headers.find("X-Api-Key"), "") << "wiped";
  EXPECT_THAT(*exchange->result(), Not(HasSubstr("4541250000000001")));
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("4541250000000001")));
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("987")));
  forget_card(card);
  EXPECT_EQ(shop_->begin("payments.create", input).error().field, "$.card");
}

TEST_F(OperationTest, a_native_call_takes_a_card_by_its_handle_too) {
  const std::string card = remember_card({Secret("4541250000000001"), Secret(""), "12", "2030", "Jane Doe"}).value();
  const auto exchange = begin("native.setThing", json::write(json::Object{{"card", card}}));
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_THAT(exchange->request()->body, HasSubstr(R"("number":"4541250000000001")"));
  EXPECT_THAT(exchange->request()->body, Not(HasSubstr("cvv"))) << "a card without a security code has none";
  forget_card(card);
}

TEST_F(OperationTest, rate_limits_and_request_ids_are_read_from_the_reply) {
  const auto exchange = begin("check", "{}");
  reply(*exchange, 429, "{}", {{"Retry-After", "7"}, {"X-Request-Id", "req_9"}});
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kRateLimited);
  EXPECT_EQ(exchange->result().error().retry_after_ms, 7000);
  EXPECT_EQ(exchange->result().error().request_id, "req_9");
}

TEST_F(OperationTest, what_a_script_logs_is_shown_on_request_without_secrets) {
  const auto logged = [&] {
    testing::internal::CaptureStderr();
    (void)run("native.say", R"({"text":"key sk_live_SECRET123"})", 200, "{}");
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(logged(), "");
  setenv("TILL_LOG", "info", 1);
  EXPECT_EQ(logged(), "till: info acme native.say: key [secret]\n");
  setenv("TILL_LOG", "warn", 1);
  EXPECT_EQ(logged(), "");
  unsetenv("TILL_LOG");
}

// The provider repeats what the script has as handles, under names that nobody declared.
TEST_F(OperationTest, what_a_script_logs_shows_no_card_and_no_secret_of_a_reply) {
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})", std::string(kAcmeScript) + R"(
function provider.cards.verify(input)
  local reply = http.post("/cards", {json = {card_number = input.card.number}}).json
  log.info(input.card.number .. " " .. reply.session)
  log.info(reply.echo)
  log.info(reply.session)
  return {status = "requires_action"}
end)");
  const std::string card = remember_card({Secret("4541250000000001"), Secret("987"), "12", "2030", "Jane Doe"}).value();
  setenv("TILL_LOG", "info", 1);
  testing::internal::CaptureStderr();
  const auto done = run("cards.verify", json::write(json::Object{{"card", card}}), 200,
                        R"({"session":"tok_HUSHHUSH","echo":"4541250000000001 has tok_HUSHHUSH"})");
  const std::string log = testing::internal::GetCapturedStderr();
  unsetenv("TILL_LOG");
  forget_card(card);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(log, HasSubstr("cards.verify: [card] has [secret]\n"));
  EXPECT_THAT(log, Not(HasSubstr("4541250000000001")));
  EXPECT_THAT(log, Not(HasSubstr("HUSHHUSH")));
  EXPECT_EQ(plugin::find_handle(log), std::nullopt);
}

TEST_F(OperationTest, native_calls_pass_through_and_writes_among_them_are_recorded) {
  EXPECT_EQ(run("native.getThing", R"({"id":"a/b"})", 200, R"({"x":1.50})").value(),
            json::parse(R"({"x":"1.50"})").value());
  const auto write = begin("native.setThing", R"({"x":1,"idempotency_key":"k"})");
  fail(*write, Sent::kMaybe);
  EXPECT_EQ(write->result().error().kind, ErrorKind::kOutcomeUnknown);
}

}  // namespace
}  // namespace till
