// Promises about the way to a server: names, addresses, proxies.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <latch>

#include "core/http/proxy.h"
#include "core/http/resolver.h"
#include "tests/http/fetch.h"
#include "tests/http/stub_server.h"

namespace {

std::atomic<int> names_asked{0};

}  // namespace

// In place of the C library's, for this program, so that no test asks a name server.
extern "C" int getaddrinfo(const char* host, const char*, const addrinfo*, addrinfo** found) {
  ++names_asked;
  *found = nullptr;
  return std::string_view(host) == "again.test" ? EAI_AGAIN : EAI_NONAME;
}

namespace till::http {
namespace {

using testing::HasSubstr;
using testing::Not;

class FakeResolver final : public Resolver {
 public:
  using Answer = std::function<Result<std::vector<std::string>>(const std::string&)>;
  explicit FakeResolver(Answer answer) : answer_(std::move(answer)) {}
  Result<std::vector<std::string>> resolve(const std::string& host) override {
    ++asked;
    return answer_(host);
  }
  std::atomic<int> asked{0};

 private:
  Answer answer_;
};

std::shared_ptr<FakeResolver> always(std::vector<std::string> addresses) {
  return std::make_shared<FakeResolver>([addresses](const std::string&) { return addresses; });
}

class Route : public testing::Test {
 protected:
  void serve(const std::string& address = "127.0.0.1") {
    server_ = std::make_unique<StubServer>(
        [](Peer& peer) {
          while (!peer.read_request().empty() && peer.answer("ok")) {
          }
        },
        StubServer::Options{address, 0, context_.get()});
  }
  std::string url(const std::string& host) { return "https://" + host + ":" + std::to_string(server_->port()) + "/"; }
  ClientOptions trusting() {
    ClientOptions options;
    options.ca_file = authority_.ca_file();
    return options;
  }

  Authority authority_;
  std::shared_ptr<SSL_CTX> context_ =
      authority_.make_context({.names = "DNS:shop.test,DNS:www.shop.test,DNS:localhost"});
  std::unique_ptr<StubServer> server_;
};

TEST_F(Route, ipv6_literal_is_reached) {
  StubServer server(
      [](Peer& peer) {
        peer.read_request();
        peer.answer("ok");
      },
      {"::1", 0, nullptr});
  Client client({});
  EXPECT_EQ(verdict(fetch(client, get(server.url()))), "200");
}

TEST_F(Route, localhost_is_reached_on_either_family_without_asking_a_resolver) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    serve(address);
    const auto resolver = always({"192.0.2.1"});
    Client client(trusting(), resolver);
    EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200") << address;
    EXPECT_EQ(resolver->asked, 0);
  }
}

TEST_F(Route, address_that_refuses_is_passed_over) {
  serve("127.0.0.1");
  Client client(trusting(), always({"127.0.0.2", "::1", "127.0.0.1"}));
  EXPECT_EQ(verdict(fetch(client, get(url("shop.test")))), "200");
}

// A listener whose queue is full: connecting to it hangs, as to a machine that is gone.
class BlackHole {
 public:
  BlackHole(const std::string& address, int port) {
    int bound = 0;
    listener_ = listen_on(address, port, 0, &bound);
    for (int i = 0; i < 8; ++i) {
      const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_storage name{};
      socklen_t size = sizeof name;
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size);
      ::connect(filler, reinterpret_cast<sockaddr*>(&name), size);
      fillers_.push_back(filler);
    }
  }
  ~BlackHole() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }

 private:
  int listener_;
  std::vector<int> fillers_;
};

