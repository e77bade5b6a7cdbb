// The HTTP client beside libcurl's multi interface: CPU time per request with 16 in flight, over plain loopback and
// TLS.
//
// Both talk to the same server in another process, by turns in one run; the ratio of the medians is what travels
// between machines. libcurl is used the way that is fastest for it: socket callbacks over epoll, handles set up once
// and reused. Exits 1 when ours costs as much as libcurl's or more. `--serve` only serves and prints "url ca_file"
// lines, for http_peers.py.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <string>
#include <vector>

#include "bench/http_server.h"
#include "core/http/client.h"

namespace till::bench {
namespace {

constexpr int kInFlight = 16;
constexpr int kRounds = 9;
constexpr int kRequests = 20'000;
constexpr char kBody[] =
    R"({"amount":150.00,"currency":"BZD","reference":"1234","return_url":"https://shop.example/thanks"})";

// User and system time of this process, in microseconds.
double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(2);
}

// Ours: each callback sends the next request.
class Ours {
 public:
  Ours(const BenchServer& server) : url_(server.url()), client_(options(server)) {}

  void run(int requests) {
    std::promise<void> done;
    done_ = &done;
    left_ = requests - kInFlight;
    running_ = kInFlight;
    client_.wait(0, [this](const Status&) {  // on the client's thread, as send() is called from there later
      for (int i = 0; i < kInFlight; ++i) send();
    });
    done.get_future().get();
  }

 private:
  static http::ClientOptions options(const BenchServer& server) {
    http::ClientOptions options;
    options.ca_file = server.ca_file();
    return options;
  }

  void send() {
    http::Request request;
    request.method = "POST";
    request.url = url_;
    request.headers = {
        {"X-Api-Key", "sk_test_0123456789"}, {"Content-Type", "application/json"}, {"Accept", "application/json"}};
    request.body = kBody;
    client_.send(std::move(request), {}, [this](Result<http::Response> result) {
      if (!result.ok() || result->status != 200 || result->body.size() < 1000) give_up("ours: a request failed");
      if (left_-- > 0) return send();
      if (--running_ == 0) done_->set_value();
    });
  }

  const std::string url_;
  int left_ = 0;
  int running_ = 0;
  std::promise<void>* done_ = nullptr;
  http::Client client_;
};

// libcurl's multi interface, event-driven.
class Curl {
 public:
  explicit Curl(const BenchServer& server) : multi_(curl_multi_init()), poll_(::epoll_create1(0)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Curl::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Curl::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    for (const char* header :
         {"X-Api-Key: sk_test_0123456789", "Content-Type: application/json", "Accept: application/json"}) {
      headers_ = curl_slist_append(headers_, header);
    }
    for (auto& transfer : transfers_) set_up(transfer, server);
  }

  ~Curl() {
    for (auto& transfer : transfers_) curl_easy_cleanup(transfer.easy);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
    ::close(poll_);
  }

  void run(int requests) {
    left_ = requests - kInFlight;
    running_ = kInFlight;
    for (auto& transfer : transfers_) begin(transfer);
    std::array<epoll_event, 64> events{};
    while (running_ > 0) {
      const int wait_ms = timeout_ms_ < 0 ? 1000 : static_cast<int>(timeout_ms_);
      const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait_ms);
      int alive = 0;
      if (count == 0) curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &alive);
      for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        const int what = ((event.events & (EPOLLIN | EPOLLHUP)) != 0U ? CURL_CSELECT_IN : 0) |
                         ((event.events & EPOLLOUT) != 0U ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(multi_, event.data.fd, what, &alive);
      }
      collect();
    }
  }

 private:
  struct Transfer {
    CURL* easy = nullptr;
    std::string body;
  };

  void set_up(Transfer& transfer, const BenchServer& server) {
    transfer.easy = curl_easy_init();
    curl_easy_setopt(transfer.easy, CURLOPT_URL, server.url().c_str());
    curl_easy_setopt(transfer.easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDS, kBody);
    curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(transfer.easy, CURLOPT_TIMEOUT_MS, 30'000L);
    curl_easy_setopt(transfer.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer.body);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, &Curl::on_body);
    if (!server.ca_file().empty()) curl_easy_setopt(transfer.easy, CURLOPT_CAINFO, server.ca_file().c_str());
  }

  void begin(Transfer& transfer) {
    transfer.body.clear();
    curl_multi_add_handle(multi_, transfer.easy);
  }

  void collect() {
    int queued = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      if (message->data.result != CURLE_OK || transfer->body.size() < 1000) give_up("libcurl: a request failed");
      curl_multi_remove_handle(multi_, transfer->easy);
      if (left_-- > 0) {
        begin(*transfer);
      } else {
        --running_;
      }
    }
  }

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
  }

  static int on_timer(CURLM*, long timeout_ms, void* self) {
    static_cast<Curl*>(self)->timeout_ms_ = timeout_ms;
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto* const curl = static_cast<Curl*>(self);
    epoll_event event{};
    event.data.fd = socket;
    if (what == CURL_POLL_REMOVE) return ::epoll_ctl(curl->poll_, EPOLL_CTL_DEL, socket, &event), 0;
    event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    ::epoll_ctl(curl->poll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
    curl_multi_assign(curl->multi_, socket, curl);
    return 0;
  }

  CURLM* multi_;
  int poll_;
  long timeout_ms_ = 0;
  int left_ = 0;
  int running_ = 0;
  curl_slist* headers_ = nullptr;
  std::array<Transfer, kInFlight> transfers_;
};

struct Cost {
  double cpu_us, wall_us;
};

template <class Side>
Cost measure(Side& side) {
  const double before = cpu_us();
  const auto begin = std::chrono::steady_clock::now();
  side.run(kRequests);
  const std::chrono::duration<double, std::micro> wall = std::chrono::steady_clock::now() - begin;
  return {(cpu_us() - before) / kRequests, wall.count() / kRequests};
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

bool compare(const char* name, const BenchServer& server) {
  Ours ours(server);
  Curl curl(server);
  ours.run(1'000);
  curl.run(1'000);
  std::vector<double> our_cpu, our_wall, curl_cpu, curl_wall;
  for (int round = 0; round < kRounds; ++round) {
    const Cost mine = measure(ours);
    const Cost theirs = measure(curl);
    our_cpu.push_back(mine.cpu_us);
    our_wall.push_back(mine.wall_us);
    curl_cpu.push_back(theirs.cpu_us);
    curl_wall.push_back(theirs.wall_us);
  }
  const double ratio = median(our_cpu) / median(curl_cpu);
  std::printf("%-5s  till %6.2f us CPU (%6.2f us wall)  libcurl multi %6.2f us CPU (%6.2f us wall)  ratio %.2f\n", name,
              median(our_cpu), median(our_wall), median(curl_cpu), median(curl_wall), ratio);
  return ratio < 1.0;
}

}  // namespace
}  // namespace till::bench

int main(int argc, char** argv) {
  const till::bench::BenchServer plain(false), secure(true);  // before there are threads
  if (argc > 1 && std::strcmp(argv[1], "--serve") == 0) {
    std::printf("%s -\n%s %s\n", plain.url().c_str(), secure.url().c_str(), secure.ca_file().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
  }
  curl_global_init(CURL_GLOBAL_ALL);
  std::printf("CPU per request (user and system), %d in flight, medians of %d rounds of %d\n", till::bench::kInFlight,
              till::bench::kRounds, till::bench::kRequests);
  const bool plain_good = till::bench::compare("plain", plain);
  const bool tls_good = till::bench::compare("tls", secure);
  curl_global_cleanup();
  return plain_good && tls_good ? 0 : 1;
}
