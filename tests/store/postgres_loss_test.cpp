// A PostgreSQL that goes away and comes back: no change is lost, and none is applied twice.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/store/queue.h"
#include "tests/base/eventually.h"
#include "tests/store/store_fixture.h"

namespace till {
namespace {

using std::chrono::steady_clock;

// Sits between a store and its server, and cuts a connection when it sees the wanted statement.
class Proxy {
 public:
  enum class Cut {
    kNothing,
    kBefore,  // the statement never reaches the server
    kAfter,   // the server has done it, and its answer is lost
  };

  explicit Proxy(int server_port) : server_port_(server_port), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~Proxy() {
    closing_ = true;
    thread_.join();
    for (std::thread& pump : pumps_) pump.join();
    ::close(listener_);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  // The next `count` connections on which the statement is seen are cut.
  void cut(std::string statement, Cut how, int count = 1) {
    const std::lock_guard lock(mutex_);
    statement_ = std::move(statement);
    how_ = how;
    left_ = count;
  }
  int cuts() const { return cuts_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  void accept_all() {
    while (!closing_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) != 1) continue;
      const int client = ::accept(listener_, nullptr, nullptr);
      pumps_.emplace_back([this, client] { pump(client); });
    }
  }

  Cut seen(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    // A whole statement ends with NUL on the wire.
    if (left_ == 0 || bytes.find(statement_ + std::string(1, '\0')) == std::string_view::npos) return Cut::kNothing;
    --left_;
    ++cuts_;
    return how_;
  }

  void pump(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(server_port_);
    bool open = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    Cut cut = Cut::kNothing;
    std::vector<char> bytes(64 * 1024);
    while (open && !closing_) {
      pollfd ready[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (::poll(ready, 2, 20) <= 0) continue;
      for (int side = 0; open && side < 2; ++side) {
        if (ready[side].revents == 0) continue;
        const ssize_t got = ::recv(side == 0 ? client : server, bytes.data(), bytes.size(), 0);
        open = got > 0;
        if (!open) break;
        const std::string_view piece(bytes.data(), static_cast<std::size_t>(got));
        if (side == 0 && cut == Cut::kNothing) cut = seen(piece);
        open = cut == Cut::kNothing || (cut == Cut::kAfter && side == 0);
        if (open) ::send(side == 0 ? server : client, piece.data(), piece.size(), MSG_NOSIGNAL);
      }
    }
    ::close(server);
    ::close(client);
  }

  int server_port_;
  int listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::string statement_;
  Cut how_ = Cut::kNothing;
  int left_ = 0;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> closing_ = false;
  std::vector<std::thread> pumps_;
  std::thread thread_;
};

// Adds one to a counter, so that what is lost and what is applied twice both show.
Status count_one(Store& store) { return store.count_refusals({.gateway = "g", .reason = "r", .count = 1}); }

std::int64_t counted(const std::string& place) {
  const auto found = open_store(place).value()->list_refusals().value();
  return found.empty() ? 0 : found[0].count;
}

// Changes the store from several threads at once until `disturb` is over, and for a moment longer. Every change that
// was answered well must be there once, and no other.
void change_while(const std::string& place, const std::function<void()>& disturb) {
  std::atomic<bool> over = false;
  std::atomic<int> done = 0, failed = 0;
  {
    StoreQueue queue(open_store(place).value(), open_store(place).value());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int rest = 20; rest > 0; rest -= over ? 1 : 0) {
          const Status status = queue.run(count_one);
          (status.ok() ? done : failed) += 1;
          if (!status.ok()) ADD_FAILURE() << status.error().code << ": " << status.error().message;
          const Status looked = queue.read([](Store& store) -> Status {
            TILL_TRY(store.list_refusals());
            return {};
          });
          EXPECT_TRUE(looked.ok()) << looked.error().message;
        }
      });
    disturb();
    over = true;
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(failed, 0);
  EXPECT_GT(done, 0);
  EXPECT_EQ(counted(place), done);
}

TEST(PostgresLoss, connections_that_are_ended_from_outside_lose_nothing) {
  const PostgresSchema schema;
  change_while(schema.url() + "&application_name=" + schema.name(), [&] {
    for (int i = 0; i < 20; ++i)
      schema.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" + schema.name() +
                 "'");
  });
}

