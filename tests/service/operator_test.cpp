// The operator's pages: behind the token, safe from other sites, and what they show.
#include "core/service/login_limit.h"
#include "tests/service/service_fixture.h"

namespace till::service {
namespace {

using http::body_of;
using http::status_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OperatorTest : public ServiceTest {
 protected:
  static std::string header(const std::string& answer, std::string_view name) {
    const auto at = answer.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + 4 + name.size();
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
  }

  void sign_in() {
    const std::string answer = ask(api_address(), "POST /operator/login", "token=" + std::string(kToken));
    ASSERT_EQ(status_of(answer), 303) << answer;
    cookie_ = header(answer, "Set-Cookie");
    cookie_ = cookie_.substr(0, cookie_.find(';'));
  }
  std::string visit(std::string_view path) const {
    return ask_with(api_address(), "GET " + std::string(path), "Cookie: a=b; " + cookie_ + "\r\n");
  }
  std::string post(std::string_view path, std::string_view form) const {
    return ask_with(api_address(), "POST " + std::string(path), "Cookie: " + cookie_ + "\r\n", form);
  }
  std::string form_token() const {
    const std::string page = visit("/operator/inbox");
    const auto at = page.find("name=\"token\" value=\"") + 20;
    return page.substr(at, page.find('"', at) - at);
  }
  // Makes the newest event a dead letter, and returns its id.
  std::string bury() const {
    const auto book = store();
    const auto taken = book->take_events({.now_ms = SystemClock().now_ms() + 1000, .lease_until = kFar, .lease = "l"});
    EXPECT_TRUE(taken.ok() && !taken->empty());
    EXPECT_TRUE(
        book->settle_event(taken->front().event.id, "l", EventState::kDead, 0, "<b>broken</b> " + std::string(kKey))
            .value());
    return taken->front().event.id;
  }
  static constexpr UnixMillis kFar = 4'000'000'000'000;

  std::string cookie_;
};

TEST_F(OperatorTest, pages_are_behind_the_token) {
  open();
  for (const char* path : {"/operator/", "/operator/payments", "/operator/payments/pay_1", "/operator/inbox",
                           "/operator/webhooks", "/operator/none"}) {
    const std::string answer = visit(path);
    EXPECT_EQ(status_of(answer), 303) << path;
    EXPECT_EQ(header(answer, "Location"), "/operator/login");
  }
  EXPECT_EQ(status_of(post("/operator/replay", "id=evt_1")), 303);
  for (const char* wrong : {"token=", "token=wrong-token-of-tests", "", "token=a-token-of-the-test"})
    EXPECT_EQ(status_of(ask(api_address(), "POST /operator/login", wrong)), 401) << wrong;
  EXPECT_EQ(status_of(ask(webhook_address(), "GET /operator/")), 404);
}

TEST_F(OperatorTest, who_shows_wrong_tokens_waits_and_others_do_not) {
  open();
  const auto login = [&](std::size_t door, std::string_view token) {
    return ask(api_address(door), "POST /operator/login", "token=" + std::string(token));
  };
  for (int i = 0; i < kMaxWrongTokens; ++i) EXPECT_EQ(status_of(login(1, "wrong-token-of-tests")), 401) << i;
  for (const std::string_view token : {std::string_view("wrong-token-of-tests"), kToken}) {
    const std::string answer = login(1, token);
    EXPECT_EQ(status_of(answer), 429);
    const int seconds = std::stoi("0" + header(answer, "Retry-After"));
    EXPECT_GE(seconds, 1);
    EXPECT_LE(seconds, kLoginSpanMs / 1000);
    EXPECT_EQ(header(answer, "Set-Cookie"), "");
  }
  EXPECT_EQ(status_of(login(0, kToken)), 303) << "over the Unix socket";
  const std::string metrics = body_of(call("/metrics", "", "GET"));
  EXPECT_THAT(metrics, AllOf(HasSubstr("till_operator_logins_total{result=\"refused\"} 10\n"),
                             HasSubstr("till_operator_logins_total{result=\"limited\"} 2\n"),
                             HasSubstr("till_operator_logins_total{result=\"accepted\"} 1\n")));
}

TEST_F(OperatorTest, session_is_sealed_and_ends) {
  open();
  sign_in();
  EXPECT_EQ(status_of(visit("/operator/")), 200);
  const std::string good = cookie_;
  for (std::size_t at = good.find('=') + 1; at < good.size(); at += 7) {
    cookie_ = good;
    cookie_[at] = cookie_[at] == '0' ? '1' : '0';
    EXPECT_EQ(status_of(visit("/operator/")), 303) << at;
  }
  cookie_ = good;
  const std::string answer = post("/operator/logout", "token=" + form_token());
  EXPECT_EQ(header(answer, "Location"), "/operator/login");
  EXPECT_THAT(header(answer, "Set-Cookie"), HasSubstr("Max-Age=0"));
}

TEST_F(OperatorTest, cookie_stays_with_this_site_and_away_from_scripts) {
  open();
  const std::string answer = ask(api_address(), "POST /operator/login", "token=" + std::string(kToken));
  EXPECT_THAT(header(answer, "Set-Cookie"), AllOf(HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Strict"),
                                                  HasSubstr("; Path=/operator"), Not(HasSubstr(std::string(kToken)))));
  const std::string login = ask(api_address(), "GET /operator/login");
  EXPECT_THAT(
      header(login, "Content-Security-Policy"),
      AllOf(HasSubstr("default-src 'none'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("script-src"))));
  EXPECT_EQ(header(login, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(ask(api_address(), "GET /operator/style.css"), "Content-Type"), "text/css; charset=utf-8");
}

TEST_F(OperatorTest, dead_letter_is_replayed_by_a_form_of_this_session_only) {
  open();
  pay();
  const std::string id = bury();
  sign_in();
  for (const std::string& token : {std::string(), std::string("token=00"), "token=" + std::string(64, '0')})
    EXPECT_EQ(status_of(post("/operator/replay", "id=" + id + "&" + token)), 403);
  EXPECT_EQ(store()->find_event(id).value()->state, EventState::kDead);
  const std::string token = form_token();
  sign_in();  // another session
  EXPECT_EQ(status_of(post("/operator/replay", "id=" + id + "&token=" + token)), 403);
  EXPECT_EQ(status_of(post("/operator/replay", "id=" + id + "&token=" + form_token())), 303);
  EXPECT_EQ(store()->find_event(id).value()->state, EventState::kWaiting);
  EXPECT_EQ(status_of(post("/operator/replay", "id=evt_none&token=" + form_token())), 409);
}

TEST_F(OperatorTest, overview_shows_what_somebody_should_look_at) {
  open();
  pay();
  bury();
  broken_ = true;
  call("/v1/shop/payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"lost-order"})");
  sign_in();
  const std::string page = visit("/operator/");
  EXPECT_EQ(status_of(page), 200);
  EXPECT_THAT(page, AllOf(HasSubstr("acme/live"), HasSubstr("lost-order"), HasSubstr("payments.create"),
                          HasSubstr("<td data-name=\"Dead\" class=\"figure alert\">1</td>")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr(std::string(kKey))), Not(HasSubstr(std::string(kToken)))));
}

TEST_F(OperatorTest, payments_and_events_are_shown_and_nothing_in_them_is_markup) {
  open();
  const std::string id = pay();
  send_webhook(R"({"event":"<script>x</script>","payment":{"id":"stranger"}})");
  bury();
  sign_in();
  const std::string list = visit("/operator/payments?status=pending&reference=1234");
  EXPECT_THAT(list, AllOf(HasSubstr(id), HasSubstr("48.25 EUR")));
  EXPECT_THAT(visit("/operator/payments?status=paid"), Not(HasSubstr(id)));
  EXPECT_THAT(visit("/operator/payments?reference=%22%3E%3Cscript%3E"), Not(HasSubstr("<script>")));
  const std::string page = visit("/operator/payments/" + id);
  EXPECT_THAT(page, AllOf(HasSubstr("payment.created"), HasSubstr("p1")));
  EXPECT_EQ(status_of(visit("/operator/payments/pay_none")), 404);
  const std::string inbox = visit("/operator/inbox?state=dead");
  EXPECT_THAT(
      inbox, AllOf(HasSubstr("&lt;b&gt;broken&lt;/b&gt; [secret]<"), HasSubstr("Replay"), Not(HasSubstr("<b>broken"))));
  EXPECT_THAT(visit("/operator/webhooks"), Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace till::service
