// What the server promises to honest clients: requests as they came, answers in order, from any thread.
#include "tests/http/server_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "core/http/listener.h"
#include "tests/http/fetch.h"

namespace till::http {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

TEST_F(ServerTest, request_arrives_as_it_was_sent) {
  InboundRequest got;
  open({}, [&](InboundRequest request, const Respond& respond) {
    got = std::move(request);
    respond(answer_with("ok"));
  });
  EXPECT_EQ(status_of(ask("POST /hook/a%20b?x=1&y HTTP/1.1\r\nHost: shop\r\nX-B: 2\r\nx-a:  1 \r\nX-B: 3\r\n"
                          "Content-Length: 5\r\n\r\na\0\r\n\xff"s)),
            200);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, "/hook/a%20b?x=1&y");
  EXPECT_EQ(got.body, "a\0\r\n\xff"s);
  EXPECT_EQ(got.peer, "127.0.0.1");
  EXPECT_FALSE(got.secure);
  EXPECT_THAT(std::vector<Headers::Field>(got.headers.begin(), got.headers.end()),
              ElementsAre(Pair("Host", "shop"), Pair("X-B", "2"), Pair("x-a", "1"), Pair("X-B", "3"),
                          Pair("Content-Length", "5")));
}

TEST_F(ServerTest, answer_has_length_date_and_its_own_headers) {
  ServerOptions options;
  options.clock = std::make_shared<ManualClock>(784'111'777'000);
  open(options, [](const InboundRequest&, const Respond& respond) {
    Response response = answer_with("body", 201);
    response.headers.add("Content-Type", "text/plain");
    respond(response);
  });
  EXPECT_EQ(ask(kGet),
            "HTTP/1.1 201 Created\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
            "Content-Length: 4\r\n\r\nbody");
}

TEST_F(ServerTest, one_connection_serves_many_requests) {
  open();
  Caller caller = call();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(caller.send("POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb"));
    EXPECT_EQ(body_of(caller.read_answer()), "POST /" + std::to_string(i) + " 1:b");
  }
  EXPECT_EQ(server_->counts().accepted, 1u);
  EXPECT_EQ(server_->counts().requests, 3u);
}

TEST_F(ServerTest, requests_sent_ahead_are_answered_in_their_order) {
  std::vector<Respond> waiting;
  Signal first;
  open({}, [&](const InboundRequest& request, const Respond& respond) {
    if (request.target != "/1") return respond(answer_with(request.target));
    waiting.push_back(respond);
    first.give();
  });
  Caller caller = call();
  caller.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(first.wait());
  EXPECT_EQ(server_->counts().requests, 1u) << "the second waits for the first";
  waiting[0](answer_with("/1"));
  EXPECT_EQ(body_of(caller.read_answer()), "/1");
  EXPECT_EQ(body_of(caller.read_answer()), "/2");
}