// A function of the schema's own stands before the server's, and is cancelled the first time.
TEST(PostgresLoss, a_transaction_that_began_by_half_stands_in_nobodys_way) {
  const PostgresSchema schema;
  StoreQueue queue(open_store(schema.url() + "%2Cpg_catalog").value());
  ASSERT_TRUE(queue.run(count_one).ok());
  schema.run("CREATE SEQUENCE " + schema.name() + ".begun; CREATE FUNCTION " + schema.name() +
             ".pg_current_xact_id() RETURNS xid8 LANGUAGE plpgsql AS $$ BEGIN IF nextval('begun') = 1 THEN RAISE "
             "query_canceled; END IF; RETURN pg_catalog.pg_current_xact_id(); END $$");
  for (int i = 0; i < 3; ++i) {
    const Status status = queue.run(count_one);
    EXPECT_TRUE(status.ok()) << status.error().code << ": " << status.error().message;
  }
  EXPECT_EQ(counted(schema.url()), 4);
}

class PostgresRestart : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Each, PostgresRestart, testing::Values("fast", "immediate", "kill"), name_of_store);

TEST_P(PostgresRestart, a_server_that_is_stopped_and_started_under_load_loses_nothing) {
  PostgresServer server;
  const PostgresSchema schema(server.socket_url());
  change_while(schema.url(), [&] {
    for (int round = 0; round < 2; ++round) {
      server.stop(GetParam());
      server.start();
    }
  });
}

// The number of a transaction that a crash forgot is given again.
TEST(PostgresLoss, what_a_crash_forgot_is_not_taken_for_what_came_after_under_its_number) {
  PostgresServer server;
  const PostgresSchema schema(server.socket_url());
  schema.run("ALTER SYSTEM SET wal_writer_delay = '10s'");  // nothing is flushed but by a commit
  schema.run("SELECT pg_reload_conf()");
  const auto forgotten = open_store(schema.url()).value();
  ASSERT_TRUE(forgotten->begin().ok());
  ASSERT_TRUE(count_one(*forgotten).ok());
  server.stop("immediate");
  server.start();
  EXPECT_EQ(forgotten->commit().error().code, "store_commit_unknown");
  ASSERT_TRUE(forgotten->resume().ok());
  const auto is_known_to_be_gone = [&] {
    const auto committed = forgotten->was_committed();
    return committed.ok() && !*committed;
  };
  EXPECT_TRUE(is_known_to_be_gone());
  const auto other = open_store(schema.url()).value();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(other->begin().ok());
    ASSERT_TRUE(other->count_refusals({.gateway = "other", .reason = "r", .count = 1}).ok());
    ASSERT_TRUE(other->commit().ok());
  }
  EXPECT_TRUE(is_known_to_be_gone());
}

class PostgresCut : public testing::Test {
 protected:
  PostgresCut() : server_port_(port_of(PostgresServer::shared_tcp_url())), proxy_(server_port_) {}

  static int port_of(const std::string& url) { return std::stoi(url.substr(url.find("127.0.0.1:") + 10)); }
  std::string through_proxy() const {
    std::string url = PostgresServer::shared_tcp_url();
    const std::string port = std::to_string(server_port_);
    return schema_.in_schema(url.replace(url.find(":" + port) + 1, port.size(), std::to_string(proxy_.port())));
  }

  PostgresSchema schema_;
  int server_port_;
  Proxy proxy_;
};

TEST_F(PostgresCut, a_commit_whose_answer_is_lost_was_done_and_is_not_done_again) {
  StoreQueue queue(open_store(through_proxy()).value());
  int runs = 0;
  proxy_.cut("COMMIT", Proxy::Cut::kAfter);
  const Status status = queue.run([&](Store& store) {
    ++runs;
    return count_one(store);
  });
  EXPECT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(proxy_.cuts(), 1);
  EXPECT_EQ(counted(schema_.url()), 1);
}

TEST_F(PostgresCut, a_commit_that_never_arrived_is_done_again) {
  StoreQueue queue(open_store(through_proxy()).value());
  int runs = 0;
  proxy_.cut("COMMIT", Proxy::Cut::kBefore);
  const Status status = queue.run([&](Store& store) {
    ++runs;
    return count_one(store);
  });
  EXPECT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(counted(schema_.url()), 1);
}

TEST_F(PostgresCut, a_connection_that_breaks_between_two_changes_takes_back_both_and_runs_both_again) {
  StoreQueue queue(open_store(through_proxy()).value());
  proxy_.cut("RELEASE SAVEPOINT task", Proxy::Cut::kAfter);
  std::atomic<int> failed = 0;
  const auto fails = [&](const Status& status) { failed += status.ok() ? 0 : 1; };
  // Holds the queue until all are there; and one of them fails, so that each has a savepoint.
  std::promise<void> all_there;
  const std::shared_future<void> there = all_there.get_future().share();
  queue.submit(
      [&](Store&) {
        there.wait();
        return Status();
      },
      fails);
  queue.submit([](Store&) { return Status(internal_error("no")); }, fails);
  for (int i = 0; i < 10; ++i) queue.submit(count_one, fails);
  all_there.set_value();
  EXPECT_TRUE(queue.run(count_one).ok());
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(proxy_.cuts(), 1);
  EXPECT_EQ(counted(schema_.url()), 11);
}

