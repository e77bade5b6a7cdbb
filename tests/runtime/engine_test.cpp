// The engine: one for each process, however many threads want it, and fork() does not wait for its store.
#include "core/runtime/engine.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>
#include <latch>
#include <set>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

constexpr unsigned kChildMayTakeS = 60;

// A server that lets everybody in and says nothing.
class SilentServer {
 public:
  SilentServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  std::string url() const {
    return "postgresql://till@127.0.0.1:" + std::to_string(port_) + "/till?sslmode=disable&gssencmode=disable";
  }
  int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
  // Whether the client is still there.
  static bool waits(int connection) {
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::recv(connection, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) continue;
    return got < 0 && errno == EAGAIN;
  }

 private:
  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

std::string code_of(const Result<std::shared_ptr<Engine>>& made) { return made.ok() ? "(made)" : made.error().code; }

TEST(SilentStoreTest, holds_up_no_fork_and_the_child_tries_for_itself) {
  const SilentServer server;
  RuntimeOptions options;
  options.store = server.url();
  const auto runtime = Runtime::open(options).value();
  auto asked = std::async(std::launch::async, [&] { return runtime->engine(); });
  const int connection = server.accept();
  ASSERT_GE(connection, 0);

  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kChildMayTakeS);
    ::_exit(code_of(runtime->engine()) == "store_unreachable" ? 0 : 1);
  }
  EXPECT_TRUE(SilentServer::waits(connection)) << "fork() came back only when the connection was given up";
  ::close(server.accept());  // the child's
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ::close(connection);
  EXPECT_EQ(code_of(asked.get()), "store_unreachable");
}

class EngineTest : public AcmeTest {};

TEST_F(EngineTest, is_the_same_for_all_threads_that_want_it_at_once) {
  constexpr int kThreads = 8;
  std::latch together(kThreads);
  std::vector<std::future<Result<std::shared_ptr<Engine>>>> asked;
  for (int i = 0; i < kThreads; ++i)
    asked.push_back(std::async(std::launch::async, [&] {
      together.arrive_and_wait();
      return runtime_->engine();
    }));
  std::set<std::shared_ptr<Engine>> engines;
  for (auto& one : asked) engines.insert(one.get().value());
  EXPECT_EQ(engines.size(), 1u);
  EXPECT_EQ(*engines.begin(), runtime_->engine().value());
}

}  // namespace
}  // namespace till
