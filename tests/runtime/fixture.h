// A provider of the tests' own, and a gateway to it whose HTTP is played by the test, one reply at a time.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/runtime/card.h"
#include "core/runtime/gateway.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/runtime.h"
#include "core/store/place.h"
#include "core/store/sqlite.h"
#include "core/store/store.h"
#include "tests/store/postgres_server.h"

namespace till {

inline constexpr std::string_view kAcmeManifest = R"json({
  "manifest": 1, "id": "acme", "version": "1.0.0", "name": "Acme Pay", "summary": "The tests' own provider.",
  "homepage": "https://acme.example", "documentation": ["https://acme.example/docs"],
  "capabilities": {
    "payments.create": {"options": {"type": "object", "properties": {"note": {"type": "string", "default": "none"}}, "additionalProperties": false}},
    "payments.get": {}, "payments.list": {}, "payments.cancel": {},
    "refunds.create": {}, "refunds.get": {}, "refunds.list": {},
    "tokens.create": {"returns_secrets": true}, "cards.verify": {}, "check": {}},
  "native": {"getThing": {"summary": "Reads a thing."}, "setThing": {"summary": "Changes a thing.", "write": true},
    "setTwo": {"summary": "Changes a thing and looks at it.", "write": true}, "lengthOf": {"summary": "Measures an echo."},
    "say": {"summary": "Logs a text."}},
  "absent": {"payments.accept": "Acme settles underpayments by itself.", "rates": "Acme publishes no rates."},
  "settings": {"type": "object", "properties": {
      "api_key": {"type": "string", "title": "API key", "description": "From the dashboard.", "secret": true, "minLength": 8},
      "token": {"type": "string", "title": "Token", "description": "From pairing.", "secret": true},
      "shop": {"type": "string", "title": "Shop", "description": "Which shop.", "default": "main"}},
    "required": ["api_key"], "additionalProperties": false},
  "modes": {"live": {"base_url": "https://api.acme.example/v1", "wrong_prefixes": {"api_key": ["sk_test_", "dev-"]}}, "test": {"base_url": "https://test.acme.example/v1", "test": true}},
  "default_mode": "live", "hosts": ["api.acme.example", "test.acme.example"],
  "auth": {"scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key"},
  "headers": {"X-Version": "2"}, "script_headers": [], "path_secrets": ["token"], "reply_secrets": ["session"],
  "errors": {"rules": [{"status": 401, "kind": "AuthenticationError"}, {"truthy": ["/error"], "kind": "ProviderError"}],
    "message": ["/error"], "code": ["/code"], "field": ["/field"], "request_id": [], "request_id_header": "X-Request-Id"},
  "idempotency": null, "currencies": ["EUR", "JPY"], "permissions": {"card_data": true}
})json";

inline constexpr std::string_view kAcmeScript = R"lua(
local function payment(data)
  return {id = data.id, status = data.status, amount = money.of(data.amount, data.currency), reference = data.reference,
          amount_paid = data.paid and money.of(data.paid, data.currency) or nil,
          test = data.test, account = data.account, state = {session = data.session}, raw = data}
end
function provider.payments.create(input)
  local body = {amount = money.decimal(input.amount), currency = input.amount.currency, reference = input.reference,
                note = input.options.note}
  if input.card then body.card_number, body.card_cvv = input.card.number, input.card.cvv end
  return payment(http.post("/payments", {json = body}).json)
end
function provider.payments.get(input)
  return payment(http.get("/payments/{id}", {path = {id = input.provider_id}}).json)
end
function provider.payments.cancel(input)
  local known = http.get("/payments/{id}", {path = {id = input.provider_id}}).json
  if known.status == "paid" then fail("Conflict", "It is paid already.") end
  return payment(http.delete("/payments/{id}", {path = {id = input.provider_id}}).json)
end
function provider.payments.list(input)
  local items = {}
  for i, data in ipairs(http.get("/payments", {query = {limit = input.limit}}).json.data) do items[i] = payment(data) end
  return {items = items}
end
local function refund(data) return {id = data.id, status = data.status, raw = data} end
function provider.refunds.create(input)
  return refund(http.post("/refunds", {json = {payment = input.provider_id}}).json)
end
function provider.refunds.get(input) return refund(http.get("/refunds/{id}", {path = {id = input.id}}).json) end
function provider.refunds.list(input)
  local items = {}
  local reply = http.get("/refunds", {query = {cursor = input.cursor}}).json
  for i, data in ipairs(reply.data) do items[i] = refund(data) end
  return {items = items, next = reply.next}
end
function provider.tokens.create(input)
  local reply = http.post("/tokens/{secret.token}", {json = {facade = input.facade}}).json
  return {token = reply.session}
end
function provider.cards.verify(input)
  http.post("/cards", {json = {card_number = input.card.number, expiry = input.card.expiry_month .. input.card.expiry_year}})
  return {status = "requires_action"}
end
function provider.check(input) http.get("/me") return {ok = true} end
provider.native.getThing = function(params) return http.get("/things/{id}", {path = {id = params.id}}).json end
provider.native.setTwo = function(params)
  http.post("/things", {json = params})
  return http.get("/things").json
