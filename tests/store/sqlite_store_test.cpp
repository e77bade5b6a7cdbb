// What is SQLite's alone: the file, its rights and its first schema. What both stores promise is in
// store_suite_test.cpp.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/store/store.h"
#include "tests/store/store_fixture.h"

namespace till {
namespace {

namespace fs = std::filesystem;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    char folder[] = "/tmp/till-store-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~SqliteStoreTest() override { fs::remove_all(folder_); }

  std::string path() const { return folder_ + "/deep/till.sqlite3"; }
  std::unique_ptr<Store> open() const { return open_sqlite_store(path()).value(); }

  std::string folder_;
};

TEST_F(SqliteStoreTest, file_and_folder_belong_to_their_user_alone) {
  const auto store = open();
  struct stat file {
  }, folder{};
  ASSERT_EQ(stat(path().c_str(), &file), 0);
  ASSERT_EQ(stat((folder_ + "/deep").c_str(), &folder), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_EQ(folder.st_mode & 0777, 0700u);
}

// What the first release wrote, by its own statements.
TEST_F(SqliteStoreTest, a_file_of_the_first_schema_is_carried_over) {
  fs::create_directories(fs::path(path()).parent_path());
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
  constexpr const char* kFirst = R"sql(
CREATE TABLE payments (id TEXT PRIMARY KEY, gateway TEXT NOT NULL, provider_id TEXT NOT NULL, reference TEXT NOT NULL,
  status TEXT NOT NULL, outcome TEXT NOT NULL, updated_at INTEGER NOT NULL, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE writes (id TEXT PRIMARY KEY, gateway TEXT NOT NULL, idempotency_key TEXT NOT NULL, operation TEXT NOT NULL,
  input_hash TEXT NOT NULL, payment_id TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
  deadline_at INTEGER NOT NULL, outcome TEXT NOT NULL, UNIQUE (gateway, idempotency_key)) STRICT, WITHOUT ROWID;
CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, payment_id TEXT NOT NULL, type TEXT NOT NULL,
  source TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE INDEX events_by_payment ON events (payment_id, sequence);
INSERT INTO payments VALUES ('pay_1', 'acme/live', 'p1', 'order-1', 'pending', 'known', 7,
  '{"id": "pay_1", "gateway": "acme/live", "provider": "acme", "provider_id": "p1", "status": "pending"}');
INSERT INTO writes VALUES ('wrt_1', 'acme/live', 'key', 'payments.create', 'h1', 'pay_1', 'in_flight', 1, 2, ''),
  ('wrt_2', 'acme/live', 'key2', 'payments.create', 'h1', 'pay_1', 'done', 1, 2, '{}');
INSERT INTO events (payment_id, type, source, at, detail) VALUES ('pay_1', 'payment.created', 'reply', 7, '{}');
PRAGMA user_version = 1;
)sql";
  ASSERT_EQ(sqlite3_exec(raw, kFirst, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  sqlite3_close(raw);

  const auto store = open();
  Payment kept = store->find_payment("pay_1").value().value();
  EXPECT_EQ(kept.plugin_version, "");
  EXPECT_FALSE(kept.look_at.has_value());
  kept.plugin_version = "1.2.3";
  ASSERT_TRUE(store->put_payment(kept).ok());
  EXPECT_EQ(store->find_payment("pay_1").value()->plugin_version, "1.2.3");
  EXPECT_EQ(store->take_unsettled_writes("acme/live", 10, 20, 5).value().size(), 1u);
  const auto events = store->list_inbox({}).value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].state, EventState::kDone);
  EXPECT_EQ(events[0].event.gateway, "acme/live");
  EXPECT_EQ(events[0].event.id.size(), 30u);
  EXPECT_EQ(store->prune({.writes_before = kLongAgo}, 5).value().writes, 0) << "nobody knows when it was done";
  EXPECT_EQ(store->prune({.writes_before = kMaxTime}, 5).value().writes, 1);
}

TEST_F(SqliteStoreTest, a_file_that_has_gone_while_the_store_was_suspended_is_not_made_again) {
  const auto store = open();
  ASSERT_TRUE(store->put_payment(a_payment("pay_1")).ok());
  store->suspend();
  fs::rename(path(), folder_ + "/away");
  EXPECT_EQ(store->resume().error().code, "store_gone");
  EXPECT_FALSE(fs::exists(path()));
  std::ofstream(path()).close();
  EXPECT_EQ(store->resume().error().code, "store_gone") << "it is empty";
  fs::rename(folder_ + "/away", path());
  ASSERT_TRUE(store->resume().ok());
  EXPECT_TRUE(store->find_payment("pay_1").value().has_value());
}

TEST_F(SqliteStoreTest, a_file_of_a_newer_till_is_refused_and_left_alone) {
  open().reset();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 999", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  const auto store = open_sqlite_store(path());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, "store_newer");
  EXPECT_EQ(store.error().kind, ErrorKind::kConfiguration);
}

TEST_F(SqliteStoreTest, a_place_that_cannot_be_written_is_a_configuration_error) {
  for (const char* place : {"/proc/nowhere/till.sqlite3", "/tmp"}) {
    const auto store = open_sqlite_store(place);
    ASSERT_FALSE(store.ok()) << place;
    EXPECT_EQ(store.error().kind, ErrorKind::kConfiguration) << place;
    EXPECT_EQ(store.error().field, "$.store") << place;
  }
}

TEST_F(SqliteStoreTest, a_file_that_is_no_database_is_a_configuration_error_and_left_alone) {
  const std::string junk = folder_ + "/junk";
  std::ofstream(junk) << std::string(5000, 'x');
  const auto store = open_sqlite_store(junk);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().kind, ErrorKind::kConfiguration);
  EXPECT_EQ(store.error().field, "$.store");
  EXPECT_EQ(fs::file_size(junk), 5000u);
}

// As a runtime does: one connection writes, the other reads. Locks are seen from another process only.
TEST_F(SqliteStoreTest, file_stays_locked_for_its_first_connection_when_another_is_opened) {
  const auto store = open(), reader = open();
  const pid_t other = fork();
  if (other == 0) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const int file = ::open(path().c_str(), O_RDWR);
    const bool asked = file >= 0 && fcntl(file, F_GETLK, &lock) == 0;
    _exit(asked && lock.l_type != F_UNLCK ? 0 : 1);
  }
  int status = 0;
  waitpid(other, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(SqliteStoreTest, many_processes_may_open_a_new_store_at_once) {
  constexpr int kProcesses = 8;
  for (int i = 0; i < kProcesses; ++i)
    if (fork() == 0) {
      auto store = open_sqlite_store(path());
      bool ok = store.ok() && (*store)->begin().ok();
      ok = ok && (*store)->put_payment(a_payment("pay_" + std::to_string(getpid()))).ok() && (*store)->commit().ok();
      _exit(ok ? 0 : 1);
    }
  for (int i = 0; i < kProcesses; ++i) {
    int status = 0;
    wait(&status);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(open()->list_payments({.gateway = "acme/live"}).value().size(), static_cast<std::size_t>(kProcesses));
}

}  // namespace
}  // namespace till
