// The fixture player sees every way in which a script can leave its documentation.
#include "core/runtime/fixture_player.h"

#include <gmock/gmock.h>

#include "core/json/json.h"
#include "core/plugin/plugin.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

// What the tests' own provider documents, so to speak: create a payment.
constexpr std::string_view kCreate = R"json({
  "name": "create", "source": "the tests", "operation": "payments.create",
  "settings": {"api_key": "sk_live_SECRET123"},
  "input": {"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "1234", "options": {"note": "hi"},
            "card": {"number": "4111111111111111", "cvv": "123"}},
  "exchanges": [{
    "request": {"method": "POST", "path": "/payments", "signed": true, "headers": {"X-Version": "2", "X-Other": null},
      "json": {"amount": 48.25, "card_cvv": "123", "card_number": "4111111111111111", "currency": "EUR",
               "note": "hi", "reference": "1234"}},
    "reply": {"status": 200, "json": {"id": "p1", "status": "pending", "amount": 48.25, "currency": "EUR", "reference": "1234"}}
  }],
  "output": {"id": "p1", "status": "pending", "amount": {"amount": "48.25", "currency": "EUR"}, "reference": "1234", "state": {}}
})json";

class FixturePlayerTest : public testing::Test {
 protected:
  FixturePlayerTest() {
    write_file(folder_.path() + "/acme/manifest.json", kAcmeManifest);
    write_file(folder_.path() + "/acme/provider.lua", kAcmeScript);
  }

  // The script with one part of its text replaced.
  void change_script(std::string_view part, std::string_view by) { change("provider.lua", kAcmeScript, part, by); }
  void change_manifest(std::string_view part, std::string_view by) {
    change("manifest.json", read_file(folder_.path() + "/acme/manifest.json"), part, by);
  }

  std::string play(std::string_view fixture) const {
    const auto plugin = plugin::load_plugin(folder_.path() + "/acme");
    if (!plugin.ok()) return plugin.error().message;
    std::string out;
    for (const json::Difference& one : play_fixture(*plugin, json::parse(fixture).value()))
      out += one.path + ": " + one.message + "\n";
    return out;
  }

  // The fixture with one part of its text replaced.
  std::string play_with(std::string_view part, std::string_view by) const { return play(replaced(kCreate, part, by)); }

  static std::string replaced(std::string_view text, std::string_view part, std::string_view by) {
    std::string out(text);
    const std::size_t at = out.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return out.replace(at, part.size(), by);
  }

 private:
  void change(const std::string& file, std::string_view text, std::string_view part, std::string_view by) {
    write_file(folder_.path() + "/acme/" + file, replaced(text, part, by));
  }

  TemporaryFolder folder_;
};

TEST_F(FixturePlayerTest, what_is_as_documented_differs_nowhere) { EXPECT_EQ(play(kCreate), ""); }

TEST_F(FixturePlayerTest, another_method_is_seen) {
  EXPECT_EQ(play_with("\"POST\"", "\"PUT\""), "$.exchanges[0].request.method: expected PUT, got POST\n");
}

TEST_F(FixturePlayerTest, another_path_is_seen) {
  EXPECT_EQ(play_with("\"/payments\"", "\"/payment\""),
            "$.exchanges[0].request.path: expected https://api.acme.example/v1/payment, got "
            "https://api.acme.example/v1/payments\n");
}

TEST_F(FixturePlayerTest, a_query_that_is_missing_or_too_much_is_seen) {
  EXPECT_EQ(play_with("\"signed\": true", R"("signed": true, "query": [["limit", "1"]])"),
            "$.exchanges[0].request.query[0]: is missing, expected [\"limit\",\"1\"]\n");
  change_script("http.post(\"/payments\", {", "http.post(\"/payments\", {query = {a = \"1\"}, ");
  EXPECT_EQ(play(kCreate), "$.exchanges[0].request.query[0]: is not expected, got [\"a\",\"1\"]\n");
}

