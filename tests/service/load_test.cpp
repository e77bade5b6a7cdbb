// Full load: many connections at once, idle and slow ones beside them. TILL_LOAD_SECONDS=60 makes it a long one.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/service/service_fixture.h"

namespace till::service {
namespace {

constexpr int kClients = 16;
constexpr int kIdle = 200;
constexpr int kSlow = 8;

std::chrono::seconds load_time() {
  const char* const wanted = std::getenv("TILL_LOAD_SECONDS");  // NOLINT(concurrency-mt-unsafe)
  return std::chrono::seconds(wanted == nullptr ? 2 : std::atoi(wanted));
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// What one client was told.
struct Told {
  std::vector<std::string> created, paid;  // references of which a 2xx said so
  int overloaded = 0;                      // 503
  std::vector<std::string> others;         // answers that are neither
};

class LoadTest : public ServiceTest {
 protected:
  // A provider that knows every payment by "p-" and its reference; a payment is paid from its second look on.
  void serve_any(http::Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      const bool made = request.starts_with("POST ");
      const std::string_view mark = made ? "\"reference\":\"" : "/payments/p-";
      const auto begin = request.find(mark) + mark.size();
      const std::string reference = request.substr(begin, request.find_first_of("\" ", begin) - begin);
      peer.answer(R"({"id":"p-)" + reference + R"(","status":")" + (made ? "pending" : "paid") +
                  R"(","amount":48.25,"currency":"EUR","reference":")" + reference + "\"}");
    }
  }

  static std::string post(std::string_view path, const std::string& body) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: till\r\nAuthorization: Bearer " + std::string(kToken) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // One client: makes payments, and sends a webhook about each, as fast as it is answered.
  Told press(int client, std::chrono::steady_clock::time_point until) const {
    Told told;
    http::Caller api(api_address()), web(webhook_address());
    for (int i = 0; std::chrono::steady_clock::now() < until; ++i) {
      const std::string reference = std::to_string(client) + "-" + std::to_string(i);
      api.send(post("/v1/shop/payments.create",
                    R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":")" + reference + "\"}"));
      const std::string created = api.read_answer();
      if (http::status_of(created) == 200)
        told.created.push_back(reference);
      else
        told.others.push_back(created);
      web.send(post("/webhooks/shop", R"({"event":"paid","payment":{"id":"p-)" + reference + "\"}}"));
      const std::string paid = web.read_answer();
      if (http::status_of(paid) == 200)
        told.paid.push_back(reference);
      else if (http::status_of(paid) == 503 || http::status_of(paid) == 429)  // more hints than are followed
        ++told.overloaded;
      else
        told.others.push_back(paid);
    }
    return told;
  }

  http::StubServer any_{[this](http::Peer& peer) { serve_any(peer); }};
};

TEST_F(LoadTest, every_2xx_is_in_the_store_and_memory_is_bounded) {
  open({{"log", "off"},
        {"gateways",
         json::Object{
             {"shop", json::Object{{"provider", "acme"},
                                   {"settings", json::Object{{"api_key", kKey},
                                                             {"base_url", "http://127.0.0.1:" +
                                                                              std::to_string(any_.port())}}}}}}}});
  std::vector<http::Caller> beside;
  for (int i = 0; i < kIdle + kSlow; ++i) beside.emplace_back(webhook_address());
  for (int i = 0; i < kSlow; ++i)
    beside[static_cast<std::size_t>(i)].send("POST /webhooks/shop HTTP/1.1\r\nHost: a\r\n");

  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + load_time();
  std::vector<Told> told(kClients);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i)
    clients.emplace_back([&, i] { told[static_cast<std::size_t>(i)] = press(i, until); });
  std::this_thread::sleep_until(begin + load_time() / 2);  // it has all that it needs by now
  const std::size_t half = resident_bytes();
  for (std::thread& client : clients) client.join();
  const std::size_t whole = resident_bytes();
  EXPECT_EQ(http::status_of(ask(webhook_address(), "GET /readyz")), 200);
  beside.clear();
  EXPECT_TRUE(service_->close(20'000));
  service_.reset();

  std::size_t created = 0, paid = 0;
  int overloaded = 0;
  const auto book = store();
  for (const Told& one : told) {
    created += one.created.size();
    paid += one.paid.size();
    overloaded += one.overloaded;
    for (const std::string& other : one.others) ADD_FAILURE() << other;
    for (const std::string& reference : one.created)
      ASSERT_TRUE(book->find_payment_by_provider_id("acme/live", "p-" + reference).value()) << reference;
    for (const std::string& reference : one.paid)
      ASSERT_EQ(book->find_payment_by_provider_id("acme/live", "p-" + reference).value()->status, PaymentStatus::kPaid)
          << reference;
  }
  EXPECT_GT(paid, 0u);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(whole, half + 32 * kMiB) << "it still grows";
#endif
  const auto seconds = std::max<std::int64_t>(load_time().count(), 1);
  std::printf("%zu calls and %zu webhooks in %lld s, %d answered with 503; %zu MiB resident, %zu at half time\n",
              created, paid, static_cast<long long>(seconds), overloaded, whole / kMiB, half / kMiB);
}

}  // namespace
}  // namespace till::service
