// The store on a real file: what is committed stays, what is not goes, and nobody else can read it.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/store/store.h"

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

  static Payment payment(const std::string& id, const std::string& provider_id = "") {
    Payment payment;
    payment.id = id;
    payment.gateway = "acme/live";
    payment.provider = "acme";
    payment.provider_id = provider_id;
    payment.reference = "order-" + id;
    payment.amount = Money::parse("10", "EUR").value();
    return payment;
  }

  static Write write(const std::string& id, const std::string& key) {
    return {.id = id,
            .gateway = "acme/live",
            .idempotency_key = key,
            .operation = "payments.create",
            .input_hash = "h1",
            .payment_id = "pay_1",
            .created_at = 1,
            .deadline_at = 2};
  }

  static Event event(const std::string& id, const std::string& payment_id) {
    return {.id = id,
            .gateway = "acme/live",
            .payment_id = payment_id,
            .type = "payment.created",
            .source = "reply",
            .at = 5,
            .detail = "{}"};
  }

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

TEST_F(SqliteStoreTest, what_was_committed_is_there_after_the_next_opening) {
  {
    const auto store = open();
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(store->put_payment(payment("pay_1", "p1")).ok());
    ASSERT_TRUE(store->commit().ok());
  }
  const auto found = open()->find_payment_by_provider_id("acme/live", "p1").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, "pay_1");
  EXPECT_EQ(found->amount->amount_text(), "10.00");
}

TEST_F(SqliteStoreTest, a_killed_process_leaves_what_it_committed_and_nothing_else) {
  const pid_t child = fork();
  if (child == 0) {
    auto store = open_sqlite_store(path()).value();
    (void)store->begin();
    (void)store->put_payment(payment("pay_1"));
    (void)store->commit();
    (void)store->begin();
    (void)store->put_payment(payment("pay_2"));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto store = open();
  EXPECT_TRUE(store->find_payment("pay_1").value().has_value());
  EXPECT_FALSE(store->find_payment("pay_2").value().has_value());
}

TEST_F(SqliteStoreTest, a_second_claim_of_a_key_gets_the_first_record) {
  const auto store = open();
  EXPECT_FALSE(store->claim_write(write("wrt_1", "key")).value().has_value());
  const auto earlier = store->claim_write(write("wrt_2", "key")).value();
  ASSERT_TRUE(earlier.has_value());
  EXPECT_EQ(earlier->id, "wrt_1");
  EXPECT_EQ(earlier->state, WriteState::kInFlight);
  EXPECT_EQ(earlier->deadline_at, 2);
  EXPECT_FALSE(store->claim_write(write("wrt_3", "other")).value().has_value());
}

TEST_F(SqliteStoreTest, a_key_is_unique_within_its_gateway_only) {
  const auto store = open();
  Write other = write("wrt_2", "key");
  other.gateway = "acme/second";
  EXPECT_FALSE(store->claim_write(write("wrt_1", "key")).value().has_value());
  EXPECT_FALSE(store->claim_write(other).value().has_value());
}

TEST_F(SqliteStoreTest, a_settled_write_keeps_its_outcome_and_a_forgotten_one_frees_its_key) {
  const auto store = open();
  (void)store->claim_write(write("wrt_1", "key"));
  EXPECT_FALSE(store->claim_write(write("wrt_2", "other")).value().has_value());
  ASSERT_TRUE(store->settle_write("wrt_1", WriteState::kDone, "{}").ok());
  EXPECT_EQ(store->claim_write(write("wrt_3", "key")).value()->outcome, "{}");
  ASSERT_TRUE(store->forget_write("wrt_2").ok());
  EXPECT_FALSE(store->claim_write(write("wrt_3", "other")).value().has_value());
}

TEST_F(SqliteStoreTest, payments_are_listed_newest_first_and_filtered) {
  const auto store = open();
  for (const char* id : {"pay_1", "pay_2", "pay_3"}) (void)store->put_payment(payment(id));
  Payment unknown = payment("pay_4");
  unknown.outcome = Outcome::kUnknown;
  (void)store->put_payment(unknown);
  PaymentQuery query{.gateway = "acme/live", .limit = 2};
  auto page = store->list_payments(query).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, "pay_4");
  query.before_id = page[1].id;
  page = store->list_payments(query).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, "pay_2");
  EXPECT_EQ(store->list_payments({.gateway = "acme/live", .only_unknown = true}).value().size(), 1u);
  EXPECT_EQ(store->list_payments({.gateway = "acme/live", .reference = "order-pay_2"}).value().size(), 1u);
  EXPECT_TRUE(store->list_payments({.gateway = "acme/second"}).value().empty());
  EXPECT_TRUE(store->list_payments({.gateway = "acme/live", .status = PaymentStatus::kPaid}).value().empty());
}

TEST_F(SqliteStoreTest, events_come_back_in_their_order) {
  const auto store = open();
  (void)store->add_event(event("evt_1", "pay_1"));
  Event paid = event("evt_2", "pay_1");
  paid.type = "payment.paid";
  paid.at = 4;
  (void)store->add_event(paid);
  const auto events = store->list_events("pay_1").value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, "payment.created");
  EXPECT_EQ(events[1].type, "payment.paid");
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
INSERT INTO writes VALUES ('wrt_1', 'acme/live', 'key', 'payments.create', 'h1', 'pay_1', 'in_flight', 1, 2, '');
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

TEST_F(SqliteStoreTest, many_processes_may_open_a_new_store_at_once) {
  constexpr int kProcesses = 8;
  for (int i = 0; i < kProcesses; ++i)
    if (fork() == 0) {
      auto store = open_sqlite_store(path());
      bool ok = store.ok() && (*store)->begin().ok();
      ok = ok && (*store)->put_payment(payment("pay_" + std::to_string(getpid()))).ok() && (*store)->commit().ok();
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