TEST_F(ServerTest, connection_ends_when_the_client_says_so) {
  open();
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    Caller caller = call();
    caller.send(request);
    EXPECT_THAT(caller.read_answer(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(caller.is_closed());
  }
}

TEST_F(ServerTest, client_that_sends_no_more_still_gets_its_answer) {
  open();
  Caller caller = call();
  caller.send(kGet);
  caller.finish();
  EXPECT_EQ(status_of(caller.read_answer()), 200);
  EXPECT_TRUE(caller.is_closed());
}

TEST_F(ServerTest, chunks_become_one_body_and_trailers_go) {
  InboundRequest got;
  open({}, [&](InboundRequest request, const Respond& respond) {
    got = std::move(request);
    respond(answer_with("ok"));
  });
  Caller caller = call();
  caller.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n");
  caller.send("0\r\nX-Trailer: t\r\n\r\n");
  EXPECT_EQ(status_of(caller.read_answer()), 200);
  EXPECT_EQ(got.body, "abc0123456789");
  EXPECT_FALSE(got.headers.find("X-Trailer"));
  caller.send(kGet);
  EXPECT_EQ(status_of(caller.read_answer()), 200) << "the next request begins where the trailer ended";
}

TEST_F(ServerTest, request_cut_anywhere_is_the_same) {
  open();
  Caller caller = call();
  const std::string request =
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  for (const char byte : request) ASSERT_TRUE(caller.send({&byte, 1}));
  EXPECT_EQ(body_of(caller.read_answer()), "POST /x 11:hello world");
}

TEST_F(ServerTest, expectation_is_met_before_the_body_comes) {
  open();
  Caller caller = call();
  caller.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(caller.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  caller.send("ab");
  EXPECT_EQ(body_of(caller.read_answer()), "POST /x 2:ab");
}

TEST_F(ServerTest, body_that_came_at_once_is_not_asked_for) {
  open();
  EXPECT_EQ(status_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab")), 200);
}

TEST_F(ServerTest, too_large_body_is_refused_instead_of_asked_for) {
  ServerOptions options;
  options.request.body_bytes = 10;
  open(options);
  EXPECT_EQ(status_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")), 413);
}

TEST_F(ServerTest, head_gets_the_header_only) {
  open();
  Caller caller = call();
  caller.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(caller.read_answer(true), HasSubstr("\r\nContent-Length: 10\r\n\r\n"));
  caller.send(kGet);
  EXPECT_THAT(caller.read_answer(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, status_without_body_has_no_length) {
  open({}, [](const InboundRequest&, const Respond& respond) { respond(answer_with("", 204)); });
  EXPECT_THAT(ask(kGet), Not(HasSubstr("Content-Length")));
}

TEST_F(ServerTest, absolute_target_loses_its_origin) {
  open();
  EXPECT_EQ(body_of(ask("GET http://shop.example/a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n")), "GET /a?b 0:");
  EXPECT_EQ(body_of(ask("GET HTTPS://shop.example HTTP/1.1\r\nHost: shop.example\r\n\r\n")), "GET / 0:");
  EXPECT_EQ(body_of(ask("GET http://shop.example?q HTTP/1.1\r\nHost: shop.example\r\n\r\n")), "GET /?q 0:");
}

TEST_F(ServerTest, one_empty_line_before_a_request_is_forgiven) {
  open();
  EXPECT_EQ(status_of(ask("\r\n"s + kGet)), 200);
  EXPECT_EQ(status_of(ask("\r\n\r\n"s + kGet)), 400);
}

TEST_F(ServerTest, answer_may_come_later_from_any_thread) {
  std::vector<std::thread> threads;
  open({}, [&](const InboundRequest& request, const Respond& respond) {
    threads.emplace_back([text = seen(request), respond] { respond(answer_with(text)); });
  });
  std::vector<Caller> callers;
  for (int i = 0; i < 20; ++i) callers.push_back(call());
  for (Caller& caller : callers) caller.send(kGet);
  for (Caller& caller : callers) EXPECT_EQ(status_of(caller.read_answer()), 200);
  server_.reset();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ServerTest, only_the_first_answer_counts) {
  open({}, [](const InboundRequest&, const Respond& respond) {
    respond(answer_with("first"));
    respond(answer_with("second"));
  });
  Caller caller = call();
  for (int i = 0; i < 2; ++i) {
    caller.send(kGet);
    EXPECT_EQ(body_of(caller.read_answer()), "first");
  }
}

TEST_F(ServerTest, answer_that_is_never_given_is_a_500) {
  open({}, [](const InboundRequest&, const Respond&) {});
  EXPECT_EQ(status_of(ask(kGet)), 500);
}

TEST_F(ServerTest, handler_that_throws_is_a_500) {
  open({}, [](const InboundRequest&, const Respond&) { throw std::runtime_error("secret"); });
  const std::string answer = ask(kGet);
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
}

TEST_F(ServerTest, header_that_could_smuggle_is_not_sent) {
  open({}, [](const InboundRequest&, const Respond& respond) {
    Response response = answer_with("ok");
    response.headers.add("Location", "/\r\nSet-Cookie: a=b");
    respond(response);
  });
  const std::string answer = ask(kGet);
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST_F(ServerTest, answer_after_the_end_harms_nobody) {
  std::optional<Respond> kept;
  Signal came;
  open({}, [&](const InboundRequest&, const Respond& respond) {
    kept = respond;
    came.give();
  });
  Caller caller = call();
  caller.send(kGet);
  ASSERT_TRUE(came.wait());
  EXPECT_FALSE(server_->close(0));
  server_.reset();
  (*kept)(answer_with("late"));
  EXPECT_TRUE(caller.is_closed());
}

TEST_F(ServerTest, several_addresses_and_ipv6) {
  ServerOptions options;
  options.listen = {{"127.0.0.1:0"}, {"[::1]:0"}};
  open(options, [](const InboundRequest& request, const Respond& respond) {
    respond(answer_with(std::to_string(request.listener) + " " + request.peer));
  });
  for (const auto& [index, expected] : {std::pair(0, "0 127.0.0.1"), std::pair(1, "1 ::1")}) {
    Caller caller(address(static_cast<std::size_t>(index)));
    caller.send(kGet);
    EXPECT_EQ(body_of(caller.read_answer()), expected);
  }
}

// Unix sockets.

class UnixServer : public ServerTest {
 protected:
  UnixServer() {
    std::string name = testing::TempDir() + "till-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/api.sock";
  }
  ~UnixServer() override { std::filesystem::remove_all(folder_); }

  void open_unix() {
    ServerOptions options;
    options.listen = {{"unix:" + path_}};
    open(options, [](const InboundRequest& request, const Respond& respond) { respond(answer_with(request.peer)); });
  }

  std::string folder_, path_;
};

TEST_F(UnixServer, serves_its_owner_only) {
  open_unix();
  EXPECT_EQ(address(), "unix:" + path_);
  EXPECT_EQ(body_of(ask(kGet)), "unix");
  struct stat file {};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600u);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixServer, replaces_the_socket_of_a_process_that_died) {
  {
    auto left = Listener::open("unix:" + path_);
    ASSERT_TRUE(left.ok());
    std::filesystem::rename(path_, path_ + ".kept");  // so that its end does not remove it
  }
  std::filesystem::rename(path_ + ".kept", path_);
  open_unix();
  EXPECT_EQ(body_of(ask(kGet)), "unix");
}

TEST_F(UnixServer, leaves_alone_what_another_process_uses) {
  open_unix();
  const auto second = Listener::open("unix:" + path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "listen");
  EXPECT_EQ(body_of(ask(kGet)), "unix");
}

TEST_F(UnixServer, leaves_alone_a_file_that_is_no_socket) {
  std::ofstream(path_) << "precious";
  EXPECT_FALSE(Listener::open("unix:" + path_).ok());
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(UnixServer, end_leaves_the_socket_of_a_successor) {
  open_unix();
  const auto first = std::move(server_);
  std::filesystem::remove(path_);
  open_unix();
  first->close(0);
  EXPECT_EQ(body_of(ask(kGet)), "unix");
}

TEST(Listener, what_is_no_address_is_refused) {
  for (const char* bad : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:80x", "::1:80",
                          "[::1]80", "shop.example:80", "unix:", "unix:relative",
                          "unix:/"
                          "0123456789012345678901234567890123456789"
                          "0123456789012345678901234567890123456789012345678901234567890123456789"}) {
    const auto checked = Listener::check(bad);
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_EQ(checked.error().code, "listen");
    EXPECT_EQ(checked.error().kind, ErrorKind::kConfiguration);
  }
  for (const char* good : {"127.0.0.1:0", "0.0.0.0:80", "[::]:443", "localhost:8080", "unix:/run/a.sock"})
    EXPECT_TRUE(Listener::check(good).ok()) << good;
}

TEST_F(ServerTest, address_in_use_says_which) {
  open();
  ServerOptions options;
  options.listen = {{"127.0.0.1:0"}, {address()}};
  const auto second = Server::open(options, [](const InboundRequest&, const Respond&) {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().field, "listen[1].address");
  EXPECT_THAT(second.error().message, HasSubstr(address()));
}

// TLS.

class TlsServer : public ServerTest {
 protected:
  void open_tls(ServerOptions options = {}) {
    options.listen = {{"127.0.0.1:0", authority_.cert_file(), authority_.key_file()}};
    open(options, [](const InboundRequest& request, const Respond& respond) {
      respond(answer_with(std::to_string(request.secure) + " " + std::to_string(request.body.size())));
    });
  }
  std::string url() const { return "https://" + address() + "/"; }
  // What a client gets that trusts this authority alone.
  std::string verdict_of(const Authority& trusted) const {
    ClientOptions options;
    options.ca_file = trusted.ca_file();
    Client client(options);
    return verdict(fetch(client, post(url())));
  }
  static void copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  }

  static void write_key(const std::string& path, EVP_PKEY* key, const char* passphrase) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : nullptr, nullptr, 0, nullptr,
                         const_cast<char*>(passphrase));
    std::fclose(file);
  }

  Authority authority_;
};

TEST_F(TlsServer, client_that_verifies_is_served) {
  open_tls();
  ClientOptions options;
  options.ca_file = authority_.ca_file();
  Client client(options);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1'000'000}}) {
    const auto response = fetch(client, post(url(), std::string(size, 'x')));
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->body, "1 " + std::to_string(size));
  }
  EXPECT_EQ(server_->counts().accepted, 1u);
}