TEST_F(FixturePlayerTest, another_value_in_the_body_is_seen) {
  EXPECT_EQ(play_with("\"note\": \"hi\", \"ref", "\"note\": \"ho\", \"ref"),
            "$.exchanges[0].request.json.note: expected \"ho\", got \"hi\"\n");
}

TEST_F(FixturePlayerTest, the_same_values_in_other_bytes_are_seen) {
  EXPECT_TRUE(play_with(R"("amount": 48.25, "card_cvv": "123",)", R"("card_cvv": "123", "amount": 48.25,)")
                  .starts_with("$.exchanges[0].request.json: the same values in other bytes"));
}

TEST_F(FixturePlayerTest, a_body_of_another_kind_is_seen) {
  change_script("{json = body}", "{form = {a = \"1\"}}");
  EXPECT_EQ(play(kCreate),
            "$.exchanges[0].request.json: expected a body of type application/json, got one of type "
            "application/x-www-form-urlencoded\n");
}

TEST_F(FixturePlayerTest, a_body_that_the_fixture_lacks_is_seen) {
  std::string fixture(kCreate);
  const std::size_t begin = fixture.find(",\n      \"json\""), end = fixture.find("},\n    \"reply\"");
  fixture.erase(begin, end - begin);
  EXPECT_EQ(play(fixture),
            "$.exchanges[0].request: has no body in the fixture, but one of type application/json is sent\n");
}

TEST_F(FixturePlayerTest, forms_are_compared_field_by_field) {
  change_script("{json = body}", "{form = {{\"a b\", \"1&2\"}, {\"c\", \"\"}}}");
  std::string fixture(kCreate);
  const std::size_t begin = fixture.find("\"json\""), end = fixture.find("},\n    \"reply\"");
  fixture.replace(begin, end - begin, R"("form": [["a b", "1&2"], ["c", ""]])");
  EXPECT_EQ(play(fixture), "");
  fixture.replace(fixture.find("1&2"), 3, "1&3");
  EXPECT_EQ(play(fixture), "$.exchanges[0].request.form[0][1]: expected \"1&3\", got \"1&2\"\n");
}

TEST_F(FixturePlayerTest, headers_are_compared_and_missed) {
  EXPECT_EQ(play_with("\"X-Version\": \"2\"", "\"X-Version\": \"3\""),
            "$.exchanges[0].request.headers.\"X-Version\": the header X-Version must be \"3\", but is \"2\"\n");
  EXPECT_EQ(play_with("\"X-Other\": null", "\"X-Other\": \"1\""),
            "$.exchanges[0].request.headers.\"X-Other\": the header X-Other must be \"1\", but is not sent\n");
  EXPECT_EQ(play_with("\"X-Version\": \"2\"", "\"X-Version\": null"),
            "$.exchanges[0].request.headers.\"X-Version\": the header X-Version must not be sent\n");
}

TEST_F(FixturePlayerTest, authentication_that_is_left_out_or_too_much_is_seen) {
  EXPECT_EQ(play_with("\"signed\": true", "\"signed\": false"),
            "$.exchanges[0].request.signed: the request must not be authenticated\n");
  change_script("{json = body}", "{json = body, auth = false}");
  EXPECT_EQ(play(kCreate), "$.exchanges[0].request.signed: the request must be authenticated, but is not\n");
}

TEST_F(FixturePlayerTest, basic_authentication_is_worked_out_from_the_settings) {
  change_manifest(R"("auth": {"scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key"})",
                  R"("auth": {"scheme": "basic", "username": "shop", "password": "api_key"})");
  EXPECT_EQ(play_with(R"("api_key": "sk_live_SECRET123")", R"("api_key": "sk_live_SECRET123", "shop": "north")"), "");
}

