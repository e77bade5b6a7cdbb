// Webhooks that prove who sent them: what is believed takes effect at once and once, what is not is refused.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "core/runtime/engine.h"
#include "core/runtime/webhook.h"
#include "core/runtime/webhook_limits.h"
#include "core/webhook/reason.h"
#include "tests/base/eventually.h"
#include "tests/runtime/webhook_fixture.h"

namespace till {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kPaidEvent =
    R"({"event":"paid","payment":{"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1234"}})";

// What an event says of payment p1 beside its id.
std::string event_of(std::string_view status, std::string_view more = "") {
  return R"({"event":"news","payment":{"id":"p1","status":")" + std::string(status) +
         R"(","amount":48.25,"currency":"EUR")" + std::string(more) + "}}";
}

class SignedWebhook : public WebhookFixture {
 protected:
  SignedWebhook() { open_signed(); }
};

TEST_F(SignedWebhook, takes_effect_without_asking) {
  const std::string id = pay("1234", "p1");
  const json::Value result = outcome_of(kPaidEvent);
  EXPECT_EQ(result.find_string("signature"), "valid");
  EXPECT_EQ(result.find_string("trust"), "signed");
  EXPECT_EQ(result.find_bool("changed"), true);
  EXPECT_EQ(result.find_bool("duplicate"), false);
  EXPECT_EQ(result.find_integer("http_status"), 200);
  EXPECT_EQ(result.find("payment")->find_string("status"), "paid");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.paid"));
  EXPECT_EQ(store()->list_events(id)->back().source, "webhook");
  EXPECT_EQ(kept().front().trust, "signed");
  EXPECT_EQ(kept().front().signature, "valid");
  EXPECT_EQ(kept().front().payment_id, id);
}