end
provider.native.say = function(params) log.info(params.text) return http.get("/me").json end
provider.native.lengthOf = function(params) return {length = #http.get("/things").json.echo} end
provider.native.setThing = function(params) return http.post("/things", {json = params}).json end
)lua";

// A folder that goes when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/till-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // a runtime that went in a callback may still be closing its store
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class AcmeTest : public testing::Test {
 protected:
  static constexpr UnixMillis kNow = 1'800'000'000'000;
  static constexpr std::string_view kPay =
      R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"1234","idempotency_key":"order-1234"})";
  static constexpr std::string_view kPending =
      R"({"id":"p1","status":"pending","amount":48.25,"currency":"EUR","reference":"1234"})";
  static constexpr std::string_view kPaid =
      R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1234"})";

  AcmeTest() {
    const char* store = std::getenv("TILL_TEST_STORE");
    if (store && std::string_view(store) == "postgres") schema_.emplace();
    write_file(folder_.path() + "/acme/manifest.json", kAcmeManifest);
    write_file(folder_.path() + "/acme/provider.lua", kAcmeScript);
    RuntimeOptions options;
    options.plugin_path = {folder_.path()};
    options.store = store_place();
    options.clock = clock_;
    runtime_ = Runtime::open(options).value();
    shop_ = open_gateway();
  }

  // A file of the test's own, or with TILL_TEST_STORE=postgres a schema.
  std::string store_place() const { return schema_ ? schema_->url() : folder_.path() + "/till.sqlite3"; }

  std::shared_ptr<Gateway> open_gateway(std::string_view settings = R"({"api_key":"sk_live_SECRET123"})") {
    auto gateway = Gateway::open(runtime_, "acme", settings);
    if (!gateway.ok()) ADD_FAILURE() << gateway.error().field << ": " << gateway.error().message;
    return std::move(gateway).value();
  }

  // `text` with the one place where `what` stands replaced.
  static std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string out(text);
    const auto at = out.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? out : out.replace(at, what.size(), by);
  }

  // From here on shop_ is at a provider of its own: Acme's manifest and script as they are given here.
  void open_variant(std::string_view manifest, std::string_view settings = R"({"api_key":"sk_live_SECRET123"})",
                    std::string_view script = kAcmeScript) {
    const std::string id = "variant" + std::to_string(++variants_);
    write_file(folder_.path() + "/" + id + "/manifest.json", replaced(manifest, "\"acme\"", "\"" + id + "\""));
    write_file(folder_.path() + "/" + id + "/provider.lua", script);
    auto gateway = Gateway::open(runtime_, id, settings);
    ASSERT_TRUE(gateway.ok()) << gateway.error().field << ": " << gateway.error().message;
    shop_ = *std::move(gateway);
  }

  std::unique_ptr<Exchange> begin(std::string_view operation, std::string_view input) {
    auto exchange = shop_->begin(operation, input);
    EXPECT_TRUE(exchange.ok()) << exchange.error().message;
    return std::move(exchange).value();
  }

  static void reply(Exchange& exchange, int status, std::string_view body, http::Headers headers = {}) {
    EXPECT_TRUE(exchange.reply({.status = status, .headers = std::move(headers), .body = std::string(body)}).ok());
  }

  static void fail(Exchange& exchange, Sent sent) { exchange.fail(sent, "the connection broke", "reset"); }

  // Runs an operation that makes one request, and returns its result.
  Result<json::Value> run(std::string_view operation, std::string_view input, int status, std::string_view body) {
    auto exchange = shop_->begin(operation, input);
    if (!exchange.ok()) return std::move(exchange).error();
    if (!(*exchange)->request()) return parsed((*exchange)->result());
    reply(**exchange, status, body);
    return parsed((*exchange)->result());
  }

  static Result<json::Value> parsed(const Result<std::string>& result) {
    if (!result.ok()) return result.error();
    return json::parse(*result);
  }

  // The store as another process would find it now.
  std::unique_ptr<Store> store() const { return open_store(store_place()).value(); }
  Payment stored(std::string_view id) const { return store()->find_payment(id).value().value(); }
  std::vector<Payment> all_stored(std::string_view gateway = "acme/live") const {
    return store()->list_payments({.gateway = std::string(gateway)}).value();
  }

  // Everything the store has kept.
  std::string kept_bytes() const {
    if (!schema_) return read_file(store_place()) + read_file(store_place() + "-wal");
    const auto database = PostgresDatabase::open(schema_->url()).value();
    std::string all;
    for (const char* table : {"payments", "writes", "events", "webhooks", "refusals"})
      all += database->query(std::string("SELECT coalesce(string_agg(t::text, ' '), '') FROM ") + table + " t", {})
                 .value()
                 .text(0, 0);
    return all;
  }

  // Another process's change of the store's tables.
  void change_tables(const std::string& sql) const {
    const Status changed = schema_ ? PostgresDatabase::open(schema_->url()).value()->execute(sql.c_str())
                                   : SqliteDatabase::open(store_place()).value()->execute(sql.c_str());
    EXPECT_TRUE(changed.ok()) << sql << ": " << changed.error().message;
  }

  std::optional<PostgresSchema> schema_;
  TemporaryFolder folder_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kNow);
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Gateway> shop_;
  int variants_ = 0;
};

}  // namespace till
