// Amount, currency, reference, account and mode are checked at every door by which news of a payment comes in: what
// contradicts the payment never makes it paid.
#include <gmock/gmock.h>

#include "tests/runtime/webhook_fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Payment p1 is over 48.25 EUR, for order 1234, of the account "m-1", and live.
constexpr std::string_view kTrue =
    R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1234","account":"m-1","test":false})";

struct Lie {
  std::string_view truth, lie;
};
constexpr Lie kAmount{"48.25", "48.24"};
constexpr Lie kCurrency{R"(48.25,"currency":"EUR")", R"(48,"currency":"JPY")"};
constexpr Lie kReference{R"("reference":"1234")", R"("reference":"1235")"};
constexpr Lie kAccount{"m-1", "m-2"};
constexpr Lie kMode{R"("test":false)", R"("test":true)"};

class Doors : public WebhookFixture {
 protected:
  Doors() { open_signed("stripe", R"(,"merchant":"m-1")"); }

  static std::string told(const Lie& lie) { return replaced(kTrue, lie.truth, lie.lie); }

  void expect_history(const std::string& id, std::string_view source, std::string_view reason) {
    EXPECT_NE(stored(id).status, PaymentStatus::kPaid);
    const auto events = store()->list_events(id).value();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().type, "payment.mismatch");
    EXPECT_EQ(events.back().source, source);
    EXPECT_THAT(events.back().detail, HasSubstr(reason));
  }

  void refused_at_receive(const Lie& lie, std::string_view reason) {
    const std::string id = pay("1234", "p1");
    const std::string webhook = R"({"event":"paid","payment":)" + told(lie) + "}";
    const json::Value result = outcome_of(webhook);
    EXPECT_EQ(result.find_string("reason"), reason);
    EXPECT_EQ(result.find_bool("changed"), false);
    EXPECT_EQ(result.find_integer("http_status"), 200);
    expect_history(id, "webhook", reason);
    EXPECT_EQ(kept().size(), 1u);
    outcome_of(webhook);
    EXPECT_THAT(event_types(id), ElementsAre("payment.created", "payment.mismatch"));
    EXPECT_EQ(outcome_of(R"({"event":"paid","payment":)" + std::string(kTrue) + "}").find_bool("changed"), true);
  }

  void refused_at_reply(const Lie& lie, std::string_view reason) {
    const auto result = run("payments.create", kPay, 200, told(lie));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, reason);
    const Payment payment = all_stored(shop_->name()).front();
    EXPECT_EQ(payment.outcome, Outcome::kUnknown);
    expect_history(payment.id, "reply", reason);
  }

  void refused_at_poll(const Lie& lie, std::string_view reason) {
    const std::string id = pay("1234", "p1");
    const std::string input = R"({"id":")" + id + "\"}";
    const auto result = run("payments.get", input, 200, told(lie));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, reason);
    EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
    EXPECT_TRUE(run("payments.get", input, 200, kTrue).ok());
    EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  }
};

TEST_F(Doors, receive_refuses_another_amount) { refused_at_receive(kAmount, "amount_mismatch"); }
TEST_F(Doors, receive_refuses_another_currency) { refused_at_receive(kCurrency, "currency_mismatch"); }
TEST_F(Doors, receive_refuses_another_reference) { refused_at_receive(kReference, "reference_mismatch"); }
TEST_F(Doors, receive_refuses_another_account) { refused_at_receive(kAccount, "account_mismatch"); }
TEST_F(Doors, receive_refuses_another_mode) { refused_at_receive(kMode, "mode_mismatch"); }

TEST_F(Doors, reply_refuses_another_amount) { refused_at_reply(kAmount, "amount_mismatch"); }
TEST_F(Doors, reply_refuses_another_currency) { refused_at_reply(kCurrency, "currency_mismatch"); }
TEST_F(Doors, reply_refuses_another_reference) { refused_at_reply(kReference, "reference_mismatch"); }
TEST_F(Doors, reply_refuses_another_account) { refused_at_reply(kAccount, "account_mismatch"); }
TEST_F(Doors, reply_refuses_another_mode) { refused_at_reply(kMode, "mode_mismatch"); }

TEST_F(Doors, poll_refuses_another_amount) { refused_at_poll(kAmount, "amount_mismatch"); }
TEST_F(Doors, poll_refuses_another_currency) { refused_at_poll(kCurrency, "currency_mismatch"); }
TEST_F(Doors, poll_refuses_another_reference) { refused_at_poll(kReference, "reference_mismatch"); }
TEST_F(Doors, poll_refuses_another_account) { refused_at_poll(kAccount, "account_mismatch"); }
TEST_F(Doors, poll_refuses_another_mode) { refused_at_poll(kMode, "mode_mismatch"); }

TEST_F(Doors, receive_refuses_paid_without_a_sum) {
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(outcome_of(R"({"event":"paid","payment":{"id":"p1","status":"paid"}})").find_string("reason"),
            "amount_missing");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(Doors, receive_refuses_paid_with_less_money) {
  const std::string id = pay("1234", "p1");
  EXPECT_EQ(outcome_of(R"({"event":"paid","payment":{"id":"p1","status":"paid","paid":48.24,"currency":"EUR"}})")
                .find_string("reason"),
            "amount_mismatch");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(Doors, the_account_that_was_seen_first_is_the_payments_where_no_setting_names_one) {
  open_signed();
  const std::string id = pay("1234", "p1");
  EXPECT_TRUE(run("payments.get", R"({"id":")" + id + "\"}", 200, replaced(kTrue, "paid", "processing")).ok());
  EXPECT_EQ(stored(id).account, "m-1");
  EXPECT_EQ(outcome_of(R"({"event":"paid","payment":)" + told(kAccount) + "}").find_string("reason"),
            "account_mismatch");
  const auto shown = run("payments.get", R"({"id":")" + id + "\"}", 200, kTrue);
  EXPECT_EQ(shown->find("account"), nullptr);
}

}  // namespace
}  // namespace till