TEST_F(SignedWebhook, that_comes_twice_takes_effect_once) {
  const std::string id = pay("1234", "p1");
  outcome_of(kPaidEvent);
  clock_->advance(5'000);  // another time, another signature, the same event
  const json::Value again = outcome_of(kPaidEvent);
  EXPECT_EQ(again.find_bool("duplicate"), true);
  EXPECT_EQ(again.find_bool("changed"), false);
  EXPECT_EQ(again.find_integer("http_status"), 200);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.paid"));
  EXPECT_EQ(kept().size(), 1u);
}

// ---- what is not proved is refused

TEST_F(SignedWebhook, without_a_signature_is_refused_and_not_taken_for_a_hint) {
  const std::string id = pay("1234", "p1");
  const Error error = refusal(request(kPaidEvent));
  EXPECT_EQ(error.kind, ErrorKind::kWebhookRejected);
  EXPECT_EQ(error.reason, "missing_signature");
  EXPECT_EQ(webhook::refusal_http_status(error.reason), 401);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SignedWebhook, with_a_wrong_signature_is_refused) {
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(refusal(signed_request(kPaidEvent, "whsec_another_0123456")).reason, "mismatch");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(SignedWebhook, is_verified_over_the_bytes_that_came) {
  pay("1234", "p1");
  const std::string other_bytes = replaced(signed_request(kPaidEvent), R"("{\"event\")", R"("{ \"event\")");
  EXPECT_EQ(refusal(other_bytes).reason, "mismatch");
}

TEST_F(SignedWebhook, is_verified_before_it_is_parsed) {
  EXPECT_EQ(refusal(request("{")).reason, "missing_signature");
  EXPECT_EQ(refusal(signed_request("{")).reason, "malformed");
}

TEST_F(SignedWebhook, of_a_time_outside_the_window_is_refused_on_both_sides) {
  pay("1234", "p1");
  const std::string now = signed_request(kPaidEvent);
  clock_->advance(301'000);
  EXPECT_EQ(refusal(now).reason, "too_old");
  const std::string later = signed_request(kPaidEvent);
  clock_->advance(-302'000);
  EXPECT_EQ(refusal(later).reason, "too_new");
}

TEST_F(SignedWebhook, http_statuses_tell_malformed_unproven_and_too_large_apart) {
  EXPECT_EQ(webhook::refusal_http_status("malformed"), 400);
  EXPECT_EQ(webhook::refusal_http_status("malformed_body"), 400);
  EXPECT_EQ(webhook::refusal_http_status("mismatch"), 401);
  EXPECT_EQ(webhook::refusal_http_status("too_old"), 401);
  EXPECT_EQ(webhook::refusal_http_status("too_large"), 413);
}

// ---- late and out of order

TEST_F(SignedWebhook, that_is_late_moves_nothing_backwards) {
  const std::string id = pay("1234", "p1");
  outcome_of(event_of("paid"));
  const json::Value late = outcome_of(event_of("processing"));
  EXPECT_EQ(late.find_bool("changed"), false);
  EXPECT_EQ(late.find_string("reason"), "late");
  EXPECT_EQ(late.find_integer("http_status"), 200);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.paid"));
}

TEST_F(SignedWebhook, events_in_any_order_end_at_the_same_status) {
  const std::vector<std::string> all{event_of("pending"), event_of("processing"), event_of("paid")};
  std::vector<std::size_t> order{0, 1, 2};
  do {
    const std::string id = pay("1234", "p1");
    for (const std::size_t i : order) outcome_of(replaced(all[i], "\"news\"", "\"news of " + id + '"'));
    EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
    ASSERT_TRUE(store()->forget_payment(id).ok());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(SignedWebhook, that_would_leave_an_end_asks_first) {
  const std::string id = pay("1234", "p1");
  outcome_of(event_of("expired"));
  const auto exchange = receive_signed(event_of("processing"));
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 200, replaced(kPending, "pending", "expired"));
  EXPECT_EQ(parsed(exchange->result())->find_string("trust"), "refetched");
  EXPECT_EQ(stored(id).status, PaymentStatus::kExpired);
}

TEST_F(SignedWebhook, that_says_of_less_money_than_was_seen_asks_first) {
  const std::string id = pay("1234", "p1");
  outcome_of(event_of("underpaid", R"(,"paid":20)"));
  const auto exchange = receive_signed(event_of("underpaid", R"(,"paid":10)"));
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(stored(id).amount_paid->amount_text(), "20.00");
}

TEST_F(SignedWebhook, that_asked_first_and_comes_again_does_not_ask_again) {
  pay("1234", "p1");
  outcome_of(event_of("expired"));
  const auto exchange = receive_signed(event_of("processing"));
  reply(*exchange, 200, replaced(kPending, "pending", "processing"));
  EXPECT_EQ(outcome_of(event_of("processing")).find_bool("duplicate"), true);
}

TEST_F(SignedWebhook, with_an_id_is_known_by_it_whatever_else_it_says) {
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(outcome_of(R"({"id":"evt_1",)" + event_of("processing").substr(1)).find_bool("changed"), true);
  EXPECT_EQ(outcome_of(R"({"id":"evt_1",)" + event_of("paid").substr(1)).find_bool("duplicate"), true);
  EXPECT_EQ(stored(id).status, PaymentStatus::kProcessing);
}

TEST_F(SignedWebhook, in_the_words_of_an_earlier_one_is_asked_about_unless_it_changes_nothing) {
  pay("1234", "p1");
  outcome_of(event_of("underpaid"));
  outcome_of(event_of("processing"));
  const auto exchange = receive_signed(event_of("underpaid"));
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 200, replaced(kPending, "pending", "underpaid"));
  EXPECT_EQ(parsed(exchange->result())->find_bool("changed"), true);
  EXPECT_EQ(parsed(exchange->result())->find_bool("duplicate"), true);
  EXPECT_EQ(outcome_of(event_of("underpaid")).find_bool("duplicate"), true);
}

TEST_F(SignedWebhook, whose_truth_was_not_fetched_is_no_duplicate_when_it_comes_again) {
  pay("1234", "p1");
  outcome_of(event_of("expired"));
  const auto exchange = receive_signed(event_of("processing"));
  fail(*exchange, Sent::kMaybe);
  EXPECT_EQ(parsed(exchange->result())->find_integer("http_status"), 503);
  EXPECT_NE(receive_signed(event_of("processing"))->request(), nullptr);
}

TEST_F(SignedWebhook, two_deliveries_that_were_both_fetched_take_effect_once) {
  const std::string id = pay("1234", "p1");
  const auto one = receive_signed(R"({"event":"look","payment":{"id":"p1"}})");
  const auto two = receive_signed(R"({"event":"look","payment":{"id":"p1"}})");
  reply(*one, 200, kPaid);
  reply(*two, 200, kPaid);
  EXPECT_EQ(parsed(one->result())->find_bool("changed"), true);
  EXPECT_EQ(parsed(two->result())->find_bool("changed"), false);
  EXPECT_EQ(parsed(two->result())->find_bool("duplicate"), true);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.paid"));
}

TEST_F(SignedWebhook, without_a_status_is_a_hint) {
  pay("1234", "p1");
  const auto exchange = receive_signed(R"({"event":"look","payment":{"id":"p1"}})");
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 200, kPaid);
  const json::Value result = parsed(exchange->result()).value();
  EXPECT_EQ(result.find_string("signature"), "valid");
  EXPECT_EQ(result.find_string("trust"), "refetched");
  EXPECT_EQ(result.find_bool("changed"), true);
}

// ---- payments that are not known

TEST_F(SignedWebhook, about_an_unknown_payment_is_kept_until_it_is_known) {
  const json::Value result = outcome_of(kPaidEvent);
  EXPECT_EQ(result.find_string("reason"), "unknown_payment");
  EXPECT_EQ(result.find_string("http_body"), "unknown_payment") << "the sender proved itself";
  EXPECT_EQ(result.find_string("trust"), "signed");
  EXPECT_EQ(kept().front().state, WebhookState::kUnmatched);
  EXPECT_EQ(outcome_of(kPaidEvent).find_bool("duplicate"), true);
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(kept().front().state, WebhookState::kDone);
  EXPECT_EQ(kept().front().payment_id, id);
  EXPECT_NE(stored(id).look_at, std::nullopt);
}

TEST_F(SignedWebhook, that_comes_before_the_reply_of_create_is_not_taken_for_an_older_payment_of_the_order) {
  const std::string older = pay("1234", "p0");
  const auto creating = begin("payments.create", kPay);
  EXPECT_EQ(outcome_of(kPaidEvent).find_string("reason"), "unknown_payment");
  EXPECT_THAT(event_types(older), ElementsAre("payment.created"));
  reply(*creating, 200, kPending);
  EXPECT_EQ(stored(*parsed(creating->result())->find_string("id")).look_at, clock_->now_ms());
}

TEST_F(SignedWebhook, about_no_payment_is_taken_once) {
  EXPECT_EQ(outcome_of(R"({"event":"ping"})").find_string("reason"), "no_payment");
  EXPECT_EQ(outcome_of(R"({"event":"ping"})").find_bool("duplicate"), true);
}

// ---- secrets

TEST_F(SignedWebhook, secrets_are_kept_from_the_script_the_store_and_the_result) {
  const std::string body = R"({"event":"whsec_acme_0123456789","payment":{"id":"p7","reference":"sk_live_SECRET123"}})";
  const auto exchange = receive_signed(body);
  for (const std::string& text : {exchange->result().value(), kept_bytes()}) {
    EXPECT_THAT(text, HasSubstr("[secret]"));
    EXPECT_THAT(text, Not(HasSubstr("whsec_acme_0123456789")));
    EXPECT_THAT(text, Not(HasSubstr("SECRET123")));
  }
}

TEST_F(SignedWebhook, both_secrets_verify_while_one_follows_the_other) {
  open_with(R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": "stripe"})",
            R"(,"webhook_secret":["whsec_new_0123456789","whsec_acme_0123456789"])");
  pay("1234", "p1");
  EXPECT_EQ(parsed(begin("webhooks.receive", signed_request(R"({"event":"a"})"))->result())->find_string("signature"),
            "valid");
  const std::string newer = signed_request(R"({"event":"b"})", "whsec_new_0123456789");
  EXPECT_EQ(parsed(begin("webhooks.receive", newer)->result())->find_string("signature"), "valid");
  EXPECT_EQ(refusal(signed_request(R"({"event":"c"})", "whsec_old_0123456789")).reason, "mismatch");
}

// ---- signatures that do not bind everything

TEST_F(WebhookFixture, an_event_that_is_signed_in_part_is_fetched_and_takes_effect_once) {
  open_with(R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": {
      "name": "by-id", "title": "By id", "signature": {"header": "x-signature"}, "signed": [{"json": "/payment/id"}],
      "algorithm": "hmac-sha256", "key": "utf8", "encoding": "hex", "freshness": "none", "signed_covers": "partial",
      "dedupe": "signed"}})",
            R"(,"webhook_secret":"whsec_acme_0123456789")");
  const std::string id = pay("1234", "p1");
  const std::string webhook = request(kPaidEvent, json::Object{{"X-Signature", hmac("whsec_acme_0123456789", "p1")}});
  const auto exchange = begin("webhooks.receive", webhook);
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  reply(*exchange, 200, kPaid);
  EXPECT_EQ(parsed(exchange->result())->find_string("trust"), "refetched");
  EXPECT_EQ(parsed(exchange->result())->find_string("signature"), "valid");
  const auto again = begin("webhooks.receive", webhook);
  ASSERT_NE(again->request(), nullptr) << "nothing says that it tells of the same change";
  reply(*again, 200, kPaid);
  EXPECT_EQ(parsed(again->result())->find_bool("duplicate"), true);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.paid"));
}

TEST_F(WebhookFixture, a_token_says_who_and_nothing_about_what) {
  open_with(R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": "xendit"})",
            R"(,"webhook_secret":"whsec_acme_0123456789")");
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(refusal(request(kPaidEvent)).reason, "missing_signature");
  EXPECT_EQ(refusal(request(kPaidEvent, json::Object{{"x-callback-token", "another"}})).reason, "mismatch");
  const auto exchange =
      begin("webhooks.receive", request(kPaidEvent, json::Object{{"x-callback-token", "whsec_acme_0123456789"}}));
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(WebhookFixture, the_signed_address_is_the_settings_and_never_the_host_header) {
  open_with(R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": "square"})",
            R"(,"webhook_secret":"whsec_acme_0123456789","webhook_url":"https://shop.example/hooks")");
  const std::string body = R"({"event":"a"})";
  const auto sent_to = [&](std::string_view url) {
    const HmacKey key = HmacKey::create(HmacHash::kSha256, Secret("whsec_acme_0123456789")).value();
    const std::string signature = base64_encode(key.sign(std::string(url) + body).bytes());
    return request(body, json::Object{{"Host", "elsewhere.example"}, {"x-square-hmacsha256-signature", signature}});
  };
  EXPECT_EQ(refusal(sent_to("https://elsewhere.example/hooks")).reason, "mismatch");
  EXPECT_EQ(parsed(begin("webhooks.receive", sent_to("https://shop.example/hooks"))->result())->find_string("trust"),
            "signed");
}

// ---- refusals are counted

std::int64_t refusals_in(Store& store, std::string_view reason = "missing_signature") {
  std::int64_t count = 0;
  const auto all = store.list_refusals().value();
  for (const Refusals& one : all)
    if (one.reason == reason) count += one.count;
  return count;
}

TEST_F(SignedWebhook, refusals_are_counted_by_reason_and_written_now_and_then) {
  for (int i = 0; i < 50; ++i) refusal(request(kPaidEvent));
  refusal(signed_request("{"));
  clock_->advance(kRefusalFlushMs);
  refusal(signed_request(kPaidEvent, "whsec_another_0123456"));
  shop_.reset();
  runtime_.reset();  // finishes what is being written
  std::map<std::string, std::int64_t> counted;
  const auto refusals = store()->list_refusals().value();
  for (const Refusals& one : refusals) counted[one.reason] = one.count;
  EXPECT_EQ(counted,
            (std::map<std::string, std::int64_t>{{"missing_signature", 50}, {"malformed", 1}, {"mismatch", 1}}));
}

TEST_F(SignedWebhook, refusals_of_a_burst_are_written_soon_by_themselves) {
  for (int i = 0; i < 10; ++i) refusal(request(kPaidEvent));
  const auto reader = store();
  EXPECT_TRUE(eventually([&] { return refusals_in(*reader) == 10; })) << refusals_in(*reader);
  for (int i = 0; i < 10; ++i) refusal(request(kPaidEvent));
  EXPECT_TRUE(eventually([&] { return refusals_in(*reader) == 20; })) << "and those of the next one";
}

TEST_F(SignedWebhook, refusals_of_a_burst_are_written_when_the_runtime_is_closed) {
  for (int i = 0; i < 10; ++i) refusal(request(kPaidEvent));
  shop_.reset();
  runtime_.reset();
  EXPECT_EQ(refusals_in(*store()), 10);
}

TEST_F(SignedWebhook, refusals_counted_before_a_fork_are_the_parents_to_write) {
  for (int i = 0; i < 10; ++i) refusal(request(kPaidEvent));
  ASSERT_TRUE(eventually([&] { return refusals_in(*store()) >= 1; })) << "the first one at once";
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    for (int i = 0; i < 5; ++i) refusal(signed_request("{"));
    const auto reader = store();
    ::_exit(eventually([&] { return refusals_in(*reader, "malformed") == 5; }) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  shop_.reset();
  runtime_.reset();
  EXPECT_EQ(refusals_in(*store()), 10);
}

TEST_F(SignedWebhook, refusals_are_listed_with_those_that_were_not_written_yet) {
  for (int i = 0; i < 3; ++i) refusal(request(kPaidEvent));
  const json::Value page = json::parse(shop_->call("webhooks.refusals", "{}").value()).value();
  ASSERT_EQ(page.find("items")->array()->size(), 1u);
  const json::Value& one = page.find("items")->array()->front();
  EXPECT_EQ(one.find_string("reason"), "missing_signature");
  EXPECT_EQ(one.find_integer("count"), 3);
  EXPECT_EQ(one.find_string("gateway"), shop_->name());
  EXPECT_EQ(json::parse(shop_->call("webhooks.refusals", "{}").value()).value(), page);
}

TEST_F(SignedWebhook, refusals_that_could_not_be_written_are_written_the_next_time) {
  StoreQueue& queue = runtime_->engine().value()->store();
  change_tables("ALTER TABLE refusals RENAME TO away");
  refusal(request(kPaidEvent));
  ASSERT_TRUE(queue.run([](Store&) { return Status(); }).ok()) << "it was tried";
  change_tables("ALTER TABLE away RENAME TO refusals");
  clock_->advance(kRefusalFlushMs);
  refusal(request(kPaidEvent));
  ASSERT_TRUE(queue.run([](Store&) { return Status(); }).ok());
  const auto refusals = store()->list_refusals().value();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals.front().count, 2);
  EXPECT_EQ(refusals.front().first_at, kNow);
  EXPECT_EQ(refusals.front().last_at, kNow + kRefusalFlushMs);
}

TEST_F(SignedWebhook, refusals_that_could_not_be_listed_are_listed_the_next_time) {
  for (int i = 0; i < 3; ++i) refusal(request(kPaidEvent));  // the first one was written
  ASSERT_TRUE(runtime_->engine().value()->store().run([](Store&) { return Status(); }).ok());
  change_tables("ALTER TABLE refusals RENAME TO away");
  EXPECT_FALSE(shop_->call("webhooks.refusals", "{}").ok());
  change_tables("ALTER TABLE away RENAME TO refusals");
  const json::Value page = json::parse(shop_->call("webhooks.refusals", "{}").value()).value();
  EXPECT_EQ(page.find("items")->array()->front().find_integer("count"), 3);
}

}  // namespace
}  // namespace till
