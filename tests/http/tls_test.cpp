// Promises about TLS: who is trusted, what is refused, and that sessions are resumed.
#include <gmock/gmock.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "core/http/resolver.h"
#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace till::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// Systems whose OpenSSL refuses old versions by itself would hide whether the client does. The configuration is read
// once per process, so this comes before any test.
const bool lax_openssl = [] {
  char path[] = "/tmp/till-openssl-XXXXXX";
  std::FILE* const file = ::fdopen(::mkstemp(path), "w");
  std::fputs(
      "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n"
      "[lax]\nMinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n",
      file);
  std::fclose(file);
  OPENSSL_INIT_SETTINGS* const settings = OPENSSL_INIT_new();
  OPENSSL_INIT_set_config_filename(settings, path);
  OPENSSL_INIT_set_config_appname(settings, "openssl_conf");
  const bool done = OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, settings) == 1;
  OPENSSL_INIT_free(settings);
  ::unlink(path);
  return done;
}();

// Every name is this machine.
class HereResolver final : public Resolver {
 public:
  Result<std::vector<std::string>> resolve(const std::string&) override {
    return std::vector<std::string>{"127.0.0.1"};
  }
};

class Tls : public testing::Test {
 protected:
  void serve(const CertificateOptions& certificate = CertificateOptions(), const std::string& address = "127.0.0.1") {
    context_ = authority_.make_context(certificate);
    serve_with(context_.get(), address);
  }

  void serve_with(SSL_CTX* context, const std::string& address = "127.0.0.1") {
    server_ = std::make_unique<StubServer>(
        [this](Peer& peer) {
          resumed_ += SSL_session_reused(peer.ssl());
          while (true) {
            const std::string request = peer.read_request();
            if (request.empty()) return;
            const char* const name = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
            last_name_ = name != nullptr ? name : "";
            peer.answer("ok", 200, close_each_ ? "Connection: close\r\n" : "");
            if (close_each_) return peer.finish();
          }
        },
        StubServer::Options{address, 0, context});
  }

  ClientOptions trusting() {
    ClientOptions options;
    options.ca_file = authority_.ca_file();
    return options;
  }

  std::string url(const std::string& host) { return "https://" + host + ":" + std::to_string(server_->port()) + "/"; }

