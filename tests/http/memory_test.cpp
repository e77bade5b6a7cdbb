// Promises for a thread whose memory runs out: one request fails, and the next one is served.
#include "tests/http/memory.h"

#include <gmock/gmock.h>
#include <openssl/bio.h>

#include <array>

#include "core/http/tls.h"
#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace till::http {
namespace {

using Step = TlsChannel::Step;

// A channel and a server's end in memory, and what carries bytes between them.
class Sealed : public testing::Test {
 protected:
  void SetUp() override {
    context_ = *TlsContext::make(authority_.ca_file());
    channel_ = *TlsChannel::make(*context_, "localhost", "https://localhost");
    server_.reset(SSL_new(server_context_.get()));
    SSL_set_bio(server_.get(), to_server_, from_server_);
    SSL_set_accept_state(server_.get());
    while (channel_->handshake() != Step::kDone) {
      carry_to_server();
      SSL_do_handshake(server_.get());
      carry_to_channel();
    }
    carry_to_server();
    if (!MemoryFault::kWorks) GTEST_SKIP() << "AddressSanitizer has allocators of its own";
  }

  void carry_to_server() {
    BIO_write(to_server_, channel_->out().data(), static_cast<int>(channel_->out().size()));
    channel_->clear_out();
  }

  void carry_to_channel() {
    const int got = BIO_read(from_server_, wire_.data(), static_cast<int>(wire_.size()));
    channel_->feed(wire_.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }

  // Makes the channel read all that the server has sent; what it said.
  std::string read() {
    carry_to_channel();
    std::string text(100, '\0');
    std::size_t got = 0;
    last_ = channel_->read(text.data(), text.size(), &got);
    return text.substr(0, got);
  }

  struct Freed {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Authority authority_;
  std::shared_ptr<SSL_CTX> server_context_ = authority_.make_context();
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<TlsChannel> channel_;
  BIO* to_server_ = BIO_new(BIO_s_mem());
  BIO* from_server_ = BIO_new(BIO_s_mem());
  std::unique_ptr<SSL, Freed> server_;
  std::array<char, 16 * 1024> wire_{};
  Step last_ = Step::kMore;
};

TEST_F(Sealed, write_without_memory_breaks_the_channel_and_nothing_else) {
  const std::string text(2000, 'x');
  bool written = true;
  {
    const MemoryFault fault(0, MemoryFault::Lasts::kOn);
    written = channel_->write(text);
    EXPECT_TRUE(fault.happened());
  }
  EXPECT_FALSE(written);
  EXPECT_NE(channel_->failure(), "");
}

TEST_F(Sealed, session_that_finds_no_memory_is_not_kept_and_the_channel_goes_on) {
  ASSERT_EQ(SSL_do_handshake(server_.get()), 1) << "the server sends its tickets";
  {
    const MemoryFault fault(0, MemoryFault::Lasts::kOn);
    carry_to_channel();
    std::array<char, 100> nothing{};
    std::size_t got = 0;
    last_ = channel_->read(nothing.data(), nothing.size(), &got);
    EXPECT_TRUE(fault.happened());
  }
  EXPECT_EQ(last_, Step::kMore);
  ASSERT_EQ(SSL_write(server_.get(), "good", 4), 4);
  EXPECT_EQ(read(), "good");
}

class OutOfMemory : public testing::Test {
 protected:
  Authority authority_;
  std::shared_ptr<SSL_CTX> context_ = authority_.make_context();
  StubServer server_{[](Peer& peer) {
                       while (!peer.read_request().empty()) peer.answer("ok", 200, "Connection: close\r\n");
                     },
                     StubServer::Options{"127.0.0.1", 0, context_.get()}};
};

// Every allocation of the client's thread fails once, from the opening of a connection to the answer.
TEST_F(OutOfMemory, at_any_place_fails_one_request_and_the_next_is_served) {
  if (!MemoryFault::kWorks) GTEST_SKIP() << "AddressSanitizer has allocators of its own";
  ClientOptions options;
  options.ca_file = authority_.ca_file();
  options.connect_timeout_ms = 100;
  Client client(options);
  const std::string url = "https://localhost:" + std::to_string(server_.port()) + "/";
  ASSERT_EQ(verdict(fetch(client, get(url), repeatable())), "200");
  bool happened = true;
  for (int successes = 0; happened; ++successes) {
    std::promise<std::string> answered;
    std::optional<MemoryFault> fault;
    on_clients_thread(client, [&] {
      client.send(post(url), once(), [&](const Result<Response>& result) {
        happened = fault->happened();
        fault.reset();
        answered.set_value(verdict(result));
      });
      fault.emplace(successes, MemoryFault::Lasts::kOnce);
    });
    EXPECT_NE(answered.get_future().get(), "") << "the place after " << successes << " allocations";
  }
  // What was left behind would ring now.
  std::promise<void> later;
  client.wait(2 * options.connect_timeout_ms, [&](const Status&) { later.set_value(); });
  later.get_future().wait();
  EXPECT_EQ(verdict(fetch(client, get(url), repeatable())), "200");
}

}  // namespace
}  // namespace till::http