TEST_F(FixturePlayerTest, credentials_wait_for_a_challenge_where_the_settings_say_so) {
  change_manifest(
      R"("auth": {"scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key"})",
      R"("auth": {"scheme": "basic", "username": "shop", "password": "api_key", "challenge_setting": "wait"})");
  change_manifest(
      R"("shop": {)",
      R"("wait": {"type": "boolean", "title": "Wait", "description": "Or not.", "default": true}, "shop": {)");
  constexpr std::string_view kAsked = R"json({
    "name": "asked", "source": "the tests", "operation": "check", "settings": {"api_key": "sk_live_SECRET123"}, "input": {},
    "exchanges": [
      {"request": {"method": "GET", "path": "/me", "signed": false},
       "reply": {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"acme\""}}},
      {"request": {"method": "GET", "path": "/me"}, "reply": {"status": 200, "json": {}}}],
    "output": {"ok": true}})json";
  EXPECT_EQ(play(kAsked), "");
}

TEST_F(FixturePlayerTest, a_prefix_chosen_by_a_setting_is_worked_out) {
  change_manifest("\"prefix\": \"Key \"",
                  R"("prefix": {"setting": "kind", "values": {"bearer": "Bearer ", "plain": ""}})");
  change_manifest(R"("shop": {)",
                  R"("kind": {"type": "string", "enum": ["bearer", "plain"], "default": "bearer", "title": "Kind",
                     "description": "Of key."}, "shop": {)");
  EXPECT_EQ(play(kCreate), "");
  EXPECT_EQ(play_with("\"api_key\"", "\"kind\": \"plain\", \"api_key\""), "");
}

TEST_F(FixturePlayerTest, an_idempotency_key_is_compared) {
  change_manifest("\"idempotency\": null", "\"idempotency\": {\"header\": \"Idempotency-Key\"}");
  EXPECT_EQ(play_with("\"reference\": \"1234\", \"options\"",
                      "\"idempotency_key\": \"k1\", \"reference\": \"1234\", \"options\""),
            "");
  EXPECT_EQ(play_with("\"X-Other\": null", "\"Idempotency-Key\": \"k1\""),
            "$.exchanges[0].request.headers.\"Idempotency-Key\": the header Idempotency-Key must be \"k1\", but is not "
            "sent\n");
}

TEST_F(FixturePlayerTest, a_write_that_was_challenged_keeps_its_idempotency_key) {
  change_manifest("\"idempotency\": null", "\"idempotency\": {\"header\": \"Idempotency-Key\"}");
  change_manifest(
      R"("auth": {"scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key"})",
      R"("auth": {"scheme": "basic", "username": "shop", "password": "api_key", "challenge_setting": "wait"})");
  change_manifest(
      R"("shop": {)",
      R"("wait": {"type": "boolean", "title": "Wait", "description": "Or not.", "default": true}, "shop": {)");
  constexpr std::string_view kAsked = R"json({
    "name": "asked", "source": "the tests", "operation": "native.setThing", "settings": {"api_key": "sk_live_SECRET123"},
    "input": {"idempotency_key": "k1"},
    "exchanges": [
      {"request": {"method": "POST", "path": "/things", "signed": false, "headers": {"Idempotency-Key": "k1"},
                   "json": {"idempotency_key": "k1"}},
       "reply": {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"acme\""}}},
      {"request": {"method": "POST", "path": "/things", "headers": {"Idempotency-Key": "k1"},
                   "json": {"idempotency_key": "k1"}},
       "reply": {"status": 200, "json": {}}}],
    "output": {}})json";
  EXPECT_EQ(play(kAsked), "");
}

TEST_F(FixturePlayerTest, another_output_is_seen) {
  EXPECT_EQ(play_with("\"reference\": \"1234\", \"state\"", "\"reference\": \"12\", \"state\""),
            "$.output.reference: expected \"12\", got \"1234\"\n");
}