TEST_F(TlsServer, plain_request_is_refused) {
  open_tls();
  Caller caller = call();
  caller.send(kGet);
  EXPECT_THAT(caller.read_all(), Not(HasSubstr("HTTP/1.1 200")));
  EXPECT_TRUE(eventually([&] { return refusals() == std::vector<std::string>{"0 tls"}; }));
}

TEST_F(TlsServer, tls_1_1_is_refused) {
  open_tls();
  Caller caller = call();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), caller.socket());
  EXPECT_NE(SSL_connect(ssl.get()), 1);
}

TEST_F(TlsServer, handshake_that_stalls_is_ended) {
  ServerOptions options;
  options.header_timeout_ms = 50;
  open_tls(options);
  Caller caller = call();
  caller.send("\x16\x03\x01");
  EXPECT_EQ(caller.read_all(), "");
  EXPECT_TRUE(eventually([&] { return refusals() == std::vector<std::string>{"0 tls_timeout"}; }));
}

TEST_F(TlsServer, files_that_do_not_fit_are_refused) {
  const Authority other, rsa, locked, empty;
  EVP_PKEY* const key_of_another_kind = EVP_RSA_gen(2048);
  write_key(rsa.key_file(), key_of_another_kind, nullptr);
  write_key(locked.key_file(), key_of_another_kind, "a passphrase");
  EVP_PKEY_free(key_of_another_kind);
  std::ofstream(empty.key_file()) << "no key";
  const std::string good = authority_.cert_file(), good_key = authority_.key_file();
  for (const auto& [cert, key, field, why] :
       {std::tuple("/nowhere"s, good_key, "listen[0].cert_file", "cannot read cert_file /nowhere: "),
        std::tuple(good_key, good_key, "listen[0].cert_file", "is no PEM file of certificates"),
        std::tuple(good, "/nowhere"s, "listen[0].key_file", "cannot read key_file /nowhere: "),
        std::tuple(good, empty.key_file(), "listen[0].key_file", "is no PEM file of a private key"),
        std::tuple(good, locked.key_file(), "listen[0].key_file", "has a passphrase"),
        std::tuple(good, rsa.key_file(), "listen[0].key_file", "is not the key of the certificate in "),
        std::tuple(good, other.key_file(), "listen[0].key_file", "is not the key of the certificate in ")}) {
    ServerOptions options;
    options.listen = {{"127.0.0.1:0", cert, key}};
    const auto opened = Server::open(options, [](const InboundRequest&, const Respond&) {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().field, field);
    EXPECT_THAT(opened.error().message, testing::HasSubstr(why));
  }
}

TEST_F(TlsServer, certificate_that_was_replaced_is_shown_to_new_connections_and_old_ones_go_on) {
  open_tls();
  ClientOptions options;
  options.ca_file = authority_.ca_file();
  Client old(options);
  EXPECT_EQ(verdict(fetch(old, post(url()))), "200");
  const Authority other;
  copy(other.cert_file(), authority_.cert_file());
  copy(other.key_file(), authority_.key_file());
  EXPECT_EQ(verdict_of(other), "tls/no") << "nobody has read it yet";

  EXPECT_THAT(server_->reload_certificates(), testing::IsEmpty());
  EXPECT_EQ(verdict_of(other), "200");
  EXPECT_EQ(verdict_of(authority_), "tls/no");
  const auto accepted = server_->counts().accepted;
  EXPECT_EQ(verdict(fetch(old, post(url()))), "200");
  EXPECT_EQ(server_->counts().accepted, accepted) << "over the connection that was there";
}

TEST_F(TlsServer, certificate_that_was_replaced_by_something_wrong_stays_as_it_was) {
  open_tls();
  const Authority other;
  copy(other.key_file(), authority_.key_file());
  auto errors = server_->reload_certificates();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].field, "listen[0].key_file");
  EXPECT_EQ(verdict_of(authority_), "200");
  std::ofstream(authority_.cert_file()) << "no certificate";
  errors = server_->reload_certificates();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].field, "listen[0].cert_file");
  EXPECT_EQ(verdict_of(authority_), "200");
}

