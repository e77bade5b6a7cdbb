// Waiting on the client's thread.
#include "tests/http/fetch.h"

namespace till::http {
namespace {

std::future<Status> wait_for(Client& client, std::int64_t delay_ms) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  client.wait(delay_ms, [promise](Status status) { promise->set_value(std::move(status)); });
  return future;
}

TEST(Wait, calls_back_after_its_time) {
  Client client({});
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_for(client, 30).get().ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(30));
}

TEST(Wait, may_begin_another_one_in_its_callback) {
  Client client({});
  std::promise<Status> done;
  client.wait(1, [&](const Status&) { client.wait(1, [&](Status status) { done.set_value(std::move(status)); }); });
  EXPECT_TRUE(done.get_future().get().ok());
}

TEST(Wait, ends_with_closed_when_the_client_goes) {
  std::future<Status> first, second;
  {
    Client client({});
    first = wait_for(client, 3'600'000);
    second = wait_for(client, 3'600'000);
  }
  EXPECT_EQ(first.get().error().code, "closed");
  EXPECT_EQ(second.get().error().code, "closed");
}

TEST(Wait, ends_at_once_when_there_is_no_thread) {
  Client client({});
  const NoThreads none;
  EXPECT_EQ(wait_for(client, 3'600'000).get().error().code, "closed");
}

}  // namespace
}  // namespace till::http
