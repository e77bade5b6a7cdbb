// Answers without an end: what a stream's reader gets, and how a stream ends.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace till::http {
namespace {

using testing::HasSubstr;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// A stream and what came of it.
struct Listener {
  Client::StreamId open(Client& client, const std::string& url, StreamOptions options = {}) {
    auto promise = std::make_shared<std::promise<Result<Response>>>();
    end = promise->get_future();
    return client.stream(
        get(url), options,
        [this](const Response& head, std::string_view bytes) {
          status = head.status;
          calls += 1;
          body += bytes;
          if (body.size() >= signal_at) arrived.give();
          return body.size() < stop_at;
        },
        [promise](Result<Response> result) { promise->set_value(std::move(result)); });
  }
  std::future<Result<Response>> end;
  std::size_t signal_at = 1;
  std::size_t stop_at = std::string::npos;
  int status = 0;
  int calls = 0;
  std::string body;
  Signal arrived;
};

TEST(Stream, hands_over_the_head_at_once_and_bytes_as_they_come) {
  Signal first;
  StubServer server([&](Peer& peer) {
    EXPECT_THAT(peer.read_request(), HasSubstr("GET /bus?token=t HTTP/1.1"));
    peer.send(kHead);
    EXPECT_TRUE(first.wait());
    peer.send("data: 1\n");
    peer.send("data: 2\n");
    peer.finish();
  });
  Client client({});
  Listener listener;
  listener.signal_at = 0;
  listener.open(client, server.url("/bus?token=t"));
  EXPECT_TRUE(listener.arrived.wait()) << "the head alone";
  first.give();
  const auto end = listener.end.get();
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->status, 200);
  EXPECT_EQ(end->body, "");
  EXPECT_EQ(listener.body, "data: 1\ndata: 2\n");
}

TEST(Stream, may_be_larger_than_any_answer_and_last_longer_than_the_time_limit) {
  const std::string chunk(64 * 1024, 'x');
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kHead);
    for (int i = 0; i < 4; ++i) peer.send(chunk);
    peer.finish();
  });
  ClientOptions options;
  options.max_response_bytes = 1024;
  Client client(options);
  Listener listener;
  listener.open(client, server.url());
  EXPECT_TRUE(listener.end.get().ok());
  EXPECT_EQ(listener.body.size(), 4 * chunk.size());
}

TEST(Stream, of_another_status_is_a_plain_answer_within_its_limit) {
  StubServer server([&](Peer& peer) {
    while (!peer.read_request().empty() && peer.answer(std::string(2000, 'x'), 404)) {
    }
  });
  Client client({});
  Listener listener;
  listener.open(client, server.url());
  const auto end = listener.end.get();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->status, 404);
  EXPECT_EQ(end->body.size(), 2000u);
  EXPECT_EQ(listener.calls, 0);
  ClientOptions options;
  options.max_response_bytes = 1999;
  Client strict(options);
  Listener refused;
  refused.open(strict, server.url());
  EXPECT_EQ(verdict(refused.end.get()), "too_large/yes");
}

TEST(Stream, ends_when_its_reader_has_enough) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kHead);
    while (peer.send("data: x\n")) {
    }
  });
  Client client({});
  Listener listener;
  listener.stop_at = 8;
  listener.open(client, server.url());
  EXPECT_EQ(verdict(listener.end.get()), "stopped/yes");
}

TEST(Stream, ends_when_it_is_stopped_before_and_after_its_answer) {
  Signal asked;
  StubServer server([&](Peer& peer) {
    peer.read_request();
    asked.give();
    peer.send(kHead);
    peer.send("data: x\n");
    peer.read_some();
  });
  Client client({});
  Listener listener;
  const auto stream = listener.open(client, server.url());
  EXPECT_TRUE(listener.arrived.wait());
  client.stop(stream);
  EXPECT_EQ(verdict(listener.end.get()), "stopped/yes");
  client.stop(stream);  // again: nothing
}

TEST(Stream, ends_after_a_time_without_a_byte_and_not_before) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kHead);
    for (int i = 0; i < 4; ++i) {
      peer.send(":\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
    }
    peer.read_some();
  });
  Client client({});
  Listener listener;
  listener.open(client, server.url(), {.timeout_ms = 150, .idle_timeout_ms = 150});
  EXPECT_EQ(verdict(listener.end.get()), "timeout/yes");
  EXPECT_EQ(listener.body, ":\n:\n:\n:\n") << "240 ms, longer than either limit";
}

TEST(Stream, whose_answer_does_not_begin_in_time_ends) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.read_some();
  });
  Client client({});
  Listener listener;
  listener.open(client, server.url(), {.timeout_ms = 50, .idle_timeout_ms = 60'000});
  EXPECT_EQ(verdict(listener.end.get()), "timeout/maybe");
}

TEST(Stream, that_broke_is_not_tried_again) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ndata: x\n");
    peer.finish();
  });
  Client client({});
  Listener listener;
  listener.open(client, server.url());
  EXPECT_EQ(verdict(listener.end.get()), "truncated/yes");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Stream, takes_no_connection_from_other_requests) {
  StubServer server([&](Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("GET /bus")) {
        peer.send(kHead);
        peer.send("data: x\n");
        peer.read_some();
        return;
      }
      peer.answer("ok");
    }
  });
  ClientOptions options;
  options.max_connections_per_origin = 1;
  Client client(options);
  Listener listener;
  const auto stream = listener.open(client, server.url("/bus"));
  EXPECT_TRUE(listener.arrived.wait());
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
  client.stop(stream);
  EXPECT_EQ(verdict(listener.end.get()), "stopped/yes");
}

TEST(Stream, ends_with_closed_when_the_client_goes) {
  StubServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(kHead);
    peer.send("data: x\n");
    peer.read_some();
  });
  Listener listener;
  {
    Client client({});
    listener.open(client, server.url());
    EXPECT_TRUE(listener.arrived.wait());
  }
  EXPECT_EQ(verdict(listener.end.get()), "closed/yes");
}

}  // namespace
}  // namespace till::http
