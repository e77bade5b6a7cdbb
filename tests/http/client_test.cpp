// Promises of the client towards a server that behaves: what goes out, what comes back, how connections are kept.
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <map>
#include <stdexcept>

#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace till::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void serve_ok(Peer& peer) {
  while (!peer.read_request().empty() && peer.answer("ok")) {
  }
}

TEST(Client, sends_the_request_as_it_was_given) {
  std::string seen;
  StubServer server([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("{}", 201, "X-One: a\r\nX-Two:  b \r\n");
  });
  Client client({});
  Request request = post(server.url("/pay?x=%20"), "body");
  request.headers = {{"X-Api-Key", "k"}};
  const auto result = fetch(client, request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status, 201);
  EXPECT_EQ(result->body, "{}");
  EXPECT_EQ(result->headers.find("x-one"), "a");
  EXPECT_EQ(result->headers.find("X-Two"), "b");
  EXPECT_EQ(seen, "POST /pay?x=%20 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\nX-Api-Key: k\r\nUser-Agent: till/0.1\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(Client, states_the_length_of_an_empty_post_and_none_for_get) {
  std::vector<std::string> seen;
  StubServer server([&](Peer& peer) {
    for (int i = 0; i < 2; ++i) {
      seen.push_back(peer.read_request());
      peer.answer("");
    }
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(verdict(fetch(client, post(server.url(), ""))), "200");
  EXPECT_THAT(seen.at(0), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(seen.at(1), HasSubstr("Content-Length: 0\r\n"));
}

TEST(Client, refuses_a_request_that_could_smuggle_before_any_connection) {
  StubServer server(serve_ok);
  Client client({});
  Request request = get(server.url());
  request.headers = {{"X", "a\r\n\r\nGET /evil HTTP/1.1"}};
  const auto result = fetch(client, request);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(result.error().sent, Sent::kNo);
  EXPECT_EQ(server.connections(), 0);
}

TEST(Client, reuses_a_connection) {
  StubServer server(serve_ok);
  Client client({});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, does_not_reuse_a_connection_that_the_server_gives_up) {
  StubServer server([](Peer& peer) {
    peer.read_request();
    peer.answer("ok", 200, "Connection: close\r\n");
    peer.read_request();
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Client, closes_a_connection_that_was_idle_for_too_long) {
  Signal closed;
  StubServer server([&](Peer& peer) {
    serve_ok(peer);
    closed.give();
  });
  ClientOptions options;
  options.idle_timeout_ms = 20;
  Client client(options);
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_TRUE(closed.wait());
}

TEST(Client, keeps_no_more_idle_connections_than_allowed) {
  std::latch all(4);
  std::atomic<int> ended{0};
  Signal three_ended;
  StubServer server([&](Peer& peer) {
    peer.read_request();
    all.arrive_and_wait();
    peer.answer("ok");
    peer.read_request();
    if (++ended == 3) three_ended.give();
  });
  ClientOptions options;
  options.max_idle_per_origin = 1;
  Client client(options);
  std::vector<std::future<Result<Response>>> pending;
  for (int i = 0; i < 4; ++i) pending.push_back(start(client, get(server.url())));
  for (auto& one : pending) EXPECT_EQ(verdict(one.get()), "200");
  EXPECT_TRUE(three_ended.wait());
  EXPECT_EQ(ended, 3);
}

TEST(Client, lets_further_requests_wait_in_line_in_their_order) {
  std::vector<std::string> order;
  std::mutex mutex;
  StubServer server([&](Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      const std::lock_guard lock(mutex);
      order.push_back(request.substr(5, 1));
      peer.answer("ok");
    }
  });
  ClientOptions options;
  options.max_connections_per_origin = 1;
  Client client(options);
  std::vector<std::future<Result<Response>>> pending;
  for (const char* path : {"/a", "/b", "/c", "/d"}) pending.push_back(start(client, get(server.url(path))));
  for (auto& one : pending) EXPECT_EQ(verdict(one.get()), "200");
  EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(server.connections(), 1);
}

// All have one time limit: those in line are not begun with nothing left of it when those under way give up.
TEST(Client, begins_nothing_in_line_whose_time_is_nearly_over) {
  std::atomic<int> arrived{0};
  Signal release;
  StubServer server([&](Peer& peer) {
    if (!peer.read_request().empty()) ++arrived;
    release.wait();
  });
  ClientOptions options;
  options.max_connections_per_origin = 2;
  Client client(options);
  std::vector<std::future<Result<Response>>> pending;
  for (int i = 0; i < 20; ++i) pending.push_back(start(client, get(server.url()), once(400)));
  std::map<std::string, int> verdicts;
  for (auto& one : pending) {
    const auto result = one.get();
    ++verdicts[verdict(result)];
    if (result.ok() || result.error().sent != Sent::kNo) continue;
    EXPECT_THAT(result.error().message, HasSubstr("no connection became free"));
  }
  EXPECT_EQ(verdicts, (std::map<std::string, int>{{"timeout/maybe", 2}, {"timeout/no", 18}}));
  EXPECT_EQ(arrived, 2);
  release.give();
}

TEST(Client, ends_a_request_in_line_as_not_sent) {
  Signal release;
  StubServer server([&](Peer& peer) {
    peer.read_request();
    release.wait();
    peer.answer("ok");
    serve_ok(peer);
  });
  ClientOptions options;
  options.max_connections_per_origin = 1;
  Client client(options);
  auto first = start(client, get(server.url()));
  EXPECT_EQ(verdict(fetch(client, get(server.url()), once(50))), "timeout/no");
  release.give();
  EXPECT_EQ(verdict(first.get()), "200");
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
}

TEST(Client, follows_no_redirect) {
  StubServer server([](Peer& peer) {
    peer.read_request();
    peer.answer("", 302, "Location: /elsewhere\r\n");
    EXPECT_TRUE(peer.read_request().empty());
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "302");
}

TEST(Client, skips_interim_answers) {
  StubServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    peer.answer("ok");
  });
  Client client({});
  const auto result = fetch(client, get(server.url()));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->body, "ok");
  EXPECT_EQ(result->headers.find("Link"), std::nullopt);
}

TEST(Client, knows_the_answers_that_have_no_body) {
  StubServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n");
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    serve_ok(peer);
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "204");
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "304");
  Request head = get(server.url());
  head.method = "HEAD";
  EXPECT_EQ(verdict(fetch(client, head)), "200");
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, reads_chunked_bodies_split_anywhere) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\nTrailer: "
      "t\r\n\r\n";
  StubServer server([&](Peer& peer) {
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
      peer.read_request();
      peer.send(answer.substr(0, cut));
      peer.send(answer.substr(cut));
    }
  });
  Client client({});
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    const auto result = fetch(client, get(server.url()));
    ASSERT_TRUE(result.ok()) << cut << " " << result.error().message;
    EXPECT_EQ(result->body, "hello, world");
    EXPECT_EQ(result->headers.find("Trailer"), std::nullopt) << "a trailer is no header";
  }
}