TEST_F(PostgresCut, commits_cut_off_at_random_lose_nothing_and_double_nothing) {
  change_while(through_proxy(), [&] {
    for (int i = 1; i <= 20; ++i) {
      proxy_.cut("COMMIT", i % 2 ? Proxy::Cut::kAfter : Proxy::Cut::kBefore);
      EXPECT_TRUE(eventually([&] { return proxy_.cuts() >= i; }));
    }
  });
  EXPECT_EQ(proxy_.cuts(), 20);
}

// The store was away for longer than changes wait, and is back: what breaks then is waited for anew.
class PostgresBack : public PostgresCut {
 protected:
  static constexpr std::chrono::milliseconds kPatience{400};

  PostgresBack() {
    EXPECT_TRUE(queue_.run([](Store&) { return Status(); }).ok());
    proxy_.cut("SELECT pg_current_xact_id()", Proxy::Cut::kBefore, 1'000);
    EXPECT_EQ(queue_.run(count_one).error().code, "store_unreachable");
    EXPECT_EQ(queue_.run(count_one).error().code, "store_unreachable") << "at once, for it is still away";
  }
  void expect_done_when_cut(Proxy::Cut how, int wanted_runs) {
    int runs = 0;
    proxy_.cut("COMMIT", how);
    const Status status = queue_.run([&](Store& store) {
      ++runs;
      return count_one(store);
    });
    EXPECT_TRUE(status.ok()) << status.error().code << ": " << status.error().message;
    EXPECT_EQ(runs, wanted_runs);
    EXPECT_EQ(counted(schema_.url()), 1);
  }

  StoreQueue queue_{open_store(through_proxy()).value(), nullptr, kPatience};
};

TEST_F(PostgresBack, a_commit_whose_answer_is_lost_is_asked_about) { expect_done_when_cut(Proxy::Cut::kAfter, 1); }

TEST_F(PostgresBack, a_commit_that_never_arrived_is_done_again) { expect_done_when_cut(Proxy::Cut::kBefore, 2); }

// Nothing listens there any more.
TEST(PostgresLoss, a_server_that_stays_away_is_an_error_within_its_time_and_recovers_after) {
  constexpr std::chrono::milliseconds kPatience{1'500};
  PostgresServer server;
  const PostgresSchema schema(server.socket_url());
  const std::string place = schema.url();
  StoreQueue queue(open_store(place).value(), open_store(place).value(), kPatience);
  ASSERT_TRUE(queue.run(count_one).ok());
  server.stop("fast");
  const auto asked_at = steady_clock::now();
  const Status status = queue.run(count_one);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "store_unreachable");
  EXPECT_TRUE(status.error().retryable);
  EXPECT_GE(steady_clock::now() - asked_at, kPatience);
  const auto again_at = steady_clock::now();
  EXPECT_EQ(queue.run(count_one).error().code, "store_unreachable");
  EXPECT_LE(steady_clock::now() - again_at, kPatience / 2) << "patience is for the store, not for each change";
  server.start();
  EXPECT_TRUE(queue.run(count_one).ok());
  EXPECT_EQ(counted(place), 2);
}

TEST(PostgresLoss, reads_of_a_server_that_stays_away_do_not_each_wait_for_it) {
  PostgresServer server;
  const PostgresSchema schema(server.socket_url());
  StoreQueue queue(open_store(schema.url()).value(), open_store(schema.url()).value());
  const StoreQueue::Task look = [](Store& store) -> Status {
    TILL_TRY(store.list_refusals());
    return {};
  };
  server.stop("fast");
  const auto asked_at = steady_clock::now();
  EXPECT_EQ(queue.read(look).error().code, "store_unreachable");
  EXPECT_GE(steady_clock::now() - asked_at, kReadPatience);
  const auto again_at = steady_clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.read(look).error().code, "store_unreachable");
  EXPECT_LE(steady_clock::now() - again_at, kReadPatience / 2);
  server.start();
  EXPECT_TRUE(queue.read(look).ok());
}

TEST(PostgresLoss, who_closes_the_queue_waits_for_no_server_that_is_away) {
  PostgresServer server;
  const PostgresSchema schema(server.socket_url());
  std::promise<Status> ended;
  auto queue = std::make_unique<StoreQueue>(open_store(schema.url()).value());
  server.stop("fast");
  const auto closed_at = steady_clock::now();
  queue->submit(count_one, [&](Status status) { ended.set_value(std::move(status)); });
  queue.reset();
  EXPECT_LE(steady_clock::now() - closed_at, kStorePatience / 2);
  EXPECT_EQ(ended.get_future().get().error().code, "store_unreachable");
}

}  // namespace
}  // namespace till