TEST_F(Route, dead_first_address_does_not_eat_the_deadline) {
  serve("127.0.0.1");
  const BlackHole hole("127.0.0.2", server_->port());
  Client client(trusting(), always({"127.0.0.2", "127.0.0.1"}));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(verdict(fetch(client, get(url("shop.test")), once(5'000))), "200");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(Route, dead_only_address_ends_with_the_connect_timeout_as_not_sent) {
  serve("127.0.0.1");
  const BlackHole hole("127.0.0.2", server_->port());
  ClientOptions options = trusting();
  options.connect_timeout_ms = 60;
  Client client(options, always({"127.0.0.2"}));
  EXPECT_EQ(verdict(fetch(client, post(url("shop.test")))), "connect_timeout/no");
  EXPECT_EQ(verdict(fetch(client, post(url("shop.test")), once(20))), "timeout/no");
}

TEST_F(Route, unknown_name_is_a_typed_error) {
  serve();
  const auto resolver = std::make_shared<FakeResolver>([](const std::string&) -> Result<std::vector<std::string>> {
    return Error{ErrorKind::kTransport, "resolve", "no such host"};
  });
  Client client(trusting(), resolver);
  EXPECT_EQ(verdict(fetch(client, post(url("shop.test")))), "resolve/no");
  Client empty(trusting(), always({}));
  EXPECT_EQ(verdict(fetch(empty, post(url("shop.test")))), "resolve/no");
}

TEST_F(Route, name_server_that_cannot_be_asked_is_asked_again_even_for_a_write) {
  serve();
  Client client(trusting());
  names_asked = 0;
  const auto again = fetch(client, post(url("again.test")), {10'000, false, 3});
  EXPECT_EQ(verdict(again), "resolve/no");
  EXPECT_TRUE(again.error().retryable);
  EXPECT_EQ(names_asked, 3);
  const auto unknown = fetch(client, post(url("unknown.test")), {10'000, false, 3});
  EXPECT_EQ(verdict(unknown), "resolve/no");
  EXPECT_FALSE(unknown.error().retryable);
  EXPECT_EQ(names_asked, 4);
}

TEST_F(Route, look_up_without_a_thread_is_an_error_and_the_next_one_works) {
  serve();
  Client client(trusting(), always({"127.0.0.1"}));
  std::promise<Result<Response>> ended;
  std::unique_ptr<NoThreads> none;
  on_clients_thread(client, [&] {
    none = std::make_unique<NoThreads>();
    client.send(post(url("shop.test")), once(), [&](Result<Response> result) {
      none.reset();
      ended.set_value(std::move(result));
    });
  });
  const auto result = ended.get_future().get();
  EXPECT_EQ(verdict(result), "resolve/no");
  EXPECT_TRUE(result.ok() || result.error().retryable);
  EXPECT_EQ(verdict(fetch(client, post(url("shop.test")))), "200");
}

TEST_F(Route, slow_name_delays_no_other) {
  serve();
  Signal asked, release;
  const auto resolver = std::make_shared<FakeResolver>([&](const std::string& host) {
    if (host == "www.shop.test") {
      asked.give();
      release.wait();
    }
    return std::vector<std::string>{"127.0.0.1"};
  });
  Client client(trusting(), resolver);
  auto slow = start(client, get(url("www.shop.test")));
  ASSERT_TRUE(asked.wait());
  EXPECT_EQ(verdict(fetch(client, get(url("shop.test")))), "200");
  EXPECT_NE(slow.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  release.give();
  EXPECT_EQ(verdict(slow.get()), "200");
}

TEST_F(Route, look_up_that_hangs_ends_with_the_connect_timeout_and_does_not_hold_up_the_end) {
  serve();
  auto release = std::make_shared<Signal>();
  const auto resolver = std::make_shared<FakeResolver>([release](const std::string&) {
    release->wait();
    return std::vector<std::string>{"127.0.0.1"};
  });
  {
    ClientOptions options = trusting();
    options.connect_timeout_ms = 30;
    Client client(options, resolver);
    EXPECT_EQ(verdict(fetch(client, get(url("shop.test")))), "connect_timeout/no");
    start(client, get(url("shop.test")));
  }
  release->give();
}

// A proxy that tunnels every name to `server`, and remembers what it was asked.
class TunnelProxy {
 public:
  explicit TunnelProxy(int to_port, std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n")
      : server_([this, to_port, answer = std::move(answer)](Peer& peer) { serve(peer, to_port, answer); }) {}

  std::string url(const std::string& credentials = "") const {
    return "http://" + credentials + "127.0.0.1:" + std::to_string(server_.port());
  }
  int connections() const { return server_.connections(); }
  std::string asked;

 private:
  void serve(Peer& peer, int to_port, const std::string& answer) {
    asked = peer.read_request();
    peer.send(answer);
    if (answer.find(" 200 ") == std::string::npos) return;
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(static_cast<std::uint16_t>(to_port));
    ::connect(other, reinterpret_cast<sockaddr*>(&name), sizeof name);
    relay(peer.socket(), other);
    ::close(other);
  }

  static void relay(int one, int other) {
    pollfd ends[2] = {{one, POLLIN, 0}, {other, POLLIN, 0}};
    std::vector<char> bytes(16 * 1024);
    while (::poll(ends, 2, 10'000) > 0) {
      for (int i = 0; i < 2; ++i) {
        if (ends[i].revents == 0) continue;
        const auto got = ::recv(ends[i].fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) return;
        ::send(ends[1 - i].fd, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      }
    }
  }

  StubServer server_;
};

class Proxied : public Route {
 protected:
  void SetUp() override { serve(); }

  Result<Response> ask(const std::string& proxy, const std::string& no_proxy = "") {
    ClientOptions options = trusting();
    options.proxy = proxy;
    options.no_proxy = no_proxy;
    Client client(options, always({"127.0.0.1"}));
    return fetch(client, get(url("shop.test")));
  }
};

TEST_F(Proxied, request_goes_through_a_tunnel_that_sees_only_the_host) {
  TunnelProxy proxy(server_->port());
  EXPECT_EQ(verdict(ask(proxy.url())), "200");
  const std::string authority = "shop.test:" + std::to_string(server_->port());
  EXPECT_EQ(proxy.asked, "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
}

TEST_F(Proxied, credentials_of_the_url_go_to_the_proxy) {
  TunnelProxy proxy(server_->port());
  EXPECT_EQ(verdict(ask(proxy.url("user:p%40ss@"))), "200");
  EXPECT_THAT(proxy.asked, HasSubstr("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"));
}

TEST_F(Proxied, proxy_that_wants_credentials_is_a_typed_error_and_nothing_was_sent) {
  TunnelProxy proxy(server_->port(), "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlogin");
  const auto result = ask(proxy.url("user:hush@"));
  EXPECT_EQ(verdict(result), "proxy/no");
  EXPECT_THAT(result.error().message, HasSubstr("407"));
  EXPECT_THAT(result.error().message, Not(HasSubstr("hush")));
  EXPECT_FALSE(result.error().retryable);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(Proxied, proxy_that_refuses_is_a_typed_error) {
  TunnelProxy forbidden(server_->port(), "HTTP/1.1 403 Forbidden\r\n\r\n");
  EXPECT_EQ(verdict(ask(forbidden.url())), "proxy/no");
  TunnelProxy silent(server_->port(), "");
  EXPECT_EQ(verdict(ask(silent.url())), "proxy/no");
  TunnelProxy babbling(server_->port(), "hello\r\n\r\n");
  EXPECT_EQ(verdict(ask(babbling.url())), "proxy/no");
}

TEST_F(Proxied, proxy_cannot_slip_in_an_answer_before_the_tunnel_is_secure) {
  TunnelProxy proxy(server_->port(),
                    "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(verdict(ask(proxy.url())), "proxy/no");
}

TEST_F(Proxied, certificate_is_verified_inside_of_the_tunnel) {
  const auto other = authority_.make_context({.names = "DNS:other.test"});
  StubServer impostor([](Peer& peer) { peer.read_request(); }, {"127.0.0.1", 0, other.get()});
  TunnelProxy proxy(impostor.port());
  EXPECT_EQ(verdict(ask(proxy.url())), "tls/no");
}

TEST_F(Proxied, hosts_in_no_proxy_go_direct) {
  TunnelProxy proxy(server_->port());
  EXPECT_EQ(verdict(ask(proxy.url(), "other.test, .shop.test")), "200");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(Proxied, loopback_goes_direct) {
  TunnelProxy proxy(server_->port());
  ClientOptions options = trusting();
  options.proxy = proxy.url();
  Client client(options);
  EXPECT_EQ(verdict(fetch(client, get(url("localhost")))), "200");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(Proxied, environment_names_the_proxy_when_the_options_do_not) {
  ::setenv("https_proxy", "http://env.test:3128", 1);
  ::setenv("NO_PROXY", "a.test", 1);
  ClientOptions options;
  apply_environment(options);
  EXPECT_EQ(options.proxy, "http://env.test:3128");
  EXPECT_EQ(options.no_proxy, "a.test");
  options.proxy = "http://mine.test:1";
  apply_environment(options);
  EXPECT_EQ(options.proxy, "http://mine.test:1");
  ::unsetenv("https_proxy");
  ::unsetenv("NO_PROXY");
}

TEST_F(Proxied, proxy_url_that_is_not_understood_is_a_configuration_error) {
  for (const char* bad : {"socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://a:0", "http://a b"}) {
    const auto result = ask(bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_EQ(result.error().kind, ErrorKind::kConfiguration) << bad;
    EXPECT_EQ(result.error().code, "proxy") << bad;
  }
}

TEST(ProxyRule, covers_hosts_subdomains_ports_and_everything) {
  auto direct = [](const char* no_proxy, const char* url) {
    return ProxyRule::make("proxy.test:3128", no_proxy)->for_target(*parse_target(url)) == nullptr;
  };
  EXPECT_FALSE(direct("", "https://shop.test/"));
  EXPECT_TRUE(direct("*", "https://shop.test/"));
  for (const char* entry : {"shop.test", ".shop.test", "*.shop.test", "SHOP.test", " x.y ,shop.test "}) {
    EXPECT_TRUE(direct(entry, "https://shop.test/")) << entry;
    EXPECT_TRUE(direct(entry, "https://www.shop.test/")) << entry;
    EXPECT_FALSE(direct(entry, "https://myshop.test/")) << entry;
    EXPECT_FALSE(direct(entry, "https://shop.test.evil/")) << entry;
  }
  EXPECT_TRUE(direct("shop.test:8443", "https://shop.test:8443/"));
  EXPECT_FALSE(direct("shop.test:8443", "https://shop.test/"));
  EXPECT_TRUE(direct("[2001:db8::1]", "https://[2001:db8::1]/"));
  EXPECT_TRUE(direct("10.0.0.1", "https://10.0.0.1/"));
}

}  // namespace
}  // namespace till::http
