// Promises about sending again: what was sent and may not be repeated goes out once, whatever happens.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <latch>

#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace {

thread_local int sends_to_put_off = 0;

}  // namespace

// In place of the C library's, for this program: a full socket buffer, which nothing on loopback brings about.
extern "C" ssize_t send(int socket, const void* bytes, std::size_t size, int flags) {
  if (sends_to_put_off > 0) {
    --sends_to_put_off;
    errno = EAGAIN;
    return -1;
  }
  return ::sendto(socket, bytes, size, flags, nullptr, 0);
}

namespace till::http {
namespace {

class Retry : public testing::Test {
 protected:
  void serve(std::function<void(Peer&)> how) { server_ = std::make_unique<StubServer>(std::move(how)); }
  std::string url() const { return server_->url(); }

  std::atomic<int> count_{0};  // of requests that the server saw
  std::unique_ptr<StubServer> server_;
  Client client_{ClientOptions{}};  // goes first: the server waits for its connections
};

TEST_F(Retry, read_is_sent_again_after_a_reset) {
  serve([&](Peer& peer) {
    peer.read_request();
    if (++count_ < 3) return peer.reset();
    peer.answer("ok");
  });
  EXPECT_EQ(verdict(fetch(client_, get(url()), repeatable())), "200");
  EXPECT_EQ(count_, 3);
}

TEST_F(Retry, answer_says_whether_an_earlier_attempt_may_have_arrived_too) {
  serve([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++count_ == 2) return peer.reset();
      peer.answer("ok");
    }
  });
  const auto first = fetch(client_, post(url()), repeatable());
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->repeated);
  const auto second = fetch(client_, post(url()), repeatable());
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(count_, 3);
}

TEST_F(Retry, read_is_sent_at_most_as_often_as_allowed) {
  serve([&](Peer& peer) {
    peer.read_request();
    ++count_;
  });
  const auto result = fetch(client_, get(url()), repeatable());
  EXPECT_EQ(verdict(result), "reset/maybe");
  EXPECT_TRUE(result.error().retryable);
  EXPECT_EQ(count_, 3);
}

TEST_F(Retry, read_is_sent_again_after_a_truncated_answer) {
  serve([&](Peer& peer) {
    peer.read_request();
    if (++count_ == 1) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
      return;
    }
    peer.answer("ok");
  });
  EXPECT_EQ(verdict(fetch(client_, get(url()), repeatable())), "200");
  EXPECT_EQ(count_, 2);
}