TEST_F(FixturePlayerTest, an_error_that_is_documented_or_not_is_seen) {
  EXPECT_EQ(play_with("\"status\": 200, \"json\": {", "\"status\": 401, \"json\": {\"error\": \"No.\", "),
            "$.output: the operation fails: AuthenticationError provider_refused: Acme Pay says: No.\n");
  std::string fixture(kCreate);
  fixture.replace(fixture.find("\"output\""), std::string::npos, R"("error": {"kind": "Conflict"}})");
  EXPECT_TRUE(play(fixture).starts_with("$.error: expected Conflict, but the operation succeeds with {"));
  fixture.replace(fixture.find("\"status\": 200"), 13, "\"status\": 401");
  EXPECT_TRUE(play(fixture).starts_with("$.error.kind: expected Conflict, got AuthenticationError"));
}

TEST_F(FixturePlayerTest, every_member_of_an_error_is_compared) {
  constexpr std::string_view kLimited = R"json({
    "name": "limited", "source": "the tests", "operation": "check", "settings": {"api_key": "sk_live_SECRET123"}, "input": {},
    "exchanges": [{"request": {"method": "GET", "path": "/me"},
                   "reply": {"status": 429, "headers": {"Retry-After": "2", "X-Request-Id": "r1"}, "text": "slow"}}],
    "error": {"kind": "RateLimited", "code": "x", "message": "x", "field": "x", "provider_code": "x", "request_id": "x",
              "retryable": false, "retry_after_ms": 1}})json";
  EXPECT_EQ(play(kLimited),
            "$.error.code: expected \"x\", got \"provider_refused\"\n"
            "$.error.message: expected \"x\", got \"Acme Pay answered with HTTP status 429\"\n"
            "$.error.field: expected \"x\", got \"\"\n"
            "$.error.provider_code: expected \"x\", got \"\"\n"
            "$.error.request_id: expected \"x\", got \"r1\"\n"
            "$.error.retryable: expected false, got true\n"
            "$.error.retry_after_ms: expected 1, got 2000\n");
}

TEST_F(FixturePlayerTest, a_request_too_few_or_too_many_is_seen) {
  change_script("return payment(http.post(\"/payments\"",
                "http.get(\"/me\")\n  return payment(http.post(\"/payments\"");
  const std::string two = play(kCreate);
  EXPECT_NE(two.find("request.method: expected POST, got GET"), std::string::npos) << two;
  EXPECT_NE(two.find("$.exchanges: the script makes one more request than the fixture has: POST /payments"),
            std::string::npos);
  change_script("return payment(http.post(\"/payments\", {json = body}).json)", "return {id = \"p1\"}");
  EXPECT_EQ(play(kCreate), "$.exchanges[0]: the script ended before it made this request\n");
}

TEST_F(FixturePlayerTest, an_error_before_the_last_exchange_says_what_was_never_reached) {
  change_script("local body =", "fail(\"Conflict\", \"Not now.\")\n  local body =");
  EXPECT_EQ(play(kCreate),
            "$.exchanges[0]: is never reached: Conflict conflict: Not now.\n"
            "$.output: the operation fails: Conflict conflict: Not now.\n");
}

