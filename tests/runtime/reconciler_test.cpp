// Passes in the background: again and again, visible, and over when nobody wants them any more.
#include "core/runtime/reconciler.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/payment/looks.h"
#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

class ReconcilerTest : public AcmeTest {
 protected:
  ReconcilerTest() {
    open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123","base_url":")" + server_.url("") + "\"}");
  }

  std::shared_ptr<Reconciler> open(std::string_view options = R"({"every_ms":100})") {
    auto opened = Reconciler::open(shop_, options);
    if (!opened.ok()) ADD_FAILURE() << opened.error().message;
    return *std::move(opened);
  }
  // Waits until the last pass looked at `count` things.
  static bool looks(const Reconciler& reconciler, std::int64_t count) {
    for (int i = 0; i < 2'000; ++i, usleep(5'000)) {
      const auto last = reconciler.last();
      if (last.ok() && json::parse(*last)->find_integer("looked") == count) return true;
    }
    return false;
  }

  std::atomic<int> asked_ = 0;
  http::StubServer server_{[this](http::Peer& peer) {
    constexpr std::string_view kAsked = "GET /payments/";
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      std::string id = "p" + std::to_string(++asked_);
      if (request.starts_with(kAsked))
        id = request.substr(kAsked.size(), request.find(' ', kAsked.size()) - kAsked.size());
      peer.answer(replaced(kPending, "p1", id));
    }
  }};
};

TEST_F(ReconcilerTest, asks_when_something_is_due_and_says_what_it_did) {
  ASSERT_TRUE(shop_->call("payments.create", kPay).ok());
  const auto reconciler = open();
  ASSERT_TRUE(looks(*reconciler, 0));
  EXPECT_EQ(asked_, 1);
  clock_->advance(kFirstLookMs * 2);
  ASSERT_TRUE(looks(*reconciler, 1));
  EXPECT_EQ(asked_, 2);
}

TEST_F(ReconcilerTest, goes_on_at_once_while_there_is_more_than_a_pass_takes) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(
        shop_->call("payments.create", R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":"1234"})").ok());
  clock_->advance(kFirstLookMs * 2);
  const auto reconciler = open(R"({"every_ms":86400000,"limit":1})");
  ASSERT_TRUE(looks(*reconciler, 0));
  EXPECT_EQ(asked_, 3 + 3);
}

TEST_F(ReconcilerTest, is_over_when_it_is_closed) {
  ASSERT_TRUE(shop_->call("payments.create", kPay).ok());
  const auto reconciler = open();
  ASSERT_TRUE(looks(*reconciler, 0));
  reconciler->close();
  const auto other = open();  // whose passes come later than one of the first would
  clock_->advance(kFirstLookMs * 2);
  ASSERT_TRUE(looks(*other, 1));
  EXPECT_EQ(json::parse(*reconciler->last())->find_integer("looked"), 0);
}

TEST_F(ReconcilerTest, a_child_of_fork_is_told_that_it_is_not_its_own) {
  const auto reconciler = open();
  ASSERT_TRUE(looks(*reconciler, 0));
  const pid_t child = fork();
  if (child == 0) {
    const auto last = reconciler->last();
    reconciler->close();
    const bool told = !last.ok() && last.error().code == "inherited_reconciler";
    const auto own =
        told ? Reconciler::open(shop_, R"({"every_ms":100})") : Result<std::shared_ptr<Reconciler>>(Error{});
    _exit(own.ok() && looks(**own, 0) ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(looks(*reconciler, 0)) << "and the parent's goes on";
}

TEST_F(ReconcilerTest, options_that_are_wrong_are_refused) {
  for (const char* options : {R"({"every_ms":99})", R"({"every_ms":86400001})", R"({"limit":0})", R"({"limit":1001})",
                              R"({"every":1})", "[]"})
    EXPECT_EQ(Reconciler::open(shop_, options).error().kind, ErrorKind::kInvalidRequest) << options;
}

}  // namespace
}  // namespace till