TEST(Client, reads_a_body_that_ends_with_the_connection) {
  StubServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
  });
  Client client({});
  const auto result = fetch(client, get(server.url()));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->body, "to the end");
}

TEST(Client, sends_and_reads_bodies_larger_than_any_buffer) {
  const std::string body(kMaxResponseBytes, 'x');
  StubServer server([](Peer& peer) {
    const std::string request = peer.read_request();
    peer.answer(request.substr(request.find("\r\n\r\n") + 4));
  });
  Client client({});
  const auto result = fetch(client, post(server.url(), body));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->body == body);
}

TEST(Client, takes_an_answer_that_comes_before_the_whole_request_went_out) {
  StubServer server([](Peer& peer) {
    peer.read_some();
    peer.answer("too long", 413);
    peer.finish();
    while (!peer.read_some().empty()) {
    }
  });
  Client client({});
  EXPECT_EQ(verdict(fetch(client, post(server.url(), std::string(6 << 20, 'x')))), "413");
}

TEST(Client, has_a_thousand_requests_in_flight_on_its_one_thread) {
  constexpr int kCount = 1000;
  int port = 0;
  const int listener = listen_on("127.0.0.1", 0, 4096, &port);
  ClientOptions options;
  options.max_connections_per_origin = kCount;
  Client client(options);
  std::vector<std::future<Result<Response>>> pending;
  for (int i = 0; i < kCount; ++i) {
    pending.push_back(start(client, get("http://127.0.0.1:" + std::to_string(port) + "/"), once(30'000)));
  }
  // None is answered before all have arrived.
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < kCount; ++i)
    peers.push_back(std::make_unique<Peer>(::accept(listener, nullptr, nullptr), nullptr));
  for (auto& peer : peers) EXPECT_THAT(peer->read_request(), StartsWith("GET / "));
  for (auto& peer : peers) peer->answer("ok", 200, "Connection: close\r\n");
  for (auto& one : pending) EXPECT_EQ(verdict(one.get()), "200");
  for (auto& peer : peers) ::close(peer->socket());
  ::close(listener);
}

TEST(Client, serves_many_threads_at_once) {
  StubServer server(serve_ok);
  Client client({});
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) good += verdict(fetch(client, get(server.url()))) == "200" ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_LE(server.connections(), 64);
}

TEST(Client, may_be_called_from_its_own_callbacks) {
  StubServer server(serve_ok);
  Client client({});
  std::promise<int> done;
  std::function<void(int)> next = [&](int left) {
    client.send(get(server.url()), once(), [&, left](Result<Response> result) {
      if (!result.ok() || left == 0) return done.set_value(left);
      next(left - 1);
    });
  };
  next(50);
  EXPECT_EQ(done.get_future().get(), 0);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, outlives_callbacks_that_throw) {
  StubServer server(serve_ok);
  Client client({});
  for (int i = 0; i < 2; ++i) {
    std::promise<void> called;
    on_clients_thread(client, [&] {
      client.send(get(server.url()), once(), [&](const Result<Response>&) {
        called.set_value();
        throw std::runtime_error("from a callback");
      });
      throw std::runtime_error("from another");
    });
    called.get_future().get();
  }
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  EXPECT_EQ(server.connections(), 1) << "a callback's fault cost a connection";
}

TEST(Client, fails_what_is_pending_when_it_is_destroyed) {
  Signal arrived, over;
  StubServer server([&](Peer& peer) {
    peer.read_request();
    arrived.give();
    over.wait();
  });
  std::vector<std::future<Result<Response>>> pending;
  {
    ClientOptions options;
    options.max_connections_per_origin = 1;
    Client client(options);
    pending.push_back(start(client, get(server.url())));
    ASSERT_TRUE(arrived.wait());
    for (int i = 0; i < 10; ++i) pending.push_back(start(client, get(server.url())));
  }
  EXPECT_EQ(verdict(pending.front().get()), "closed/maybe");
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(verdict(pending[static_cast<std::size_t>(i)].get()), "closed/no");
  over.give();
}

TEST(Client, without_a_thread_says_so_and_works_once_there_is_one) {
  StubServer server(serve_ok);
  Client client({});
  std::future<Result<Response>> future;
  {
    const NoThreads none;
    future = start(client, post(server.url()));
  }
  ASSERT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const auto result = future.get();
  EXPECT_EQ(verdict(result), "closed/no");
  EXPECT_TRUE(result.error().retryable);
  EXPECT_EQ(verdict(fetch(client, post(server.url()))), "200");
}

TEST(Client, that_was_never_used_has_no_thread_to_stop) { const Client client({}); }

void expect_no_ca_file(const std::string& path, const std::string& message) {
  ClientOptions options;
  options.ca_file = path;
  Client client(options);
  const auto result = fetch(client, get("https://127.0.0.1:1/"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kConfiguration);
  EXPECT_EQ(result.error().code, "ca_file");
  EXPECT_EQ(result.error().message, message);
}

TEST(Client, says_at_the_first_https_request_what_is_wrong_with_ca_file) {
  expect_no_ca_file("/nonexistent/ca.pem", "cannot read ca_file /nonexistent/ca.pem: No such file or directory");
  expect_no_ca_file("/", "cannot read ca_file /: Is a directory");
  expect_no_ca_file("/dev/null", "ca_file /dev/null is no PEM file of certificates");
}

}  // namespace
}  // namespace till::http
