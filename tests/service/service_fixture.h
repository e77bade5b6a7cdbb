// A service over the tests' own provider, whose server is the test's too.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/json/json.h"
#include "core/json/written.h"
#include "core/service/service.h"
#include "core/store/store.h"
#include "tests/base/eventually.h"
#include "tests/http/caller.h"
#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till::service {

inline constexpr std::string_view kToken = "a-token-of-the-tests";
inline constexpr std::string_view kKey = "sk_live_SECRET123";

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    std::string manifest(kAcmeManifest);
    replace(manifest, R"("check": {}})", R"("webhooks.receive": {}, "check": {}})");
    replace(
        manifest, R"("idempotency": null)",
        R"("idempotency": null, "webhooks": {"events": {"paid": "It was paid."}, "signed": false, "reason": "Acme signs nothing."})");
    write_file(folder_.path() + "/acme/manifest.json", manifest);
    write_file(folder_.path() + "/acme/provider.lua", std::string(kAcmeScript) + R"lua(
function provider.webhooks.receive(input)
  return {event = input.json.event, payment = input.json.payment}
end
)lua");
  }
  ~ServiceTest() override { service_.reset(); }

  static void replace(std::string& text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), by);
  }

  // Acme's server: knows one payment, "p1", and its status.
  void serve_acme(http::Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      acme_.count_request();
      const std::string status = paid_.load() ? "paid" : "pending";
      if (broken_.load()) return;
      peer.answer(R"({"id":"p1","status":")" + status + R"(","amount":48.25,"currency":"EUR","reference":"1234"})");
    }
  }

  std::string store_path() const { return folder_.path() + "/till.sqlite3"; }
  std::unique_ptr<Store> store() const { return open_sqlite_store(store_path()).value(); }

  json::Value settings() const {
    return json::Object{{"api_key", kKey}, {"base_url", "http://127.0.0.1:" + std::to_string(acme_.port())}};
  }

  // The least that makes a service; `more` replaces and adds members.
  json::Object config(json::Object more = {}) const {
    json::Object whole{
        {"runtime", json::Object{{"store", store_path()}, {"plugin_path", json::Array{folder_.path()}}}},
        {"webhooks", json::Object{{"listen", "127.0.0.1:0"}}},
        {"api", json::Object{{"listen", json::Array{"unix:" + folder_.path() + "/api.sock", "127.0.0.1:0"}},
                             {"token", kToken}}},
        {"reconcile", json::Object{{"interval_ms", json::Value::integer(0)}}},
        {"gateways", json::Object{{"shop", json::Object{{"provider", "acme"}, {"settings", settings()}}}}}};
    for (const auto& [key, value] : more) whole.set(key, value);
    return whole;
  }

  void open(json::Object more = {}) {
    auto read = ServiceConfig::from_json(json::write(config(std::move(more))));
    ASSERT_TRUE(read.ok()) << read.error().field << ": " << read.error().message;
    auto opened = Service::open(*std::move(read), [this](std::string_view lines) {
      const std::lock_guard lock(mutex_);
      log_ += lines;
    });
    ASSERT_TRUE(opened.ok()) << opened.error().field << ": " << opened.error().message;
    service_ = *std::move(opened);
  }

  static std::string bare(std::string address) { return address.starts_with("http://") ? address.substr(7) : address; }
  std::string webhook_address() const { return bare(service_->webhook_addresses()[0]); }
  std::string api_address(std::size_t index = 0) const { return bare(service_->api_addresses()[index]); }

  static std::string ask(const std::string& address, std::string_view head, std::string_view body = "") {
    http::Caller caller(address);
    caller.send(std::string(head) + " HTTP/1.1\r\nHost: till\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nConnection: close\r\n\r\n" + std::string(body));
    return caller.read_answer();
  }
  // With more header fields, each with its line break.
  static std::string ask_with(const std::string& address, std::string_view head, std::string_view fields,
                              std::string_view body = "") {
    http::Caller caller(address);
    caller.send(std::string(head) + " HTTP/1.1\r\nHost: till\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nConnection: close\r\n" + std::string(fields) + "\r\n" + std::string(body));
    return caller.read_answer();
  }
  std::string call(std::string_view path, std::string_view body = "{}", std::string_view method = "POST") const {
    return ask_with(api_address(), std::string(method) + " " + std::string(path),
                    "Authorization: Bearer " + std::string(kToken) + "\r\n", body);
  }
  std::string send_webhook(std::string_view body, std::string_view gateway = "shop") const {
    return ask(webhook_address(), "POST /webhooks/" + std::string(gateway), body);
  }
  static json::Value parsed(std::string_view answer) {
    auto value = json::parse_written(http::body_of(answer));
    EXPECT_TRUE(value.ok()) << answer;
    return value.ok() ? *std::move(value) : json::Value();
  }
  // Makes payment p1 and returns our id of it.
  std::string pay() const {
    const std::string answer =
        call("/v1/shop/payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"1234"})");
    EXPECT_EQ(http::status_of(answer), 200) << answer;
    return std::string(parsed(answer).find_string("id").value_or(""));
  }
  // From here on the store has a payment that nests deeper than what is read from others.
  void deepen(const std::string& id) const {
    const auto opened = store();
    Payment payment = opened->find_payment(id).value().value();
    payment.raw = "told";
    for (int depth = 0; depth < 64; ++depth) payment.raw = json::Array{std::move(payment.raw)};
    ASSERT_TRUE(opened->put_payment(payment).ok());
  }
  // All lines so far; of a service that was closed, all there are.
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  TemporaryFolder folder_;
  std::atomic<bool> paid_{false}, broken_{false};
  http::StubServer acme_{[this](http::Peer& peer) { serve_acme(peer); }};
  std::mutex mutex_;
  std::string log_;  // guarded by mutex_
  std::unique_ptr<Service> service_;
};

}  // namespace till::service
