// What a service promises to those who send webhooks, who call, and who watch over it.
#include "core/service/service.h"

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "tests/service/service_fixture.h"
#include "tests/store/postgres_server.h"

namespace till::service {
namespace {

using http::body_of;
using http::status_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Webhooks.

TEST_F(ServiceTest, webhook_is_answered_when_it_has_taken_effect) {
  open();
  const std::string id = pay();
  paid_ = true;
  EXPECT_EQ(status_of(send_webhook(R"({"event":"paid","payment":{"id":"p1"}})")), 200);
  EXPECT_EQ(store()->find_payment(id).value()->status, PaymentStatus::kPaid);
}

TEST_F(ServiceTest, webhook_about_a_stranger_is_taken) {
  open();
  EXPECT_EQ(status_of(send_webhook(R"({"event":"paid","payment":{"id":"other"}})")), 200);
}

TEST_F(ServiceTest, webhook_that_is_no_good_is_refused_for_good) {
  open();
  const std::string answer = send_webhook("no json");
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_THAT(body_of(answer), StartsWith("refused: malformed"));
  EXPECT_EQ(status_of(send_webhook(std::string(300'000, 'x'))), 413);
}

TEST_F(ServiceTest, refused_webhooks_are_all_counted_in_the_store_when_the_service_has_ended) {
  open();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status_of(send_webhook("no json")), 400);
  service_->close(5'000);
  service_.reset();
  const auto refusals = store()->list_refusals().value();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals.front().count, 10);
}

class SilentStoreTest : public ServiceTest {
 protected:
  SilentStoreTest() {
    open({{"runtime", json::Object{{"store", postgres_.tcp_url()}, {"plugin_path", json::Array{folder_.path()}}}}});
    id_ = pay();
    postgres_.pause();
  }
  ~SilentStoreTest() override {
    postgres_.resume();
    service_.reset();
  }

  PostgresServer postgres_;
  std::string id_;
};

TEST_F(SilentStoreTest, a_call_that_looks_something_up_holds_up_nobody_else) {
  const auto stored = std::async(std::launch::async, [&] { return call("/v1/shop/payments.stored"); });
  const auto got =
      std::async(std::launch::async, [&] { return call("/v1/shop/payments.get", "{\"id\":\"" + id_ + "\"}"); });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {  // the calls come in meanwhile
    EXPECT_EQ(status_of(ask(webhook_address(), "GET /healthz")), 200);
    EXPECT_EQ(status_of(send_webhook("no json")), 400);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "the store is silent for longer";
  EXPECT_EQ(stored.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(got.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  postgres_.resume();
}

TEST_F(SilentStoreTest, the_service_ends_in_its_time) {
  const std::string body = "{\"id\":\"" + id_ + "\"}";
  http::Caller caller(api_address());
  caller.send("POST /v1/shop/payments.get HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer " + std::string(kToken) +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(status_of(ask(webhook_address(), "GET /healthz")), 200);
  ASSERT_TRUE(eventually([&] { return log().find("healthz") != std::string::npos; }));
  service_->close(100);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "the store is silent for longer";
}

TEST_F(ServiceTest, webhook_whose_truth_cannot_be_fetched_is_asked_for_again) {
  open();
  pay();
  broken_ = true;
  const std::string answer = send_webhook(R"({"event":"paid","payment":{"id":"p1"}})");
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
  EXPECT_EQ(body_of(answer), "try again later\n") << "nothing else of the shop";
}

TEST_F(ServiceTest, webhook_about_a_deep_payment_is_answered_as_any_other) {
  open();
  deepen(pay());
  broken_ = true;
  EXPECT_EQ(status_of(send_webhook(R"({"event":"paid","payment":{"id":"p1"}})")), 503);
}

TEST_F(ServiceTest, webhook_keeps_the_bytes_that_are_no_text) {
  open();
  EXPECT_EQ(status_of(send_webhook("\xff\xfe")), 400);
  const std::string answer =
      ask_with(webhook_address(), "POST /webhooks/shop", "X-Odd: \xff\r\n", R"({"event":"paid"})");
  EXPECT_EQ(status_of(answer), 400);
}

TEST_F(ServiceTest, webhooks_go_to_their_gateway_only) {
  open();
  EXPECT_EQ(status_of(send_webhook("{}", "other")), 404);
  EXPECT_EQ(status_of(send_webhook("{}", "")), 404);
  EXPECT_EQ(status_of(ask(webhook_address(), "POST /webhooks/shop/more", "{}")), 404);
  const std::string answer = ask(webhook_address(), "DELETE /webhooks/shop");
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_THAT(answer, HasSubstr("\r\nAllow: POST, PUT, GET\r\n"));
}

TEST_F(ServiceTest, address_of_webhooks_takes_no_calls) {
  open();
  const std::string bearer = "Authorization: Bearer " + std::string(kToken) + "\r\n";
  EXPECT_EQ(status_of(ask_with(webhook_address(), "POST /v1/shop/check", bearer, "{}")), 404);
  EXPECT_EQ(status_of(ask_with(webhook_address(), "GET /metrics", bearer)), 404);
}

// Calls.

TEST_F(ServiceTest, call_gives_what_the_library_gives) {
  open();
  const std::string id = pay();
  EXPECT_THAT(id, StartsWith("pay_"));
  paid_ = true;
  const std::string answer = call("/v1/shop/payments.get", R"({"id":")" + id + R"("})");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(parsed(answer).find_string("status"), "paid");
  EXPECT_EQ(status_of(call("/v1/shop/check", "")), 200) << "a call without input";
}

TEST_F(ServiceTest, call_over_loopback_is_the_same) {
  open();
  EXPECT_EQ(status_of(ask_with(api_address(1), "POST /v1/shop/check",
                               "Authorization: bearer  " + std::string(kToken) + "\r\n", "{}")),
            200);
}

TEST_F(ServiceTest, call_without_the_token_does_nothing) {
  open();
  for (const char* fields :
       {"", "Authorization: Bearer \r\n", "Authorization: Bearer a-token-of-the-test\r\n",
        "Authorization: Bearer a-token-of-the-testS\r\n", "Authorization: Bearer a-token-of-the-tests2\r\n",
        "Authorization: Basic a-token-of-the-tests\r\n", "Authorization: a-token-of-the-tests\r\n",
        "Authorization: Bearer wrong-token-of-the-tests\r\nAuthorization: Bearer a-token-of-the-tests\r\n"}) {
    for (const char* head : {"POST /v1/shop/check", "GET /v1", "GET /metrics", "GET /other"}) {
      const std::string answer = ask_with(api_address(), head, fields, "{}");
      EXPECT_EQ(status_of(answer), 401) << head << " " << fields;
      EXPECT_THAT(answer, HasSubstr("\r\nWWW-Authenticate: Bearer"));
    }
  }
  EXPECT_EQ(acme_.requests(), 0);
}

TEST_F(ServiceTest, errors_of_calls_have_their_status_and_their_document) {
  open();
  const std::string answer = call("/v1/shop/payments.create", R"({"amount":{"amount":"0","currency":"EUR"}})");
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_EQ(parsed(answer).find_string("error"), "InvalidRequest");
  EXPECT_THAT(std::string(*parsed(answer).find_string("field")), StartsWith("$.amount"));
  EXPECT_EQ(status_of(call("/v1/shop/payments.get", R"({"id":"pay_none"})")), 404);
  EXPECT_EQ(status_of(call("/v1/shop/payments.accept", R"({"id":"pay_none"})")), 501);
  EXPECT_EQ(status_of(call("/v1/shop/no.such", "{}")), 501);
  EXPECT_EQ(status_of(call("/v1/shop/check", "{")), 400);
  broken_ = true;
  EXPECT_EQ(status_of(call("/v1/shop/payments.create",
                           R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"1234"})")),
            504);
}

TEST_F(ServiceTest, calls_go_to_what_there_is) {
  open();
  EXPECT_EQ(status_of(call("/v1/other/check")), 404);
  EXPECT_EQ(status_of(call("/v1/shop")), 404);
  EXPECT_EQ(status_of(call("/v1/shop/check", "", "GET")), 405);
  EXPECT_EQ(status_of(call("/", "", "GET")), 404);
}

TEST_F(ServiceTest, gateways_are_listed) {
  open();
  const json::Value gateways = parsed(call("/v1", "", "GET"));
  const json::Value& shop = gateways.find("gateways")->array()->at(0);
  EXPECT_EQ(shop.find_string("name"), "shop");
  EXPECT_EQ(shop.find_string("provider"), "acme");
  EXPECT_EQ(shop.find_string("account"), "acme/live");
  EXPECT_EQ(shop.find_bool("test"), false);
}

TEST_F(ServiceTest, socket_is_its_owners_alone) {
  open();
  struct stat file {};
  ASSERT_EQ(::stat((folder_.path() + "/api.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600u);
}

// Watching over it.

TEST_F(ServiceTest, anybody_may_ask_whether_it_lives) {
  open();
  for (const std::string& address : {webhook_address(), api_address()}) {
    EXPECT_EQ(body_of(ask(address, "GET /healthz")), "alive\n");
    EXPECT_EQ(body_of(ask(address, "GET /readyz")), "ready\n");
    EXPECT_EQ(status_of(ask(address, "POST /healthz")), 405);
  }
}

TEST_F(ServiceTest, metrics_say_what_happened) {
  open();
  pay();
  send_webhook(R"({"event":"paid","payment":{"id":"p1"}})");
  send_webhook("no json");
  ask(webhook_address(), "GET\t/");
  broken_ = true;
  call("/v1/shop/payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"lost"})");
  const std::string answer = call("/metrics", "", "GET");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  const std::string text = body_of(answer);
  for (const char* line :
       {"till_http_requests_total{route=\"call\",status=\"200\"} 1\n",
        "till_http_requests_total{route=\"webhooks\",status=\"200\"} 1\n",
        "till_http_requests_total{route=\"webhooks\",status=\"400\"} 1\n",
        "till_webhooks_total{gateway=\"shop\",result=\"accepted\",reason=\"\"} 1\n",
        "till_webhooks_total{gateway=\"shop\",result=\"refused\",reason=\"malformed\"} 1\n",
        "till_http_refused_total{reason=\"malformed_request_line\"} 1", "till_http_connections ",
        "till_http_request_seconds_count{route=\"webhooks\"} 2\n",
        "till_http_request_seconds_bucket{route=\"webhooks\",le=\"+Inf\"} 2\n", "till_store_up 1\n",
        "till_inbox_events{gateway=\"acme/live\",state=\"waiting\"} ",
        "till_inbox_oldest_seconds{gateway=\"acme/live\"} ", "till_payments_unknown{gateway=\"acme/live\"} 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr(std::string(kKey))));
}

TEST_F(ServiceTest, metrics_of_what_has_not_happened_begin_at_0) {
  open({{"reconcile", json::Object{{"interval_ms", json::Value::integer(3'600'000)}}},
        {"handler",
         json::Object{{"url", "http://127.0.0.1:1/"}, {"secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}}});
  const std::string text = body_of(call("/metrics", "", "GET"));
  for (const char* line :
       {"till_webhooks_total{gateway=\"shop\",result=\"accepted\",reason=\"\"} 0\n",
        "till_webhooks_total{gateway=\"shop\",result=\"duplicate\",reason=\"\"} 0\n",
        "till_reconcile_total{gateway=\"shop\",result=\"failed\"} 0\n", "till_events_total{result=\"done\"} 0\n",
        "till_events_total{result=\"failed\"} 0\n", "till_operator_logins_total{result=\"refused\"} 0\n"})
    EXPECT_THAT(text, HasSubstr(line));
  service_.reset();
  open();
  EXPECT_THAT(body_of(call("/metrics", "", "GET")),
              AllOf(Not(HasSubstr("till_events_total{")), Not(HasSubstr("till_reconcile_total{"))))
      << "what this service does not do";
}

TEST_F(ServiceTest, payment_that_no_webhook_told_of_is_asked_about) {
  open({{"reconcile", json::Object{{"interval_ms", json::Value::integer(100)}}}});
  const std::string id = pay();
  paid_ = true;
  ASSERT_TRUE(store()->hasten_payment(id, 1).ok());
  EXPECT_TRUE(eventually([&] { return store()->find_payment(id).value()->status == PaymentStatus::kPaid; }));
  EXPECT_TRUE(eventually([&] {
    return body_of(call("/metrics", "", "GET")).find("till_reconcile_total{gateway=\"shop\",result=\"done\"}") !=
           std::string::npos;
  }));
}

TEST_F(ServiceTest, log_has_one_line_for_each_request_and_no_secrets) {
  open();
  pay();
  ask(webhook_address(), "POST /webhooks/shop?key=SECRET-QUERY", R"({"event":"SECRET-BODY"})");
  ask_with(api_address(), "POST /v1/shop/check", "Authorization: Bearer SECRET-WRONG-TOKEN\r\n", "{}");
  ask(webhook_address(), "GET\t/");
  service_.reset();
  const std::string lines = log();
  std::vector<std::string> requests;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    const auto line = json::parse(std::string_view(lines).substr(at, end - at));
    ASSERT_TRUE(line.ok());
    EXPECT_TRUE(line->find_string("time") && line->find_string("level"));
    requests.push_back(std::string(*line->find_string("event")) + " " +
                       std::string(line->find_string("route").value_or("")) + " " +
                       std::to_string(*line->find_integer("status")));
    at = end + 1;
  }
  EXPECT_THAT(requests, ElementsAre("request call 200", "request webhooks 200", "request none 401", "refused  400"));
  EXPECT_THAT(lines, HasSubstr(R"("gateway":"shop")"));
  EXPECT_THAT(lines, HasSubstr(R"("operation":"payments.create")"));
  EXPECT_THAT(lines, HasSubstr(R"("path":"/webhooks/shop")"));
  EXPECT_THAT(lines, AllOf(Not(HasSubstr("SECRET")), Not(HasSubstr(std::string(kToken)))));
}

// Limits and the end.

TEST_F(ServiceTest, limits_of_the_configuration_hold) {
  open({{"limits", json::Object{{"max_body_bytes", json::Value::integer(2000)}}}});
  EXPECT_EQ(status_of(send_webhook(std::string(3000, ' '))), 413);
}

TEST_F(ServiceTest, close_loses_no_webhook) {
  open();
  const std::string id = pay();
  paid_ = true;
  http::Caller caller(webhook_address());
  const std::string begun = R"({"event":"paid","payment":{"id":")", rest = R"(p1"}})";
  caller.send("POST /webhooks/shop HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string((begun + rest).size()) +
              "\r\n\r\n" + begun);
  std::thread closing([&] { EXPECT_TRUE(service_->close(10'000)); });
  caller.send(rest);
  EXPECT_EQ(status_of(caller.read_answer()), 200);
  closing.join();
  service_.reset();
  EXPECT_EQ(store()->find_payment(id).value()->status, PaymentStatus::kPaid);
}

TEST_F(ServiceTest, address_in_use_is_told_with_its_place) {
  open();
  auto read = ServiceConfig::from_json(json::write(
      config({{"webhooks", json::Object{{"listen", webhook_address()}}},
              {"api", json::Object{{"listen", "unix:" + folder_.path() + "/other.sock"}, {"token", kToken}}}})));
  const auto second = Service::open(*std::move(read));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().field, "$.webhooks.listen");
}

TEST_F(ServiceTest, certificates_that_are_read_again_are_logged_once_each) {
  const http::Authority authority;
  open({{"webhooks", json::Object{{"listen", json::Array{"127.0.0.1:0", "127.0.0.1:0"}},
                                  {"cert_file", authority.cert_file()},
                                  {"key_file", authority.key_file()}}}});
  std::ofstream(authority.key_file()) << "no key";
  service_->reload_certificates();
  service_->close(0);
  std::vector<std::string> told;
  std::istringstream lines(log());
  for (std::string line; std::getline(lines, line);)
    if (line.find(R"("event":"certificate")") != std::string::npos) told.push_back(line);
  EXPECT_THAT(told, testing::UnorderedElementsAre(
                        AllOf(HasSubstr(R"("level":"warn")"), HasSubstr(R"("path":")" + authority.cert_file()),
                              HasSubstr("not used")),
                        AllOf(HasSubstr(R"("level":"warn")"), HasSubstr(R"("path":")" + authority.key_file()),
                              HasSubstr("reason"))));
}

TEST_F(ServiceTest, store_that_cannot_be_opened_is_told_at_once) {
  auto read = ServiceConfig::from_json(json::write(
      config({{"runtime", json::Object{{"store", "/proc/no/such"}, {"plugin_path", json::Array{folder_.path()}}}}})));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(Service::open(*std::move(read)).ok());
}

}  // namespace
}  // namespace till::service
