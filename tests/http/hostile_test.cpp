// Promises of the client towards a server that stalls, breaks or lies: a typed error that says how far the request
// went, within the deadline, in bounded memory; and the next request works.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>

#include "core/base/limits.h"
#include "core/http/response_reader.h"
#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace till::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// Serves the first connection with `bad` and all later ones well, so that every test ends with a request that works.
class Hostile : public testing::Test {
 protected:
  void serve(StubServer::Handler bad) {
    server_ = std::make_unique<StubServer>([this, bad = std::move(bad)](Peer& peer) {
      if (first_.exchange(false)) return bad(peer);
      while (true) {
        if (peer.read_request().empty()) return;
        server_->count_request();
        if (!peer.answer("ok")) return;
      }
    });
  }

  Result<Response> ask(SendOptions options = once()) {
    return fetch(client_, get(server_->url("/x?secret=s")), options);
  }

  void TearDown() override {
    ASSERT_TRUE(server_);
    EXPECT_EQ(verdict(ask()), "200") << "the next request does not work";
  }

  std::atomic<bool> first_{true};
  std::unique_ptr<StubServer> server_;
  Client client_{ClientOptions()};
};

TEST_F(Hostile, stall_before_the_answer_is_a_timeout_and_maybe_sent) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.read_request();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto result = ask(once(100));
  EXPECT_EQ(verdict(result), "timeout/maybe");
  EXPECT_FALSE(result.error().retryable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(Hostile, stall_within_the_header_is_a_timeout_and_sent) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Le");
    peer.read_request();
  });
  EXPECT_EQ(verdict(ask(once(100))), "timeout/yes");
}

TEST_F(Hostile, stall_within_the_body_is_a_timeout_and_sent) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.read_request();
  });
  EXPECT_EQ(verdict(ask(once(100))), "timeout/yes");
}

TEST_F(Hostile, slow_drip_does_not_outlive_the_deadline) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (peer.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the drip itself
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(verdict(ask(once(150))), "timeout/yes");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(Hostile, reset_before_the_request_was_read_is_maybe_sent) {
  serve([](Peer& peer) {
    peer.read_some(1);
    peer.reset();
  });
  EXPECT_EQ(verdict(ask()), "reset/maybe");
}

TEST_F(Hostile, reset_after_the_request_was_read_is_maybe_sent) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  EXPECT_EQ(verdict(ask()), "reset/maybe");
}

TEST_F(Hostile, close_without_an_answer_is_maybe_sent) {
  serve([](Peer& peer) { peer.read_request(); });
  EXPECT_EQ(verdict(ask()), "reset/maybe");
}

TEST_F(Hostile, reset_within_the_answer_is_sent) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.reset();
  });
  const auto result = ask();
  ASSERT_FALSE(result.ok());
  // The kernel may drop what was not yet read when the RST comes.
  EXPECT_EQ(result.error().code, "reset");
  EXPECT_NE(result.error().sent, Sent::kNo);
}

TEST_F(Hostile, truncated_body_is_an_error) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  EXPECT_EQ(verdict(ask()), "truncated/yes");
}

TEST_F(Hostile, truncated_chunked_body_is_an_error) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  });
  EXPECT_EQ(verdict(ask()), "truncated/yes");
}

TEST_F(Hostile, truncated_header_is_an_error) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-");
  });
  EXPECT_EQ(verdict(ask()), "truncated/yes");
}

long resident_kib() {
  std::ifstream status("/proc/self/statm");
  long total = 0, resident = 0;
  status >> total >> resident;
  return resident * 4;
}

// Sends 2 GB, or what the client takes of it; returns how much that was.
std::size_t flood(Peer& peer, std::string_view piece) {
  std::size_t sent = 0;
  while (sent < (std::size_t{2} << 30) && peer.send(piece)) sent += piece.size();
  return sent;
}

class HostileFlood : public Hostile, public testing::WithParamInterface<const char*> {};

TEST_P(HostileFlood, answer_of_two_gigabytes_is_cut_off_in_bounded_memory) {
  std::atomic<std::size_t> sent{0};
  const std::string header = GetParam();
  const std::string data(64 * 1024, 'x');
  const std::string piece = header.find("chunked") == std::string::npos ? data : "10000\r\n" + data + "\r\n";
  Signal flooded;
  serve([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n" + header + "\r\n");
    sent = flood(peer, piece);
    flooded.give();
  });
  const long before = resident_kib();
  EXPECT_EQ(verdict(ask()), "too_large/yes");
  ASSERT_TRUE(flooded.wait());
  EXPECT_LT(sent, std::size_t{64} << 20);
  EXPECT_LT(resident_kib() - before, 64 * 1024);
}