TEST_F(FixturePlayerTest, secrets_and_cards_stay_hidden) {
  change_manifest("\"Key \"", "\"Kex \"");
  const std::string wrong = play_with("\"card_number\": \"4111111111111111\"", "\"card_number\": \"4000000000000000\"");
  EXPECT_NE(wrong.find("[card]"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("4111111111111111"), std::string::npos);
  EXPECT_EQ(play_with("\"X-Other\": null", "\"X-Api-Key\": \"Key\"").find("SECRET123"), std::string::npos);
}

TEST_F(FixturePlayerTest, unknown_members_are_errors_with_their_place) {
  EXPECT_TRUE(play_with("\"source\"", "\"sourse\"").starts_with("$.sourse: unknown member; did you mean `source`"));
  EXPECT_TRUE(play_with("\"method\"", "\"methods\"").starts_with("$.exchanges[0].request.methods: "));
  EXPECT_TRUE(play_with("\"reply\"", "\"answer\"").starts_with("$.exchanges[0].answer: "));
}

TEST_F(FixturePlayerTest, a_fixture_needs_one_end_and_readable_settings) {
  EXPECT_TRUE(play_with("\"output\"", "\"output_is_reply\": \"\", \"output\"").starts_with("$: needs one end"));
  EXPECT_TRUE(play_with("\"sk_live_SECRET123\"", "1").starts_with("$.settings.api_key: "));
}

TEST_F(FixturePlayerTest, an_input_that_the_core_never_gives_is_a_problem) {
  const std::string never = "the core never gives this: ";
  EXPECT_EQ(play_with("\"EUR\"}, \"reference\"", "\"USD\"}, \"reference\""),
            "$.input.amount.currency: " + never + "Acme Pay takes EUR, JPY\n");
  EXPECT_THAT(play_with("{\"amount\": \"48.25\"", "{\"amount\": 48.25"),
              testing::StartsWith("$.input.amount.amount: " + never));
  EXPECT_EQ(play_with("{\"amount\": \"48.25\"", "{\"amount\": \"48\""),
            "$.input.amount.amount: " + never + "the currency's decimals make it \"48.00\"\n");
  EXPECT_THAT(play_with("\"reference\": \"1234\", \"options\"", "\"refrence\": \"1234\", \"options\""),
              testing::StartsWith("$.input.refrence: " + never));
  EXPECT_THAT(play_with("{\"note\": \"hi\"}", "{\"notes\": \"hi\"}"),
              testing::StartsWith("$.input.options.notes: " + never));
  EXPECT_EQ(play_with("\"reference\": \"1234\", \"options\"", "\"reference\": null, \"options\""),
            "$.input.reference: " + never + "what is null is left out\n");
  EXPECT_THAT(play_with("\"cvv\": \"123\"}", "\"cvc\": \"123\"}"),
              testing::StartsWith("$.input.card.cvc: " + never + "unknown member; did you mean `cvv`?"));
  EXPECT_THAT(play_with("\"reference\": \"1234\", \"options\"", "\"state\": {}, \"options\""),
              testing::StartsWith("$.input.state: " + never));
}

TEST_F(FixturePlayerTest, an_operation_on_a_payment_is_given_its_id) {
  const auto fixture = [](std::string_view operation, std::string_view input) {
    return R"({"name": "one", "source": "the tests", "operation": ")" + std::string(operation) +
           R"(", "settings": {"api_key": "sk_live_SECRET123"}, "input": )" + std::string(input) +
           R"(, "exchanges": [{"request": {"method": "GET", "path": "/payments/p1", "headers": {"X-Version": "2"}},
              "reply": {"status": 200, "json": {"id": "p1", "status": "paid", "amount": 1, "currency": "EUR"}}}],
              "output": {"id": "p1", "status": "paid", "amount": {"amount": "1.00", "currency": "EUR"}, "state": {}}})";
  };
  for (const char* input : {R"({"provider_id": "p1"})", R"({"payment": {"provider_id": "p1"}})"})
    EXPECT_EQ(play(fixture("payments.get", input)), "") << input;
  for (const char* operation : {"payments.get", "payments.cancel", "refunds.create", "refunds.list"})
    EXPECT_EQ(play(fixture(operation, R"({"options": {}})")),
              "$.input.provider_id: the core never gives this: is missing: the core knows it of every payment\n")
        << operation;
  EXPECT_THAT(play(fixture("payments.get", R"({"provider_id": "p1", "payment": {"provider_id": "p2"}})")),
              testing::StartsWith("$.input.payment.provider_id: the core never gives this"));
  EXPECT_THAT(play(fixture("payments.get", R"({"provider_id": 7})")),
              testing::StartsWith("$.input.provider_id: the core never gives this"));
  EXPECT_THAT(play(fixture("refunds.get", R"({"provider_id": "p1"})")),
              testing::StartsWith("$.input.id: the core never gives this"));
}

