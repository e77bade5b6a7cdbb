// Refunds against their payment: what is never sent, what is no refund that was asked for, and how many there may be.
#include <gmock/gmock.h>

#include "core/base/limits.h"
#include "core/runtime/operation.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kRefundScript = R"lua(
local function told(data)
  return {id = data.id, status = data.status, amount = data.amount and money.of(data.amount, data.currency), raw = data}
end
function provider.refunds.create(input) return told(http.post("/refunds", {json = {id = input.provider_id}}).json) end
)lua";

class RefundTest : public AcmeTest {
 protected:
  RefundTest() { open(kAcmeManifest); }

  void open(std::string_view manifest) {
    open_variant(manifest, R"({"api_key":"sk_live_SECRET123"})", std::string(kAcmeScript) + std::string(kRefundScript));
  }
  std::string paid() {
    const auto payment = run("payments.create", kPay, 200, kPaid);
    EXPECT_TRUE(payment.ok()) << payment.error().message;
    return std::string(*payment->find_string("id"));
  }
  // An ask for this much of the payment, with the amount as its idempotency key.
  static std::string ask(const std::string& id, const std::string& amount, const std::string& currency = "EUR") {
    return json::write(json::Object{{"payment_id", id},
                                    {"amount", json::Object{{"amount", amount}, {"currency", currency}}},
                                    {"idempotency_key", amount}});
  }
  std::string about(const std::string& id) const { return json::write(json::Object{{"payment_id", id}}); }
  static std::string many(std::size_t count) {
    std::string body = R"({"data":[)";
    for (std::size_t i = 0; i < count; ++i)
      body += (i ? "," : "") + std::string(R"({"id":"r)") + std::to_string(i) + R"(","status":"failed"})";
    return body + "]}";
  }
  // The error of a call that sends nothing and leaves no record.
  Error refused(const std::string& input) {
    const std::size_t before = writes().size();
    const auto exchange = begin("refunds.create", input);
    EXPECT_EQ(exchange->request(), nullptr);
    if (exchange->request()) return {};
    EXPECT_EQ(writes().size(), before);
    EXPECT_FALSE(exchange->result().ok());
    return exchange->result().ok() ? Error() : exchange->result().error();
  }
  std::vector<Write> writes() const { return store()->list_writes({.gateway = shop_->name()}).value(); }
  std::vector<std::string> events(const std::string& id) const {
    std::vector<std::string> types;
    const std::vector<Event> all = store()->list_events(id).value();
    for (const Event& event : all) types.push_back(event.type);
    return types;
  }
};

TEST_F(RefundTest, of_another_currency_than_the_payments_is_never_sent) {
  const std::string id = paid();
  const Error error = refused(ask(id, "825", "JPY"));
  EXPECT_EQ(error.kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(error.field, "$.amount.currency");
  EXPECT_EQ(error.sent, Sent::kNo);
  EXPECT_EQ(error.payment_id, id);
  EXPECT_TRUE(run("refunds.create", ask(id, "825"), 200, "{}").error().field == "$.amount.amount")
      << "its key is free for another ask";
}

TEST_F(RefundTest, of_more_than_is_left_is_never_sent) {
  const std::string id = paid();
  ASSERT_TRUE(run("refunds.create", ask(id, "40.00"), 200, R"({"id":"r1","status":"pending"})").ok());
  const Error error = refused(ask(id, "8.26"));
  EXPECT_EQ(error.kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(error.field, "$.amount.amount");
  EXPECT_THAT(error.message, HasSubstr("no more than 8.25 EUR"));
  const std::string failed = json::write(json::Object{{"payment_id", id}, {"id", "r1"}});
  ASSERT_TRUE(run("refunds.get", failed, 200, R"({"id":"r1","status":"failed"})").ok());
  EXPECT_TRUE(run("refunds.create", ask(id, "48.25"), 200, R"({"id":"r2","status":"pending"})").ok());
}

TEST_F(RefundTest, that_is_asked_for_again_has_its_first_outcome_though_nothing_is_left) {
  const std::string id = paid();
  const auto first = run("refunds.create", ask(id, "48.25"), 200, R"({"id":"r1","status":"pending"})");
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto again = begin("refunds.create", ask(id, "48.25"));
  ASSERT_EQ(again->request(), nullptr);
  ASSERT_TRUE(again->result().ok()) << again->result().error().message;
  EXPECT_EQ(parsed(again->result())->find_string("id"), first->find_string("id"));
}

TEST_F(RefundTest, does_not_count_where_the_provider_never_tells_that_it_failed) {
  open(replaced(kAcmeManifest, R"("refunds.get": {}, "refunds.list": {},)", ""));
  const std::string id = paid();
  ASSERT_TRUE(run("refunds.create", ask(id, "40.00"), 200, R"({"id":"r1","status":"pending"})").ok());
  EXPECT_TRUE(run("refunds.create", ask(id, "48.25"), 200, R"({"id":"r2","status":"pending"})").ok());
  EXPECT_EQ(refused(ask(id, "48.26")).field, "$.amount.amount") << "more than came";
}

TEST_F(RefundTest, over_another_amount_or_currency_than_was_asked_for_is_no_outcome) {
  for (const auto& [told, code] :
       {std::pair(R"({"id":"r1","status":"succeeded","amount":4825,"currency":"EUR"})", "amount_mismatch"),
        std::pair(R"({"id":"r1","status":"succeeded","amount":8.25,"currency":"USD"})", "currency_mismatch")}) {
    open(kAcmeManifest);
    const std::string id = paid();
    const auto result = run("refunds.create", ask(id, "8.25"), 200, told);
    ASSERT_FALSE(result.ok()) << told;
    EXPECT_EQ(result.error().kind, ErrorKind::kOutcomeUnknown);
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().sent, Sent::kYes);
    EXPECT_EQ(result.error().payment_id, id);
    EXPECT_THAT(events(id), ElementsAre("payment.created", "payment.paid", "payment.mismatch"));
    EXPECT_THAT(store()->list_events(id).value().back().detail, HasSubstr(code));
    ASSERT_EQ(stored(id).refunds.size(), 1u) << "so that it can be asked about";
    EXPECT_EQ(stored(id).refunds[0].find_string("provider_id"), "r1");
    EXPECT_EQ(writes().front().state, WriteState::kUnknown);
    const auto again = begin("refunds.create", ask(id, "8.25"));
    ASSERT_EQ(again->request(), nullptr);
    EXPECT_EQ(again->result().error().kind, ErrorKind::kOutcomeUnknown);
  }
}

TEST_F(RefundTest, may_be_in_another_currency_where_the_manifest_says_so) {
  open(replaced(kAcmeManifest, R"("refunds.create": {})", R"("refunds.create": {"other_currencies": true})"));
  const std::string id = paid();
  const auto asked = run("refunds.create", ask(id, "825", "JPY"), 200, R"({"id":"r1","status":"pending"})");
  EXPECT_TRUE(asked.ok()) << asked.error().message;
  const auto told =
      run("refunds.create", ask(id, "8.00"), 200, R"({"id":"r2","status":"pending","amount":0.001,"currency":"BTC"})");
  ASSERT_TRUE(told.ok()) << told.error().message;
  EXPECT_EQ(told->find("amount")->find_string("currency"), "BTC");
  const auto other =
      run("refunds.create", ask(id, "7.00"), 200, R"({"id":"r3","status":"pending","amount":700,"currency":"EUR"})");
  EXPECT_EQ(other.error().code, "amount_mismatch");
}

TEST_F(RefundTest, beyond_the_limit_is_a_providers_error_and_nothing_is_kept) {
  const std::string id = paid();
  const auto listed = run("refunds.list", about(id), 200, many(kMaxRefunds + 1));
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().kind, ErrorKind::kProvider);
  EXPECT_EQ(listed.error().code, "too_many_refunds");
  EXPECT_THAT(stored(id).refunds, IsEmpty());
}

TEST_F(RefundTest, is_one_of_as_many_as_the_limit_says_at_most) {
  const std::string id = paid();
  const auto listed = run("refunds.list", about(id), 200, many(kMaxRefunds));
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(stored(id).refunds.size(), kMaxRefunds);
  ASSERT_TRUE(run("refunds.list", about(id), 200, many(kMaxRefunds)).ok()) << "they are the same";
  EXPECT_EQ(run("refunds.list", about(id), 200, R"({"data":[{"id":"one more","status":"pending"}]})").error().code,
            "too_many_refunds");
  const std::string another = json::write(json::Object{{"payment_id", id}, {"id", "one more"}});
  EXPECT_EQ(run("refunds.get", another, 200, R"({"id":"one more","status":"pending"})").error().code,
            "too_many_refunds");
  EXPECT_EQ(stored(id).refunds.size(), kMaxRefunds);
  const Error error = refused(ask(id, "1.00"));
  EXPECT_EQ(error.kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(error.field, "$.payment_id");
}

}  // namespace
}  // namespace till