// The end.

TEST_F(ServerTest, close_lets_what_is_under_way_finish) {
  std::optional<Respond> kept;
  Signal came;
  open({}, [&](const InboundRequest&, const Respond& respond) {
    kept = respond;
    came.give();
  });
  Caller busy = call(), idle = call();
  busy.send(kGet);
  ASSERT_TRUE(came.wait());
  std::thread closing([&] { EXPECT_TRUE(server_->close(10'000)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(Caller().connect(address())) << "no one is let in any more";
  (*kept)(answer_with("done"));
  const std::string answer = busy.read_answer();
  EXPECT_EQ(body_of(answer), "done");
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  closing.join();
}

TEST_F(ServerTest, close_reads_a_request_that_has_begun) {
  open();
  Caller caller = call();
  caller.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  Caller idle = call();
  ASSERT_TRUE(eventually([&] { return server_->counts().open == 2; }));
  caller.send("");
  std::thread closing([&] { EXPECT_TRUE(server_->close(10'000)); });
  EXPECT_TRUE(idle.is_closed());
  caller.send("b");
  EXPECT_EQ(body_of(caller.read_answer()), "POST /x 2:ab");
  closing.join();
}

TEST_F(ServerTest, close_serves_what_has_come_already) {
  open();
  std::vector<Caller> callers;
  for (int i = 0; i < 10; ++i) {
    callers.push_back(call());
    callers.back().send(kGet);
  }
  EXPECT_TRUE(server_->close(10'000));
  for (Caller& caller : callers) EXPECT_EQ(status_of(caller.read_answer()), 200);
}

TEST_F(ServerTest, close_cuts_off_what_takes_too_long) {
  std::optional<Respond> kept;
  Signal came;
  open({}, [&](const InboundRequest&, const Respond& respond) {
    kept = respond;
    came.give();
  });
  Caller caller = call();
  caller.send(kGet);
  ASSERT_TRUE(came.wait());
  EXPECT_FALSE(server_->close(20));
  EXPECT_TRUE(caller.is_closed());
  EXPECT_TRUE(server_->close(20)) << "a second time there is nothing to do";
}

}  // namespace
}  // namespace till::http
