// Promises of the plain values: what a request may hold, what a URL must be, what headers tell.
#include "core/http/message.h"

#include <gtest/gtest.h>

#include "core/http/target.h"

namespace till::http {
namespace {

Request request_to(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

TEST(Request, is_refused_when_its_url_could_mislead) {
  for (const char* url : {"",
                          "/pay",
                          "ftp://shop.example/",
                          "http://shop.example/",
                          "https://user@shop.example/",
                          "https://shop.example/#x",
                          "https://shop.example:0/",
                          "https://shop.example:65536/",
                          "https://shop.example/a b",
                          "https:///x",
                          "https:x",
                          "https://shop.example/\r\nX: y",
                          "https://sh%6fp.example/",
                          "https://[v1.x]/",
                          "https://.example/",
                          "http://127.0.0.1.example/",
                          "http://localhost.example/",
                          "http://127.1/",
                          "http://128.0.0.1/",
                          "http://[::2]/",
                          "https://[::1]x/",
                          "https://[::1/",
                          "https://a:1:2/",
                          "https://a:b/"}) {
    const Status status = check_request(request_to(url));
    ASSERT_FALSE(status.ok()) << url;
    EXPECT_EQ(status.error().kind, ErrorKind::kInvalidRequest) << url;
    EXPECT_EQ(status.error().field, "$.url") << url;
  }
  EXPECT_NE(check_request(request_to("https://user@shop.example/")).error().message.find("user info"),
            std::string::npos);
  EXPECT_FALSE(check_request(request_to("https://shop.example/" + std::string(20'000, 'a'))).ok());
}

TEST(Request, may_go_to_https_anywhere_and_to_plain_http_on_loopback) {
  for (const char* url : {"https://shop.example", "https://shop.example:8443/a?b=c&d=%20", "HTTPS://Shop.Example/",
                          "https://[2001:db8::1]/", "http://127.0.0.1:8080/x", "http://127.9.9.9/", "http://[::1]:1/",
                          "http://LOCALHOST/"}) {
    EXPECT_TRUE(check_request(request_to(url)).ok()) << url;
  }
}

TEST(Request, is_refused_when_a_part_could_smuggle_another_request) {
  auto with = [](Headers headers) {
    Request request = request_to("https://shop.example/");
    request.headers = std::move(headers);
    return check_request(request);
  };
  EXPECT_TRUE(with({{"X-Api-Key", "secret\t1"}, {"Accept", "\xc3\xa9"}}).ok());
  for (const Headers::Field& field : std::initializer_list<Headers::Field>{{"X", "a\r\nHost: evil.example"},
                                                                           {"X", "a\nb"},
                                                                           {"X", "a\rb"},
                                                                           {"X", std::string("a\0b", 3)},
                                                                           {"X", "\x7f"},
                                                                           {"X\r\nY", "a"},
                                                                           {"X:", "a"},
                                                                           {"", "a"},
                                                                           {"X Y", "a"},
                                                                           {"X", std::string(40'000, 'a')},
                                                                           {"Transfer-Encoding", "chunked"},
                                                                           {"connection", "close"},
                                                                           {"Content-Length", "7"},
                                                                           {"Proxy-Authorization", "a"}}) {
    const Status status = with({field});
    ASSERT_FALSE(status.ok()) << field.first;
    EXPECT_EQ(status.error().kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(status.error().message.find("evil"), std::string::npos) << "a message repeats a header's value";
  }
  EXPECT_FALSE(with({{"Host", "a"}, {"host", "b"}}).ok());
  Headers many;
  for (int i = 0; i < 200; ++i) many.add("X", "y");
  EXPECT_FALSE(with(many).ok());
}

TEST(Request, is_refused_when_its_method_is_no_token) {
  for (const char* method : {"", "GET /x HTTP/1.1\r\n", "G ET", "CONNECT", "TRACE"}) {
    Request request = request_to("https://shop.example/");
    request.method = method;
    EXPECT_FALSE(check_request(request).ok()) << method;
  }
}

TEST(Target, keeps_path_and_query_as_they_were_written) {
  const auto target = parse_target("https://Shop.Example:443/a%2Fb?q=%20&r");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->host, "shop.example");
  EXPECT_EQ(target->path, "/a%2Fb?q=%20&r");
  EXPECT_EQ(target->origin(), "https://shop.example");
  EXPECT_EQ(parse_target("https://10.0.0.1.shop.example:8443/x")->host, "10.0.0.1.shop.example");
  EXPECT_EQ(parse_target("https://shop.example?x=1")->path, "/?x=1");
  EXPECT_EQ(parse_target("https://[2001:DB8::1]:8443/")->origin(), "https://[2001:db8::1]:8443");
}

TEST(Headers, compare_names_without_case) {
  Headers headers{{"A", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(headers.find("a"), "1");
  EXPECT_EQ(headers.find("B"), "2");
  EXPECT_EQ(headers.find("c"), std::nullopt);
  headers.set("a", "4");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.find("A"), "4");
}

TEST(Hints, read_retry_after_as_seconds_and_as_a_date) {
  constexpr std::int64_t kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110, 5.6.7
  auto retry_after = [](const char* value) { return read_hints({{"retry-after", value}}, kNow).retry_after_ms; };
  EXPECT_EQ(retry_after("120"), 120'000);
  EXPECT_EQ(retry_after("1.5"), 1'000);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:47 GMT"), 10'000);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:27 GMT"), 0);
  for (const char* bad : {"", "-1", "soon", "1x", "99999999999999999999", "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 CET"}) {
    EXPECT_EQ(retry_after(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(read_hints({{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}, 0).date_ms, kNow);
}

TEST(Hints, read_counts_that_are_whole_numbers) {
  const Headers headers{{"x-remaining", " 7 "}, {"X-Limit", "12.5"}, {"X-Bad", "-1"}, {"X-Word", "many"}};
  EXPECT_EQ(read_count(headers, "X-Remaining"), 7);
  EXPECT_EQ(read_count(headers, "X-Limit"), 12);
  for (const char* name : {"X-Bad", "X-Word", "X-None"}) EXPECT_EQ(read_count(headers, name), std::nullopt) << name;
}

}  // namespace
}  // namespace till::http
