// What others begin while old payments are removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "core/store/postgres.h"
#include "core/store/sql_store.h"
#include "core/store/sqlite.h"
#include "tests/store/store_fixture.h"

namespace till {
namespace {

// A database in which a change shows just before the first statement that begins with `before`, as what others commit
// shows to a transaction's next statement at PostgreSQL.
class Disturbed final : public SqlDatabase {
 public:
  Disturbed(std::unique_ptr<SqlDatabase> database, std::string before, std::string change)
      : database_(std::move(database)), before_(std::move(before)), change_(std::move(change)) {}

  using SqlDatabase::query;
  Result<SqlRows> query(std::string_view sql, std::span<const SqlValue> values) override {
    if (!change_.empty() && sql.starts_with(before_)) {
      EXPECT_TRUE(database_->execute(std::exchange(change_, {}).c_str()).ok());
    }
    return database_->query(sql, values);
  }
  std::string_view kind() const override { return database_->kind(); }
  Result<std::int64_t> schema_version() override { return database_->schema_version(); }
  Result<std::int64_t> size_bytes() override { return database_->size_bytes(); }
  Status execute(const char* sql) override { return database_->execute(sql); }
  bool in_transaction() const override { return database_->in_transaction(); }
  Status begin() override { return database_->begin(); }
  Status commit() override { return database_->commit(); }
  std::string_view for_update() const override { return database_->for_update(); }
  std::string_view skip_locked() const override { return database_->skip_locked(); }

 private:
  std::unique_ptr<SqlDatabase> database_;
  std::string before_, change_;
};

class PruneRace : public StoreTest {
 protected:
  PruneRace() : store_(open()) {
    Payment paid = a_payment("pay_1");
    paid.status = PaymentStatus::kPaid;
    Write done = a_write("wrt_1", "key");
    done.state = WriteState::kDone;
    EXPECT_TRUE(store_->put_payment(paid).ok());
    EXPECT_TRUE(store_->claim_write(done).ok());
    EXPECT_TRUE(store_->add_event(an_event("evt_1")).ok());
    (void)store_->take_events({.now_ms = kStoreNow, .lease_until = kStoreNow + 1, .lease = "l", .limit = 1});
    EXPECT_TRUE(store_->settle_event("evt_1", "l", EventState::kDone, 0, "").value());
  }

  std::unique_ptr<SqlDatabase> database() const {
    if (is_postgres()) return PostgresDatabase::open(place_).value();
    return SqliteDatabase::open(place_).value();
  }
  // Removes the payment, while `change` happens just before a statement.
  Pruned prune_while(std::string before, std::string change) const {
    SqlStore store(place_, nullptr, false,
                   std::make_unique<Disturbed>(database(), std::move(before), std::move(change)));
    EXPECT_TRUE(store.begin().ok());
    const Pruned pruned = store.prune({.payments_before = kStoreNow + 1}, 10).value();
    EXPECT_TRUE(store.commit().ok());
    return pruned;
  }
  // How many payments, events and writes there are.
  std::vector<std::int64_t> left() const {
    const Pruned kept = store_->info().value().kept;
    return {kept.payments, kept.events, kept.writes};
  }

  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Each, PruneRace, testing::Values("sqlite", "postgres"), name_of_store);

constexpr const char* kWriteBegins = "UPDATE writes SET state = 'in_flight'";
constexpr const char* kEventWaits = "UPDATE events SET state = 'waiting'";

TEST_P(PruneRace, what_is_over_goes_with_its_payment) {
  const Pruned pruned = prune_while("DELETE", "SELECT 1");
  EXPECT_EQ(pruned.payments, 1);
  EXPECT_EQ(pruned.events, 1);
  EXPECT_EQ(pruned.writes, 1);
  EXPECT_THAT(left(), testing::ElementsAre(0, 0, 0));
}

TEST_P(PruneRace, a_payment_whose_write_was_begun_until_it_was_locked_stays_whole) {
  EXPECT_EQ(prune_while("DELETE FROM payments", kWriteBegins).payments, 0);
  EXPECT_THAT(left(), testing::ElementsAre(1, 1, 1));
}

TEST_P(PruneRace, a_payment_whose_event_waits_until_it_was_locked_stays_whole) {
  EXPECT_EQ(prune_while("DELETE FROM payments", kEventWaits).payments, 0);
  EXPECT_THAT(left(), testing::ElementsAre(1, 1, 1));
}

TEST_P(PruneRace, a_write_that_is_begun_after_that_stays) {
  EXPECT_EQ(prune_while("DELETE FROM events", kWriteBegins).writes, 0);
  EXPECT_THAT(left(), testing::ElementsAre(0, 0, 1));
}

TEST_P(PruneRace, an_event_that_waits_after_that_stays) {
  EXPECT_EQ(prune_while("DELETE FROM events", kEventWaits).events, 0);
  EXPECT_THAT(left(), testing::ElementsAre(0, 1, 0));
}

}  // namespace
}  // namespace till