  Result<Response> ask(const std::string& host) {
    Client client(trusting(), std::make_shared<HereResolver>());
    return fetch(client, post(url(host)), {10'000, true, 3});
  }

  void expect_refused(const std::string& host, const std::string& why) {
    const auto result = ask(host);
    EXPECT_EQ(verdict(result), "tls/no");
    EXPECT_THAT(result.error().message, HasSubstr(why));
    EXPECT_FALSE(result.error().retryable);
    EXPECT_EQ(server_->connections(), 1) << "a refused server was asked again";
  }

  Authority authority_;
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<StubServer> server_;
  std::atomic<int> resumed_{0};
  std::string last_name_;
  bool close_each_ = false;
};

TEST_F(Tls, trusted_server_is_served_by_name_and_by_address) {
  serve({.names = "DNS:shop.test,IP:127.0.0.1"});
  EXPECT_EQ(verdict(ask("shop.test")), "200");
  EXPECT_EQ(last_name_, "shop.test");
  EXPECT_EQ(verdict(ask("127.0.0.1")), "200");
  EXPECT_EQ(last_name_, "") << "an address is no server name";
}

TEST_F(Tls, wildcard_covers_one_label) {
  serve({.names = "DNS:*.shop.test"});
  EXPECT_EQ(verdict(ask("api.shop.test")), "200");
  EXPECT_EQ(verdict(ask("a.b.shop.test")), "tls/no");
}

TEST_F(Tls, server_on_ipv6_is_verified_by_its_address) {
  serve({.names = "IP:::1"}, "::1");
  EXPECT_EQ(verdict(ask("[::1]")), "200");
}

TEST_F(Tls, expired_certificate_is_refused) {
  serve({.not_after_s = -3600});
  expect_refused("localhost", "expired");
  EXPECT_THAT(ask("localhost").error().message, Not(HasSubstr("ca_file"))) << "which would help nothing";
}

TEST_F(Tls, certificate_for_another_name_is_refused) {
  serve({.names = "DNS:other.test"});
  expect_refused("shop.test", "ostname mismatch");
}

TEST_F(Tls, certificate_for_another_address_is_refused) {
  serve({.names = "DNS:localhost,IP:127.0.0.2"});
  expect_refused("127.0.0.1", "IP address mismatch");
}

TEST_F(Tls, common_name_does_not_count_as_a_name) {
  serve({.names = "", .common_name = "shop.test"});
  expect_refused("shop.test", "ostname mismatch");
}

TEST_F(Tls, self_signed_certificate_is_refused) {
  serve({.self_signed = true});
  expect_refused("localhost", "self-signed");
  EXPECT_THAT(ask("localhost").error().message, HasSubstr("ca_file (--ca-file on the command line)"));
}

TEST_F(Tls, authority_that_is_not_trusted_is_refused) {
  Authority other;
  context_ = other.make_context();
  serve_with(context_.get());
  const auto result = ask("localhost");
  EXPECT_EQ(verdict(result), "tls/no");
  EXPECT_THAT(result.error().message, HasSubstr("not trusted"));
  EXPECT_THAT(result.error().message, HasSubstr("ca_file (--ca-file on the command line)"));
}

TEST_F(Tls, version_1_1_is_refused) {
  ASSERT_TRUE(lax_openssl);
  serve({.max_version = TLS1_1_VERSION});
  // What a client without a minimum of its own gets here.
  SSL_CTX* const lax = SSL_CTX_new(TLS_client_method());
  EXPECT_EQ(SSL_CTX_get_min_proto_version(lax), TLS1_VERSION);
  SSL_CTX_free(lax);
  expect_refused("localhost", "TLS");
}

TEST_F(Tls, version_1_2_is_accepted) {
  serve({.max_version = TLS1_2_VERSION});
  EXPECT_EQ(verdict(ask("localhost")), "200");
}

TEST_F(Tls, server_that_speaks_no_tls_is_refused) {
  server_ = std::make_unique<StubServer>([](Peer& peer) {
    peer.read_some();
    peer.answer("ok");
  });
  expect_refused("localhost", "TLS");
}

TEST_F(Tls, handshake_that_stalls_ends_with_the_connect_timeout) {
  server_ = std::make_unique<StubServer>([](Peer& peer) {
    while (!peer.read_some().empty()) {
    }
  });
  ClientOptions options = trusting();
  options.connect_timeout_ms = 50;
  Client client(options);
  EXPECT_EQ(verdict(fetch(client, post(url("localhost")))), "connect_timeout/no");
}

TEST_F(Tls, handshake_that_is_cut_off_is_tried_again_even_for_a_write) {
  std::atomic<int> count{0};
  context_ = authority_.make_context();
  server_ = std::make_unique<StubServer>([&](Peer& peer) {
    if (++count < 3) {
      peer.read_some();
      return;
    }
    if (!peer.secure(context_.get())) return;
    peer.read_request();
    peer.answer("ok");
  });
  Client client(trusting());
  EXPECT_EQ(verdict(fetch(client, post(url("localhost")), {10'000, false, 3})), "200");
  EXPECT_EQ(count, 3);
}

TEST_F(Tls, sessions_are_resumed_in_1_3) {
  close_each_ = true;
  serve();
  Client client(trusting());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200");
  EXPECT_EQ(server_->connections(), 5);
  EXPECT_EQ(resumed_, 4);
}

TEST_F(Tls, sessions_are_resumed_in_1_2) {
  close_each_ = true;
  serve({.max_version = TLS1_2_VERSION});
  Client client(trusting());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200");
  EXPECT_EQ(resumed_, 4);
}

TEST_F(Tls, sessions_are_not_shared_between_names) {
  close_each_ = true;
  serve({.names = "DNS:a.test,DNS:b.test"});
  Client client(trusting(), std::make_shared<HereResolver>());
  EXPECT_EQ(verdict(fetch(client, get(url("a.test")))), "200");
  EXPECT_EQ(verdict(fetch(client, get(url("b.test")))), "200");
  EXPECT_EQ(resumed_, 0);
}

TEST_F(Tls, connection_is_reused) {
  serve();
  Client client(trusting());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200");
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(Tls, answer_that_no_one_asked_for_is_never_the_next_request_s) {
  context_ = authority_.make_context();
  server_ = std::make_unique<StubServer>(
      [](Peer& peer) {
        if (peer.read_request().find("/second") != std::string::npos) {
          peer.answer("second");
          return;
        }
        // Two records that arrive in one piece.
        int on = 1;
        ::setsockopt(peer.socket(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
        peer.answer("first");
        peer.answer("forged");
        on = 0;
        ::setsockopt(peer.socket(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
        peer.read_request();
      },
      StubServer::Options{"127.0.0.1", 0, context_.get()});
  ClientOptions options = trusting();
  options.max_connections_per_origin = 1;  // the second waits for the first one's connection
  Client client(options);
  auto first = start(client, get(url("localhost") + "first"));
  auto second = start(client, get(url("localhost") + "second"));
  EXPECT_EQ(first.get()->body, "first");
  EXPECT_EQ(second.get()->body, "second");
  EXPECT_EQ(server_->connections(), 2);
}

TEST_F(Tls, bodies_larger_than_any_record_pass_both_ways) {
  context_ = authority_.make_context();
  server_ = std::make_unique<StubServer>(
      [](Peer& peer) {
        const std::string request = peer.read_request();
        peer.answer(request.substr(request.find("\r\n\r\n") + 4));
      },
      StubServer::Options{"127.0.0.1", 0, context_.get()});
  Client client(trusting());
  const std::string body(3 << 20, 'x');
  const auto result = fetch(client, post(url("localhost"), body));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(result->body == body);
}

TEST_F(Tls, body_that_ends_without_a_goodbye_is_truncated) {
  context_ = authority_.make_context();
  std::atomic<bool> polite = false;
  server_ = std::make_unique<StubServer>(
      [&](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
        if (polite) peer.finish();
      },
      StubServer::Options{"127.0.0.1", 0, context_.get()});
  Client client(trusting());
  EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "truncated/yes");
  polite = true;
  EXPECT_EQ(fetch(client, get(url("localhost")))->body, "to the end");
}

TEST_F(Tls, record_that_was_tampered_with_is_an_error) {
  context_ = authority_.make_context();
  server_ = std::make_unique<StubServer>(
      [&](Peer& peer) {
        peer.read_request();
        const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'a');
        ASSERT_EQ(::write(peer.socket(), forged.data(), forged.size()), 37);
        peer.read_some();
      },
      StubServer::Options{"127.0.0.1", 0, context_.get()});
  Client client(trusting());
  EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "tls/maybe");
}

TEST_F(Tls, system_store_is_what_ssl_cert_file_names) {
  serve();
  ::setenv("SSL_CERT_FILE", authority_.ca_file().c_str(), 1);
  {
    Client client({});
    EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200");
  }
  ::setenv("SSL_CERT_FILE", "/nonexistent.pem", 1);
  {
    Client client({});
    const Error error = fetch(client, get(url("localhost"))).error();
    EXPECT_EQ(error.code, "ca_file");
    EXPECT_EQ(error.message, "cannot read SSL_CERT_FILE /nonexistent.pem: No such file or directory");
  }
  ::unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace till::http