TEST_F(FixturePlayerTest, a_script_is_given_the_defaults_of_options_and_the_cursor_of_a_whole_list) {
  EXPECT_EQ(play_with(R"("reference": "1234", "options": {"note": "hi"},)", R"("reference": "1234",)"),
            "$.exchanges[0].request.json.note: expected \"hi\", got \"none\"\n");
  EXPECT_EQ(play(R"({"name": "page two", "source": "the tests", "operation": "refunds.list",
    "settings": {"api_key": "sk_live_SECRET123"}, "input": {"provider_id": "p1", "cursor": "r1"},
    "exchanges": [{"request": {"method": "GET", "path": "/refunds", "query": [["cursor", "r1"]]},
      "reply": {"status": 200, "json": {"data": [{"id": "r2", "status": "pending"}], "next": "r2"}}}],
    "output": {"items": [{"id": "r2", "status": "pending"}], "next": "r2"}})"),
            "");
}

constexpr std::string_view kWebhook = R"json({
  "name": "webhook", "source": "the tests", "operation": "webhooks.receive",
  "settings": {"api_key": "sk_live_SECRET123"},
  "input": {"headers": {"x-id": "1"}, "text": "{}", "json": {"event": "paid", "id": "p1"}},
  "output": {"event": "paid", "payment": {"id": "p1"}}
})json";

class WebhookFixturePlayerTest : public FixturePlayerTest {
 protected:
  WebhookFixturePlayerTest() {
    change_manifest(R"("check": {}})", R"("webhooks.receive": {}, "check": {}})");
    change_manifest(R"("idempotency": null)", R"("idempotency": null, "webhooks": {
      "events": {"paid": "It was paid."}, "signed": false, "reason": "Acme signs nothing."})");
    change_script("function provider.check(", R"lua(
      function provider.webhooks.receive(input)
        return {event = input.json.event or "piad", payment = input.json.id and {id = input.json.id}}
      end
      function provider.check()lua");
  }
  std::string play_webhook(std::string_view part, std::string_view by) const {
    return play(replaced(kWebhook, part, by));
  }
};

TEST_F(WebhookFixturePlayerTest, an_event_that_the_manifest_does_not_declare_is_seen) {
  EXPECT_EQ(play(kWebhook), "");
  const std::string undeclared = "$.output: the operation fails: PluginError script_output: $.event: ";
  EXPECT_THAT(play_webhook(R"("event": "paid", "id": "p1"}})", R"("id": "p1"}})"),
              testing::AllOf(testing::StartsWith(undeclared), testing::HasSubstr("did you mean `paid`?")));
  EXPECT_THAT(play_webhook(R"("event": "paid", "id": "p1"}})", R"("event": "refunded", "id": "p1"}})"),
              testing::StartsWith(undeclared))
      << "what is documented of payments is declared";
  EXPECT_EQ(play(R"json({"name": "other", "source": "the tests", "operation": "webhooks.receive",
    "settings": {"api_key": "sk_live_SECRET123"}, "input": {"headers": {}, "text": "{}", "json": {"event": "payout"}},
    "output": {"event": "payout"}})json"),
            "")
      << "what is about no payment need not be";
}

TEST_F(WebhookFixturePlayerTest, a_webhook_that_the_core_never_gives_is_a_problem) {
  EXPECT_THAT(play_webhook("\"x-id\"", "\"X-Id\""),
              testing::StartsWith("$.input.headers.\"X-Id\": the core never gives this"));
  EXPECT_THAT(play_webhook("\"text\"", "\"body\""), testing::StartsWith("$.input.body: the core never gives this"));
  EXPECT_THAT(play_webhook("\"headers\"", "\"header\""), testing::StartsWith("$.input.header: the core never"));
  EXPECT_THAT(play_webhook("\"text\": \"{}\"", "\"form\": {}"), testing::StartsWith("$.input.form: the core never"));
}

}  // namespace
}  // namespace till