TEST_F(Retry, write_is_never_sent_again_after_bytes_went_out) {
  serve([&](Peer& peer) {
    peer.read_request();
    ++count_;
    peer.reset();
  });
  const auto result = fetch(client_, post(url()), {10'000, false, 5});
  EXPECT_EQ(verdict(result), "reset/maybe");
  EXPECT_FALSE(result.error().retryable);
  EXPECT_EQ(count_, 1);
}

TEST_F(Retry, write_that_had_to_wait_for_the_socket_is_never_sent_again) {
  serve([&](Peer& peer) {
    peer.read_request();
    ++count_;
    peer.reset();
  });
  std::promise<Result<Response>> ended;
  on_clients_thread(client_, [&] {
    sends_to_put_off = 1;
    client_.send(post(url()), {10'000, false, 3}, [&](Result<Response> result) { ended.set_value(result); });
  });
  EXPECT_EQ(verdict(ended.get_future().get()), "reset/maybe");
  EXPECT_EQ(count_, 1);
}

TEST_F(Retry, answers_of_any_status_are_answers) {
  serve([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++count_;
      peer.answer("busy", 503);
    }
  });
  EXPECT_EQ(verdict(fetch(client_, get(url()), repeatable())), "503");
  EXPECT_EQ(count_, 1);
}

// A port where nobody listens: bound, closed and not given out again so soon.
int free_port() {
  int port = 0;
  ::close(listen_on("127.0.0.1", 0, 1, &port));
  return port;
}

TEST_F(Retry, write_that_never_went_out_is_tried_again) {
  const int port = free_port();
  Client client({});
  const auto pending = std::chrono::steady_clock::now();
  auto future = start(client, post("http://127.0.0.1:" + std::to_string(port) + "/"), {10'000, false, 3});
  const auto result = future.get();
  EXPECT_EQ(verdict(result), "connect/no");
  EXPECT_TRUE(result.error().retryable);
  // Two pauses of at least 50 and 100 ms lie between three attempts.
  EXPECT_GE(std::chrono::steady_clock::now() - pending, std::chrono::milliseconds(150));
}

TEST_F(Retry, write_succeeds_once_the_server_is_there) {
  const int port = free_port();
  Client client({});
  auto future = start(client, post("http://127.0.0.1:" + std::to_string(port) + "/"), {10'000, false, 5});
  StubServer server(
      [](Peer& peer) {
        peer.read_request();
        peer.answer("ok");
      },
      {"127.0.0.1", port, nullptr});
  const auto result = future.get();
  EXPECT_EQ(verdict(result), "200");
  EXPECT_FALSE(result.ok() && result->repeated) << "no byte of an earlier attempt had left";
}

TEST_F(Retry, pause_does_not_reach_past_the_deadline) {
  Client client({});
  const auto begin = std::chrono::steady_clock::now();
  const auto result = fetch(client, get("http://127.0.0.1:" + std::to_string(free_port()) + "/"), {40, true, 50});
  EXPECT_EQ(verdict(result), "connect/no");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(Retry, stale_pooled_connection_is_noticed_before_a_write_goes_out) {
  Signal release, finished;
  std::atomic<int> writes{0};
  StubServer server([&](Peer& peer) {
    if (peer.read_request().starts_with("POST")) ++writes;
    peer.answer("ok");
    release.wait();
    peer.finish();
    finished.give();
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  std::future<Result<Response>> write;
  std::promise<void> sent;
  // The server closes while the client's thread is busy here, so that only asking the socket can tell.
  on_clients_thread(client, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // younger connections are not asked
    release.give();
    EXPECT_TRUE(finished.wait());
    write = start(client, post(server.url()), once());
    sent.set_value();
  });
  sent.get_future().get();
  EXPECT_EQ(verdict(write.get()), "200");
  EXPECT_EQ(writes, 1);
}

TEST_F(Retry, pooled_connection_that_dies_with_a_write_fails_the_write) {
  serve([&](Peer& peer) {
    peer.read_request();
    peer.answer("ok");
    if (peer.read_request().starts_with("POST")) ++count_;
  });
  EXPECT_EQ(verdict(fetch(client_, get(url()))), "200");
  EXPECT_EQ(verdict(fetch(client_, post(url()), {10'000, false, 3})), "reset/maybe");
  EXPECT_EQ(count_, 1);
}

TEST_F(Retry, pooled_connection_that_dies_with_a_read_is_replaced_at_once) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.answer("ok");
    peer.read_request();
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(verdict(fetch(client, get(server.url()), repeatable())), "200");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(Retry, read_that_a_pooled_connection_failed_does_not_try_the_next_pooled_one) {
  std::latch all(3);
  std::atomic<int> connections{0};
  StubServer server([&](Peer& peer) {
    const bool early = ++connections <= 3;
    peer.read_request();
    if (early) all.arrive_and_wait();
    peer.answer("ok");
    peer.read_request();
  });
  Client client({});
  std::vector<std::future<Result<Response>>> pending;
  for (int i = 0; i < 3; ++i) pending.push_back(start(client, get(server.url())));
  for (auto& one : pending) EXPECT_EQ(verdict(one.get()), "200");
  EXPECT_EQ(verdict(fetch(client, get(server.url()), {10'000, true, 2})), "200");
}

}  // namespace
}  // namespace till::http