INSTANTIATE_TEST_SUITE_P(Framing, HostileFlood,
                         testing::Values("Content-Length: 2147483648\r\n", "Transfer-Encoding: chunked\r\n",
                                         "Connection: close\r\n"));

TEST_F(Hostile, answer_one_byte_above_the_common_limit_is_too_large) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.answer(std::string(kMaxResponseBytes + 1, 'x'));
  });
  EXPECT_EQ(verdict(ask()), "too_large/yes");
}

TEST_F(Hostile, ten_thousand_headers_are_too_large) {
  serve([](Peer& peer) {
    peer.read_request();
    std::string header = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 10'000; ++i) header += "X-" + std::to_string(i) + ": y\r\n";
    peer.send(header + "Content-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(verdict(ask()), "too_large/yes");
}

TEST_F(Hostile, many_small_headers_are_too_large_even_within_the_byte_limit) {
  serve([](Peer& peer) {
    peer.read_request();
    std::string header = "HTTP/1.1 200 OK\r\n";
    for (std::size_t i = 0; i < kMaxHeaderFields; ++i) header += "X: y\r\n";
    peer.send(header + "Content-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(verdict(ask()), "too_large/yes");
}

// Neither part is too large by itself: only the sum is.
TEST(ResponseReader, counts_headers_that_come_in_parts_together) {
  std::string fields;
  for (int i = 0; i < 15; ++i) fields += "X: " + std::string(95, 'y') + "\r\n";
  const std::string first = "HTTP/1.1 200 OK\r\n" + fields + "X: ";
  ResponseReader reader({1000, 2000});
  reader.start(false);
  std::size_t taken = 0;
  ASSERT_EQ(reader.read(first, &taken), ResponseReader::State::kMore);
  ASSERT_EQ(reader.read(first.substr(taken) + "y\r\n" + fields + "\r\n", &taken), ResponseReader::State::kFailed);
  EXPECT_EQ(reader.error().code, "too_large");
}

TEST_F(Hostile, header_line_without_an_end_is_too_large) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX: ");
    flood(peer, std::string(4096, 'y'));
  });
  EXPECT_EQ(verdict(ask()), "too_large/yes");
}

TEST_F(Hostile, chunk_header_without_an_end_is_too_large) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=");
    flood(peer, std::string(4096, 'y'));
  });
  EXPECT_EQ(verdict(ask()), "too_large/yes");
}

TEST_F(Hostile, interim_answers_without_an_end_are_malformed) {
  serve([](Peer& peer) {
    peer.read_request();
    flood(peer, "HTTP/1.1 100 Continue\r\n\r\n");
  });
  EXPECT_EQ(verdict(ask()), "malformed/yes");
}

class HostileBytes : public Hostile, public testing::WithParamInterface<const char*> {};

TEST_P(HostileBytes, are_malformed) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send(GetParam());
    peer.read_request();
  });
  const auto result = ask(repeatable());
  EXPECT_EQ(verdict(result), "malformed/yes");
}

INSTANTIATE_TEST_SUITE_P(
    Answer, HostileBytes,
    testing::Values("SSH-2.0-OpenSSH_9.2\r\n", "HTTP/3.0 200 OK\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n",
                    "HTTP/1.1 20x OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nx",
                    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na",
                    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\na",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nx"));

TEST_F(Hostile, answer_with_more_behind_it_does_not_reach_the_next_request) {
  serve([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peer.read_request();
  });
  EXPECT_EQ(ask()->body, "ok");
  EXPECT_EQ(ask()->body, "ok");
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(Hostile, bytes_that_nobody_asked_for_end_an_idle_connection) {
  Signal answered, ended;
  serve([&](Peer& peer) {
    peer.read_request();
    peer.answer("ok");
    answered.wait();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    EXPECT_TRUE(peer.read_request().empty());
    ended.give();
  });
  EXPECT_EQ(ask()->body, "ok");
  answered.give();
  EXPECT_TRUE(ended.wait());
  EXPECT_EQ(ask()->body, "ok");
}

TEST_F(Hostile, errors_name_method_and_origin_and_never_the_query) {
  serve([](Peer& peer) { peer.read_request(); });
  const auto result = ask();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("GET http://127.0.0.1:" + std::to_string(server_->port())));
  EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace till::http
