// The C surface: opening, calling, errors and ownership.

#include <future>
#include <string>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

TEST(CAbiLibrary, versions_are_those_of_the_header) {
  EXPECT_STREQ(till_version(), TILL_VERSION);
  EXPECT_EQ(till_abi_version(), TILL_ABI_VERSION);
}

TEST(CAbiLibrary, every_status_has_its_own_name_and_other_numbers_have_none) {
  EXPECT_STREQ(till_status_name(TILL_OK), "Ok");
  EXPECT_STREQ(till_status_name(TILL_INVALID_REQUEST), "InvalidRequest");
  EXPECT_STREQ(till_status_name(TILL_PLUGIN), "PluginError");
  EXPECT_STREQ(till_status_name(TILL_PLUGIN + 1), "Unknown");
  EXPECT_STREQ(till_status_name(-1), "Unknown");
}

TEST(CAbiLibrary, null_arguments_are_refused_and_never_crash) {
  EXPECT_EQ(till_runtime_open("{}", nullptr, nullptr), TILL_INVALID_REQUEST);
  till_reply* reply = nullptr;
  till_gateway* gateway = nullptr;
  till_card* card = nullptr;
  till_exchange* exchange = nullptr;
  EXPECT_EQ(till_runtime_providers(nullptr, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_runtime_provider(nullptr, "tiny", &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_runtime_reload(nullptr, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_gateway_open(nullptr, "tiny", "{}", &gateway, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_call(nullptr, "check", nullptr, 0, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_start(nullptr, "check", nullptr, 0, nullptr, nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_card_new(nullptr, nullptr, nullptr, nullptr, nullptr, &card, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_begin(nullptr, "check", nullptr, 0, &exchange, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_reply(nullptr, 200, nullptr, nullptr, 0, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_fail(nullptr, TILL_SENT_NO, nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_result(nullptr, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_watch_open(nullptr, "{}", 2, nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_watch_next(nullptr, 0, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_store_call(nullptr, "store.info", nullptr, 0, &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_key_generate(nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_key_public(nullptr, &reply, nullptr), TILL_INVALID_REQUEST);
}

TEST(CAbiLibrary, questions_to_null_have_neutral_answers) {
  std::size_t size = 7;
  EXPECT_EQ(till_reply_json(nullptr, &size), nullptr);
  EXPECT_EQ(size, 0u);
  EXPECT_EQ(till_error_status(nullptr), TILL_OK);
  EXPECT_STREQ(till_error_message(nullptr), "");
  EXPECT_EQ(till_error_json(nullptr, nullptr), nullptr);
  EXPECT_EQ(till_card_handle(nullptr), nullptr);
  EXPECT_EQ(till_exchange_done(nullptr), 1);
  EXPECT_EQ(till_exchange_method(nullptr), nullptr);
  EXPECT_EQ(till_exchange_url(nullptr), nullptr);
  EXPECT_EQ(till_exchange_body(nullptr, nullptr), nullptr);
  EXPECT_EQ(till_exchange_header(nullptr, 0, nullptr, nullptr), 0);
  EXPECT_EQ(till_exchange_timeout_ms(nullptr), 0);
  EXPECT_EQ(till_exchange_wait_ms(nullptr), 0);
  till_runtime_free(nullptr);
  till_gateway_free(nullptr);
  till_reply_free(nullptr);
  till_error_free(nullptr);
  till_card_free(nullptr);
  till_exchange_free(nullptr);
  till_watch_free(nullptr);
}

TEST(CAbiLibrary, unknown_option_is_a_configuration_error_and_clears_the_output) {
  auto* runtime = reinterpret_cast<till_runtime*>(1);
  till_error* error = nullptr;
  EXPECT_EQ(till_runtime_open(R"({"stroe": "memory"})", &runtime, &error), TILL_CONFIGURATION);
  EXPECT_EQ(runtime, nullptr);
  EXPECT_EQ(till_error_status(error), TILL_CONFIGURATION);
  EXPECT_TRUE(has(till_error_json(error, nullptr), "stroe"));
  till_error_free(error);
}

TEST_F(CAbi, providers_are_listed_and_described) {
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  auto status = till_runtime_providers(runtime_.get(), &reply, &error);
  EXPECT_TRUE(has(outcome_of(status, reply, error).json, R"("tiny")"));
  status = till_runtime_provider(runtime_.get(), "tiny", &reply, &error);
  EXPECT_TRUE(has(outcome_of(status, reply, error).json, R"("refunds.create":"Tiny has no refunds.")"));
  status = till_runtime_provider(runtime_.get(), "huge", &reply, &error);
  EXPECT_EQ(outcome_of(status, reply, error).status, TILL_NOT_FOUND);
}

TEST_F(CAbi, the_whole_store_is_asked_through_the_runtime) {
  const auto ask = [&](const char* operation, const std::string& input) {
    return ask_store(runtime_.get(), operation, input);
  };
  EXPECT_TRUE(has(ask("store.info", "{}").json, R"("place":"memory")"));
  EXPECT_TRUE(has(ask("events.list", "{}").json, R"("items":[])"));
  EXPECT_EQ(ask("store.prune", R"({"webhooks_older_than_ms":1})").status, TILL_INVALID_REQUEST);
  EXPECT_EQ(ask("payments.create", "{}").status, TILL_UNSUPPORTED);
}

TEST_F(CAbi, input_of_the_store_may_end_with_nul_or_be_absent) {
  for (const char* input : {static_cast<const char*>(nullptr), "{}"}) {
    till_reply* reply = nullptr;
    till_error* error = nullptr;
    const auto status = till_store_call(runtime_.get(), "store.info", input, TILL_NUL_TERMINATED, &reply, &error);
    EXPECT_TRUE(has(outcome_of(status, reply, error).json, R"("place":"memory")"));
  }
}

TEST_F(CAbi, plugins_are_loaded_again_under_an_open_gateway) {
  const auto shop = gateway();
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  const auto status = till_runtime_reload(runtime_.get(), &reply, &error);
  const auto outcome = outcome_of(status, reply, error);
  EXPECT_EQ(outcome.status, TILL_OK);
  EXPECT_EQ(outcome.json, "[]") << "nothing has changed";
  EXPECT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
}

TEST_F(CAbi, missing_setting_is_a_configuration_error_that_says_where) {
  till_gateway* gateway = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_gateway_open(runtime_.get(), "tiny", "{}", &gateway, &error), TILL_CONFIGURATION);
  EXPECT_TRUE(has(till_error_json(error, nullptr), "$.api_key"));
  till_error_free(error);
}

TEST_F(CAbi, wrong_setting_is_refused_without_repeating_it) {
  till_gateway* gateway = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_gateway_open(runtime_.get(), "tiny", R"({"api_key": "hush"})", &gateway, &error), TILL_CONFIGURATION);
  EXPECT_FALSE(has(till_error_json(error, nullptr), "hush"));
  till_error_free(error);
}

TEST_F(CAbi, payment_is_created_with_its_exact_amount) {
  const auto shop = gateway();
  const auto payment = call(shop.get(), "payments.create", kPayment);
  ASSERT_EQ(payment.status, TILL_OK) << payment.json;
  EXPECT_TRUE(has(payment.json, R"("status":"pending")"));
  EXPECT_TRUE(has(payment.json, R"("amount":{"amount":"48.25","currency":"EUR"})"));
  EXPECT_TRUE(has(payment.json, R"("checkout_url":"https://tiny.example/pay/t1")"));
  EXPECT_TRUE(has(server_.last_request(), R"("amount":48.25)"));
}

TEST_F(CAbi, input_need_not_end_with_nul) {
  const auto shop = gateway();
  const std::string padded = kPayment + "garbage";
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  auto status = till_call(shop.get(), "payments.create", padded.data(), kPayment.size(), &reply, &error);
  EXPECT_EQ(outcome_of(status, reply, error).status, TILL_OK);
  status = till_call(shop.get(), "payments.create", kPayment.c_str(), TILL_NUL_TERMINATED, &reply, &error);
  EXPECT_EQ(outcome_of(status, reply, error).status, TILL_OK);
}

TEST_F(CAbi, same_idempotency_key_sends_nothing_new) {
  const auto shop = gateway();
  const std::string input =
      R"({"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "1234", "idempotency_key": "order-1234"})";
  const auto first = call(shop.get(), "payments.create", input);
  const auto second = call(shop.get(), "payments.create", input);
  EXPECT_EQ(first.status, TILL_OK) << first.json;
  EXPECT_EQ(first.json, second.json);
  EXPECT_EQ(server_.created(), 1u);
}

TEST_F(CAbi, native_call_keeps_the_text_of_numbers) {
  const auto shop = gateway();
  const auto echo = call(shop.get(), "native.echo", R"({"text": "hello"})");
  EXPECT_EQ(echo.status, TILL_OK) << echo.json;
  EXPECT_TRUE(has(echo.json, "150.00"));
  EXPECT_TRUE(has(echo.json, "hello"));
}

TEST_F(CAbi, operation_that_the_provider_lacks_is_unsupported_and_sends_nothing) {
  const auto shop = gateway();
  const auto refund = call(shop.get(), "refunds.create", R"({"payment": "pay_1"})");
  EXPECT_EQ(refund.status, TILL_UNSUPPORTED);
  EXPECT_TRUE(has(refund.json, "Tiny has no refunds."));
  EXPECT_EQ(server_.last_request(), "");
}

TEST_F(CAbi, wrong_input_is_refused_with_its_place) {
  const auto shop = gateway();
  const auto refused = call(shop.get(), "payments.create", R"({"amount": {"amount": "48.255", "currency": "EUR"}})");
  EXPECT_EQ(refused.status, TILL_INVALID_REQUEST);
  EXPECT_TRUE(has(refused.json, "$.amount"));
  EXPECT_EQ(call(shop.get(), "payments.create", "{").status, TILL_INVALID_REQUEST);
}

TEST_F(CAbi, refused_credentials_are_an_authentication_error) {
  const auto shop = gateway("/deny");
  const auto check = call(shop.get(), "check", "{}");
  EXPECT_EQ(check.status, TILL_AUTHENTICATION);
  EXPECT_FALSE(has(check.json, "secret-key-of-tiny"));
}

TEST_F(CAbi, failure_of_the_provider_is_told_in_full) {
  const auto shop = gateway("/fail");
  const auto check = call(shop.get(), "check", "{}");
  EXPECT_EQ(check.status, TILL_PROVIDER);
  EXPECT_TRUE(has(check.json, R"("error":"ProviderError","status":11)"));
  EXPECT_TRUE(has(check.json, R"("provider_code":"E1")"));
  EXPECT_TRUE(has(check.json, R"("request_id":"req_1")"));
  EXPECT_TRUE(has(check.json, R"("sent":"yes")"));
  EXPECT_TRUE(has(check.json, R"("retryable":true)"));
}

TEST_F(CAbi, write_without_an_answer_is_an_unknown_outcome_that_names_the_payment) {
  const auto shop = gateway("/drop");
  const auto payment = call(shop.get(), "payments.create", kPayment);
  EXPECT_EQ(payment.status, TILL_OUTCOME_UNKNOWN) << payment.json;
  EXPECT_TRUE(has(payment.json, R"("payment_id":"pay_)"));
}

TEST_F(CAbi, handles_may_be_freed_in_any_order) {
  auto shop = gateway();
  runtime_.reset();
  EXPECT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
  till_exchange* exchange = nullptr;
  ASSERT_EQ(till_exchange_begin(shop.get(), "check", nullptr, 0, &exchange, nullptr), TILL_OK);
  shop.reset();
  EXPECT_EQ(till_exchange_done(exchange), 0);
  EXPECT_EQ(till_exchange_reply(exchange, 200, nullptr, "{}", 2, nullptr), TILL_OK);
  till_reply* reply = nullptr;
  EXPECT_EQ(till_exchange_result(exchange, &reply, nullptr), TILL_OK);
  till_exchange_free(exchange);
  EXPECT_TRUE(has(till_reply_json(reply, nullptr), "ok"));
  till_reply_free(reply);
}

// Collects what a till_callback was given.
struct Waiter {
  std::promise<Outcome> promise;
  static void receive(void* context, till_status status, till_reply* reply, till_error* error) {
    static_cast<Waiter*>(context)->promise.set_value(outcome_of(status, reply, error));
  }
};

TEST_F(CAbi, started_operation_reports_to_its_callback) {
  const auto shop = gateway();
  Waiter waiter;
  ASSERT_EQ(
      till_start(shop.get(), "payments.create", kPayment.data(), kPayment.size(), Waiter::receive, &waiter, nullptr),
      TILL_OK);
  const auto payment = waiter.promise.get_future().get();
  EXPECT_EQ(payment.status, TILL_OK) << payment.json;
  EXPECT_TRUE(has(payment.json, R"("amount":"48.25")"));
}

TEST_F(CAbi, started_operation_that_is_wrong_reports_its_error_to_its_callback) {
  const auto shop = gateway();
  Waiter waiter;
  ASSERT_EQ(till_start(shop.get(), "payments.create", "{}", 2, Waiter::receive, &waiter, nullptr), TILL_OK);
  EXPECT_EQ(waiter.promise.get_future().get().status, TILL_INVALID_REQUEST);
}

TEST_F(CAbi, started_operation_ends_although_all_its_parents_were_freed) {
  auto shop = gateway();
  Waiter waiter;
  ASSERT_EQ(
      till_start(shop.get(), "payments.create", kPayment.data(), kPayment.size(), Waiter::receive, &waiter, nullptr),
      TILL_OK);
  shop.reset();
  runtime_.reset();
  EXPECT_EQ(waiter.promise.get_future().get().status, TILL_OK);
}

// Asks the store from inside the callback, which runs on the store's own thread.
struct AsksTheStore {
  till_runtime* runtime;
  std::promise<Outcome> promise;
  static void receive(void* context, till_status, till_reply* reply, till_error* error) {
    auto* self = static_cast<AsksTheStore*>(context);
    till_reply_free(reply);
    till_error_free(error);
    reply = nullptr, error = nullptr;
    const auto status = till_store_call(self->runtime, "store.prune", nullptr, 0, &reply, &error);
    self->promise.set_value(outcome_of(status, reply, error));
  }
};

TEST_F(CAbi, callback_that_waits_for_the_store_is_an_error) {
  const auto shop = gateway();
  AsksTheStore asks{runtime_.get(), {}};
  ASSERT_EQ(till_start(shop.get(), "payments.create", kPayment.data(), kPayment.size(), AsksTheStore::receive, &asks,
                       nullptr),
            TILL_OK);
  const auto refused = asks.promise.get_future().get();
  EXPECT_EQ(refused.status, TILL_INTERNAL);
  EXPECT_TRUE(has(refused.json, R"("code":"call_in_callback")"));
}

// Frees its own gateway and runtime, the last handles there are, from inside the callback.
struct SelfFreeing {
  Owned<till_runtime> runtime;
  Owned<till_gateway> gateway;
  std::promise<till_status> promise;
  static void receive(void* context, till_status status, till_reply* reply, till_error* error) {
    auto* self = static_cast<SelfFreeing*>(context);
    till_reply_free(reply);
    till_error_free(error);
    self->gateway.reset();
    self->runtime.reset();
    self->promise.set_value(status);
  }
};

TEST_F(CAbi, callback_may_free_the_last_handles) {
  SelfFreeing self{std::move(runtime_), nullptr, {}};
  self.gateway = open_gateway(self.runtime.get(), server_.base_url("/now"));
  ASSERT_EQ(till_start(self.gateway.get(), "check", nullptr, 0, SelfFreeing::receive, &self, nullptr), TILL_OK);
  EXPECT_EQ(self.promise.get_future().get(), TILL_OK);
}

TEST_F(CAbi, card_reaches_the_provider_and_nothing_else) {
  const auto shop = gateway();
  till_card* card = nullptr;
  ASSERT_EQ(till_card_new("4242 4242 4242 4242", "123", "12", "2030", "A. Payer", &card, nullptr), TILL_OK);
  const std::string handle = till_card_handle(card);
  EXPECT_FALSE(has(handle, "4242"));
  const std::string input = R"({"amount": {"amount": "48.25", "currency": "EUR"}, "card": ")" + handle + "\"}";
  const auto payment = call(shop.get(), "payments.create", input);
  EXPECT_EQ(payment.status, TILL_OK) << payment.json;
  EXPECT_FALSE(has(payment.json, "4242424242424242"));
  EXPECT_TRUE(has(server_.last_request(), R"("card_number":"4242424242424242")"));
  till_card_free(card);
  EXPECT_EQ(call(shop.get(), "payments.create", input).status, TILL_INVALID_REQUEST);
}

TEST(CAbiCard, number_that_is_too_short_is_refused_without_repeating_it) {
  till_card* card = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_card_new("42424242424", "123", "12", "2030", nullptr, &card, &error), TILL_INVALID_REQUEST);
  EXPECT_TRUE(has(till_error_json(error, nullptr), "$.card.number"));
  EXPECT_FALSE(has(till_error_json(error, nullptr), "4242"));
  till_error_free(error);
}

TEST(CAbiKey, public_names_of_a_known_key_are_the_known_ones) {
  // The private key 1: its public key is the generator of secp256k1 (SEC 2, section 2.4.1).
  till_reply* reply = nullptr;
  const std::string one = std::string(63, '0') + "1";
  ASSERT_EQ(till_key_public(one.c_str(), &reply, nullptr), TILL_OK);
  EXPECT_TRUE(has(till_reply_json(reply, nullptr),
                  R"("public_key":"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")"));
  EXPECT_TRUE(has(till_reply_json(reply, nullptr), R"("sin":"T)"));
  till_reply_free(reply);
}

TEST(CAbiKey, generated_keys_differ_and_have_the_names_they_came_with) {
  till_reply *first = nullptr, *second = nullptr, *names = nullptr;
  ASSERT_EQ(till_key_generate(&first, nullptr), TILL_OK);
  ASSERT_EQ(till_key_generate(&second, nullptr), TILL_OK);
  const std::string json = till_reply_json(first, nullptr);
  EXPECT_NE(json, till_reply_json(second, nullptr));
  const auto key = json.substr(json.find("\"private_key\":\"") + 15, 64);
  ASSERT_EQ(till_key_public(key.c_str(), &names, nullptr), TILL_OK);
  const std::string public_part = till_reply_json(names, nullptr);
  EXPECT_TRUE(has(json, public_part.substr(1, public_part.size() - 2)));
  till_reply_free(first);
  till_reply_free(second);
  till_reply_free(names);
}

TEST(CAbiKey, what_is_no_key_is_refused) {
  till_reply* reply = nullptr;
  EXPECT_EQ(till_key_public("12", &reply, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_key_public(std::string(64, '0').c_str(), &reply, nullptr), TILL_INVALID_REQUEST);
}

}  // namespace
}  // namespace till::test
