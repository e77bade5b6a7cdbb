// What the server promises against clients that are slow, too many, too large or ill-formed: each is refused by itself,
// in bounded time and memory, and the next honest one is served.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "core/json/json.h"
#include "tests/http/server_fixture.h"

namespace till::http {
namespace {

using namespace std::string_literals;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ServerLimits : public ServerTest {
 protected:
  void TearDown() override {
    if (!server_) return;
    EXPECT_THAT(ask(kGet), HasSubstr(" 200 OK")) << "the next request is not served";
  }
};

// Size.

TEST_F(ServerLimits, body_over_the_limit_is_refused_and_the_refusal_can_be_read) {
  ServerOptions options;
  options.request.body_bytes = 1000;
  open(options);
  Caller caller = call();
  caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  caller.send(std::string(1'000'000, 'x'));  // a client that does not listen while it sends
  const std::string answer = caller.read_answer();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(caller.is_closed());
  EXPECT_THAT(refusals(), ElementsAre("413 body_too_large"));
}

TEST_F(ServerLimits, body_at_the_limit_is_taken_whole) {
  ServerOptions options;
  options.request.body_bytes = 100'000;
  open(options, [](const InboundRequest& request, const Respond& respond) {
    respond(answer_with(std::to_string(request.body.size())));
  });
  EXPECT_EQ(body_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'))),
            "100000");
  EXPECT_EQ(body_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" +
                        std::string(100'000, 'x') + "\r\n0\r\n\r\n")),
            "100000");
}

TEST_F(ServerLimits, chunks_over_the_limit_are_refused) {
  ServerOptions options;
  options.request.body_bytes = 10;
  open(options);
  for (const char* chunks : {"b\r\n", "ffffffff\r\n", "6\r\n123456\r\n5\r\n"}) {
    EXPECT_EQ(status_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"s + chunks)), 413);
  }
}

TEST_F(ServerLimits, headers_over_the_limits_are_refused) {
  ServerOptions options;
  options.request.header_bytes = 1000;
  options.request.header_fields = 5;
  options.request.target_bytes = 100;
  open(options);
  EXPECT_EQ(status_of(ask("GET /" + std::string(100, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n")), 414);
  EXPECT_EQ(status_of(ask("GET /" + std::string(5000, 'x'))), 414);
  EXPECT_EQ(status_of(ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'x'))), 431);
  EXPECT_EQ(status_of(ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(900, 'x') + "\r\n\r\n")), 200);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 5; ++i) many += "X: \r\n";
  EXPECT_EQ(status_of(ask(many + "\r\n")), 431);
}

TEST_F(ServerLimits, trailers_over_the_limits_are_refused) {
  ServerOptions options;
  options.request.header_fields = 5;
  open(options);
  std::string trailer;
  for (int i = 0; i < 5; ++i) trailer += "X: \r\n";
  EXPECT_EQ(status_of(ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + trailer + "\r\n")),
            431);
}

TEST_F(ServerLimits, endless_chunk_extension_is_refused) {
  open();
  EXPECT_EQ(
      status_of(ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(8000, 'x'))),
      400);
}

TEST_F(ServerLimits, all_bodies_together_are_bounded) {
  ServerOptions options;
  options.max_buffered_bytes = 2000;
  open(options);
  Caller first = call(), second = call();
  first.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1500\r\n\r\n" + std::string(1499, 'x'));
  second.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1500\r\n\r\n" + std::string(1499, 'x'));
  // Whichever came second is refused, and the other one goes on.
  ASSERT_TRUE(eventually([&] { return !refusals().empty(); }));
  EXPECT_THAT(refusals(), ElementsAre("503 too_many_bytes"));
  first.send("x"), second.send("x");
  const int one = status_of(first.read_answer()), other = status_of(second.read_answer());
  EXPECT_EQ(one + other, 200 + 503);
}

// Time.

ServerOptions quick() {
  ServerOptions options;
  options.header_timeout_ms = 100;
  options.body_timeout_ms = 100;
  options.idle_timeout_ms = 100;
  options.write_timeout_ms = 100;
  return options;
}

TEST_F(ServerLimits, header_that_drips_is_ended) {
  open(quick());
  Caller caller = call();
  caller.send("GET / HTTP/1.1\r\nHost: a\r\n");
  std::thread dripping([&] {
    while (caller.send("X: y\r\n")) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the drip itself
  });
  EXPECT_TRUE(eventually([&] { return refusals() == std::vector<std::string>{"408 header_timeout"}; }));
  EXPECT_EQ(status_of(caller.read_answer()), 408);
  ::shutdown(caller.socket(), SHUT_RDWR);
  dripping.join();
}

TEST_F(ServerLimits, body_that_drips_is_ended) {
  open(quick());
  Caller caller = call();
  caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  std::thread dripping([&] {
    while (caller.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the drip itself
  });
  EXPECT_TRUE(eventually([&] { return refusals() == std::vector<std::string>{"408 body_timeout"}; }));
  EXPECT_EQ(status_of(caller.read_answer()), 408);
  ::shutdown(caller.socket(), SHUT_RDWR);
  dripping.join();
}

TEST_F(ServerLimits, connection_without_a_request_is_closed_without_a_word) {
  open(quick());
  Caller never = call(), no_more = call();
  no_more.send(kGet);
  EXPECT_EQ(status_of(no_more.read_answer()), 200);
  EXPECT_EQ(never.read_all(), "");
  EXPECT_EQ(no_more.read_all(), "");
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(ServerLimits, second_request_has_its_own_time) {
  ServerOptions options = quick();
  options.header_timeout_ms = 10'000;
  options.idle_timeout_ms = 10'000;
  options.body_timeout_ms = 100;
  open(options);
  Caller caller = call();
  caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(status_of(caller.read_answer()), 200);
  caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(status_of(caller.read_answer()), 408);
}

TEST_F(ServerLimits, answer_that_is_not_read_is_given_up) {
  open(quick(), [](const InboundRequest& request, const Respond& respond) {
    respond(answer_with(std::string(request.target == "/large" ? 20'000'000 : 2, 'x')));
  });
  Caller caller = call();
  const int small = 4096;
  ::setsockopt(caller.socket(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  caller.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return refusals() == std::vector<std::string>{"0 write_timeout"}; }));
  EXPECT_TRUE(eventually([&] { return server_->counts().open == 0; }));
}

TEST_F(ServerLimits, time_that_the_handler_takes_is_nobodys_fault) {
  // Shared with the handler, which is asked once more when the test is over.
  const auto kept = std::make_shared<std::optional<Respond>>();
  const auto came = std::make_shared<Signal>();
  open(quick(), [kept, came](const InboundRequest& request, const Respond& respond) {
    if (request.target == "/x" && *kept) return respond(answer_with("ok"));
    *kept = respond;
    came->give();
  });
  Caller caller = call();
  caller.send(kGet);
  ASSERT_TRUE(came->wait());
  std::this_thread::sleep_for(std::chrono::milliseconds(150));  // longer than any of the deadlines
  (**kept)(answer_with("late"));
  EXPECT_EQ(body_of(caller.read_answer()), "late");
}

// Number.

TEST_F(ServerLimits, newcomer_takes_the_place_of_the_longest_idle) {
  ServerOptions options;
  options.max_connections = 3;
  open(options);
  std::vector<Caller> callers;
  for (int i = 0; i < 3; ++i) callers.push_back(call());
  ASSERT_TRUE(eventually([&] { return server_->counts().open == 3; }));
  callers[0].send(kGet);
  EXPECT_EQ(status_of(callers[0].read_answer()), 200);  // idle for less time than the others now
  EXPECT_EQ(status_of(ask(kGet)), 200);
  EXPECT_TRUE(callers[1].is_closed());
  callers[0].send(kGet);
  EXPECT_EQ(status_of(callers[0].read_answer()), 200);
  EXPECT_EQ(server_->counts().evicted, 1u);
}

TEST_F(ServerLimits, one_too_many_is_told_so_when_all_are_busy) {
  std::vector<Respond> kept;
  Signal full;
  ServerOptions options;
  options.max_connections = 2;
  open(options, [&](const InboundRequest& request, const Respond& respond) {
    if (request.target == "/x") return respond(answer_with("ok"));
    kept.push_back(respond);
    if (kept.size() == 2) full.give();
  });
  Caller first = call(), second = call();
  first.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  second.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(full.wait());
  Caller third = call();
  third.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  const std::string answer = third.read_answer();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: "));
  EXPECT_TRUE(third.is_closed());
  EXPECT_THAT(refusals(), ElementsAre("503 too_many_connections"));
  for (const Respond& respond : kept) respond(answer_with("at last"));
  EXPECT_EQ(body_of(first.read_answer()), "at last");
  EXPECT_EQ(body_of(second.read_answer()), "at last");
}

// While it lives, this process can open `spare` descriptors more, and no others.
class FewDescriptors {
 public:
  explicit FewDescriptors(int spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int highest = 0;
    for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd"))
      highest = std::max(highest, std::atoi(one.path().filename().c_str()));
    for (int next = 0; next < highest;) fill_.push_back(next = ::open("/dev/null", O_RDONLY | O_CLOEXEC));
    highest = std::max(highest, fill_.back());
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(highest + 1 + spare);
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~FewDescriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
    for (const int one : fill_) ::close(one);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> fill_;  // of the gaps below the highest
};

TEST_F(ServerLimits, no_descriptor_left_ends_idle_connections_first) {
  open();
  std::vector<Caller> callers(10);
  {
    const FewDescriptors few(4);
    for (Caller& caller : callers) ASSERT_TRUE(caller.connect(address()));
    ASSERT_TRUE(eventually([&] { return server_->counts().accepted == 10; }));
    callers.back().send(kGet);
    EXPECT_EQ(status_of(callers.back().read_answer()), 200);
  }
  EXPECT_GE(server_->counts().evicted, 6u);
}

TEST_F(ServerLimits, no_descriptor_left_lets_busy_ones_finish) {
  std::vector<Respond> kept;
  std::atomic<std::size_t> busy{0};
  open({}, [&](const InboundRequest& request, const Respond& respond) {
    if (request.target == "/x") return respond(answer_with("ok"));
    kept.push_back(respond);
    ++busy;
  });
  std::vector<Caller> callers(10);
  {
    const FewDescriptors few(4);
    std::size_t sent = 0;
    for (Caller& caller : callers) {
      ASSERT_TRUE(caller.connect(address()));
      caller.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
      if (++sent > 4) continue;
      ASSERT_TRUE(eventually([&] { return busy == sent; }));
    }
    EXPECT_TRUE(eventually([&] { return refusals().size() >= 6; }));
    EXPECT_THAT(refusals(), Contains("0 no_descriptors"));
    EXPECT_EQ(busy, 4u);
  }
  for (const Respond& respond : kept) respond(answer_with("done"));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(body_of(callers[i].read_answer()), "done");
}

// Bytes of memory that this process has.
std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// A process of its own that opens connections once it is told where, and keeps them until it is let go. Made while this
// process has no other thread, so that the child may do anything.
class Crowd {
 public:
  explicit Crowd(int count) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      live(ends[1], count);
      ::_exit(0);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~Crowd() { leave(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // True when all of them have connected.
  bool come(const std::string& address) {
    char reached = 0;
    return ::write(pipe_, address.data(), address.size()) > 0 && ::read(pipe_, &reached, 1) == 1 && reached == 'y';
  }
  void leave() {
    if (pipe_ < 0) return;
    ::close(std::exchange(pipe_, -1));
    ::waitpid(child_, nullptr, 0);
  }

 private:
  static void live(int pipe, int count) {
    char address[64] = {};
    if (::read(pipe, address, sizeof address - 1) <= 0) return;
    std::vector<Caller> callers(static_cast<std::size_t>(count));
    const bool all = std::all_of(callers.begin(), callers.end(), [&](Caller& one) { return one.connect(address); });
    if (::write(pipe, all ? "y" : "n", 1) != 1) return;
    (void)!::read(pipe, address, 1);
  }

  pid_t child_ = -1;
  int pipe_ = -1;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // memory is not what it would be
#else
constexpr bool kSanitized = false;
#endif

TEST_F(ServerLimits, ten_thousand_idle_connections_cost_little_and_starve_nobody) {
  constexpr int kIdle = 10'000;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit high = before;
  high.rlim_cur = kIdle + 1000;
  if (before.rlim_max < high.rlim_cur) GTEST_SKIP() << "at most " << before.rlim_max << " descriptors are allowed here";
  if (before.rlim_cur < high.rlim_cur) ::setrlimit(RLIMIT_NOFILE, &high);
  Crowd crowd(kIdle);
  ServerOptions options;
  options.max_connections = kIdle + 100;
  options.header_timeout_ms = 120'000;
  open(options);
  const std::size_t memory = resident_bytes();
  EXPECT_TRUE(crowd.come(address()));
  EXPECT_TRUE(eventually([&] { return server_->counts().open >= kIdle; }));
  const std::size_t grown = resident_bytes() - memory;
  EXPECT_TRUE(kSanitized || grown / kIdle < 16 * kKiB) << grown / kIdle << " bytes for each of them";
  RecordProperty("bytes_per_idle_connection", std::to_string(grown / kIdle));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(status_of(ask(kGet)), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  crowd.leave();
  EXPECT_TRUE(eventually([&] { return server_->counts().open == 0; }));
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// Form.

struct BadRequest {
  std::string name, bytes;
  int status;
};

// A text of the corpus as bytes: each of its characters is one, U+0000 to U+00FF.
std::string to_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) bytes += text[i];
    if (c >= 0xc0) bytes += static_cast<char>((c << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return bytes;
}

std::vector<BadRequest> corpus() {
  std::ifstream file(TILL_TEST_VECTORS "/http_requests.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto parsed = json::parse(text);
  std::vector<BadRequest> all;
  for (const json::Value& one : *parsed.value().find("requests")->array())
    all.push_back({std::string(*one.find_string("name")), to_bytes(*one.find_string("bytes")),
                   static_cast<int>(*one.find_integer("status"))});
  return all;
}

class Malformed : public ServerLimits, public testing::WithParamInterface<BadRequest> {};

// Behind each stands a request that must not be taken for another one, or as part of this one.
TEST_P(Malformed, is_refused_and_nothing_behind_it_is_believed) {
  std::atomic<int> handled{0};
  open({}, [&](const InboundRequest& request, const Respond& respond) {
    handled += request.target == "/smuggled" ? 1 : 0;
    respond(answer_with("ok"));
  });
  Caller caller = call();
  caller.send(GetParam().bytes);
  caller.send("\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = caller.read_all();
  EXPECT_EQ(status_of(answer), GetParam().status) << answer;
  EXPECT_EQ(handled, 0);
}

TEST_P(Malformed, is_refused_alike_when_it_drips) {
  RequestReader reader({});
  const std::string bytes = GetParam().bytes + "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  auto state = RequestReader::State::kMore;
  std::size_t done = 0;
  for (std::size_t end = 1; end <= bytes.size() && state != RequestReader::State::kFailed; ++end) {
    std::size_t taken = 0;
    do {
      state = reader.read(std::string_view(bytes).substr(done, end - done), &taken);
      done += taken;
    } while (state == RequestReader::State::kBody);
    ASSERT_NE(state, RequestReader::State::kDone);
  }
  EXPECT_EQ(reader.refusal().status, GetParam().status) << reader.refusal().reason;
}

INSTANTIATE_TEST_SUITE_P(Corpus, Malformed, testing::ValuesIn(corpus()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace till::http
