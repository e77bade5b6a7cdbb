// What only PostgreSQL can do wrong: places, passwords, versions, locks, and being asked outside of transactions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/store/place.h"
#include "tests/store/store_fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

Error refusal(const std::string& place) {
  auto store = open_store(place);
  EXPECT_FALSE(store.ok()) << place;
  return store.ok() ? Error{} : store.error();
}

std::unique_ptr<Store> open(const PostgresSchema& schema) { return open_store(schema.url()).value(); }

TEST(PostgresPlace, passwords_are_never_shown) {
  EXPECT_EQ(shown_store_place("postgresql://till:secret@db/shop"), "postgresql://till:***@db/shop");
  EXPECT_EQ(shown_store_place("postgres://till:se/cr@et@db/shop?sslmode=require"),
            "postgres://till:***@db/shop?sslmode=require");
  EXPECT_EQ(shown_store_place("postgresql://db/shop?user=till&password=secret&sslpassword=secret&sslmode=require"),
            "postgresql://db/shop?user=till&password=***&sslpassword=***&sslmode=require");
  EXPECT_EQ(shown_store_place("postgresql://till@db"), "postgresql://till@db");
  EXPECT_EQ(shown_store_place("/var/lib/till:x@y.sqlite3"), "/var/lib/till:x@y.sqlite3");
}

TEST(PostgresPlace, a_url_of_something_else_is_a_configuration_error) {
  const Error error = refusal("mysql://till:secret@db/shop");
  EXPECT_EQ(error.kind, ErrorKind::kConfiguration);
  EXPECT_EQ(error.field, "$.store");
  EXPECT_THAT(error.message, Not(HasSubstr("secret")));
}

TEST(PostgresPlace, a_url_that_cannot_be_read_is_a_configuration_error_that_shows_no_password) {
  for (const char* url : {"postgresql://till:secret@db:port/shop?nonsense=1", "postgresql://till:%zzsecret@db/shop",
                          "postgresql://till:sec/ret@db/shop", "postgresql://till:sec@ret@db/shop"}) {
    const Error error = refusal(url);
    EXPECT_EQ(error.kind, ErrorKind::kConfiguration) << url;
    EXPECT_THAT(error.message, Not(HasSubstr("ret"))) << url;
  }
}

TEST(PostgresPlace, a_wrong_password_is_refused_with_the_servers_reason) {
  const Error error = refusal(replaced(PostgresServer::shared_tcp_url(), "open-sesame", "wrong-secret"));
  EXPECT_EQ(error.code, "store_unreachable");
  EXPECT_THAT(error.message, HasSubstr("password authentication failed"));
  EXPECT_THAT(error.message, Not(HasSubstr("wrong-secret")));
}

TEST(PostgresPlace, the_right_password_opens_the_store) {
  const PostgresSchema schema;
  EXPECT_TRUE(open_store(schema.in_schema(PostgresServer::shared_tcp_url())).ok());
}

TEST(PostgresPlace, a_host_that_is_not_there_is_named) {
  const Error error = refusal("postgresql://till:secret@nowhere.invalid/shop");
  EXPECT_EQ(error.code, "store_unreachable");
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.message, HasSubstr("nowhere.invalid"));
  EXPECT_THAT(error.message, Not(HasSubstr("secret")));
}

TEST(PostgresPlace, a_database_that_is_not_there_is_named) {
  EXPECT_THAT(refusal(replaced(PostgresServer::shared_socket_url(), "/postgres", "/elsewhere")).message,
              HasSubstr("database \"elsewhere\" does not exist"));
}

TEST(PostgresPlace, a_server_without_tls_is_refused_where_the_url_wants_tls) {
  EXPECT_EQ(refusal(replaced(PostgresServer::shared_tcp_url(), "sslmode=disable", "sslmode=require")).code,
            "store_unreachable");
}

// The library is looked for once in a process, so this needs one of its own.
TEST(PostgresPlace, without_libpq_the_error_says_what_to_install) {
  const auto asked = [] {
    setenv("TILL_LIBPQ", "/nowhere/libpq.so.5", 1);
    const auto store = open_store("postgresql://till:secret@db/shop");
    const bool told = !store.ok() && store.error().kind == ErrorKind::kConfiguration &&
                      store.error().message.find("apt install libpq5") != std::string::npos &&
                      store.error().message.find("secret") == std::string::npos;
    _exit(told ? 0 : 1);
  };
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(asked(), testing::ExitedWithCode(0), "");
}

TEST(PostgresStore, a_schema_of_a_newer_till_is_refused_and_left_alone) {
  const PostgresSchema schema;
  open(schema).reset();
  schema.run("UPDATE " + schema.name() + ".till_schema SET version = 999");
  const Error error = refusal(schema.url());
  EXPECT_EQ(error.code, "store_newer");
  EXPECT_EQ(error.kind, ErrorKind::kConfiguration);
  EXPECT_EQ(refusal(schema.url()).code, "store_newer");
}

TEST(PostgresStore, a_schema_with_other_tables_is_refused_and_left_alone) {
  const PostgresSchema schema;
  schema.run("CREATE TABLE " + schema.name() + ".payments (shop text)");
  const Error error = refusal(schema.url());
  EXPECT_EQ(error.kind, ErrorKind::kConfiguration);
  EXPECT_THAT(error.message, HasSubstr("schema of its own"));
  schema.run("SELECT shop FROM " + schema.name() + ".payments");
}

TEST(PostgresStore, a_schema_that_is_not_there_is_a_configuration_error) {
  const Error error = refusal(PostgresServer::shared_socket_url() + "&options=-csearch_path%3Dabsent");
  EXPECT_EQ(error.kind, ErrorKind::kConfiguration);
  EXPECT_THAT(error.message, HasSubstr("absent"));
}

TEST(PostgresStore, what_connections_left_that_are_gone_for_long_is_removed) {
  const PostgresSchema schema;
  open(schema);
  schema.run("INSERT INTO " + schema.name() +
             ".commits VALUES ('gone', 1, now() - interval '61 minutes'), ('here', 1, now() - interval '59 minutes')");
  open(schema);
  const auto database = PostgresDatabase::open(schema.url()).value();
  const SqlRows left =
      database->query("SELECT connection FROM commits WHERE number = 1 AND at < now() - interval '30 minutes'", {})
          .value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left.text(0, 0), "here");
}

TEST(PostgresStore, of_the_first_version_is_brought_up_to_date) {
  const PostgresSchema schema;
  Write done = a_write("wrt_1", "key");
  done.created_at = 1;
  done.state = WriteState::kDone;
  (void)open(schema)->claim_write(done);
  schema.run("DROP TABLE " + schema.name() + ".commits; ALTER TABLE " + schema.name() +
             ".writes DROP COLUMN settled_at; UPDATE " + schema.name() + ".till_schema SET version = 1");
  const auto store = open(schema);
  EXPECT_EQ(store->prune({.writes_before = kLongAgo}, 5).value().writes, 0) << "nobody knows when it was done";
  EXPECT_EQ(store->prune({.writes_before = kMaxTime}, 5).value().writes, 1);
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(store->add_event(an_event("evt_1")).ok());
  EXPECT_TRUE(store->commit().ok());
}

TEST(PostgresStore, that_has_gone_is_not_made_again) {
  const PostgresSchema schema;
  const auto store = open(schema);
  store->suspend();
  schema.run("DROP SCHEMA " + schema.name() + " CASCADE; CREATE SCHEMA " + schema.name());
  EXPECT_EQ(store->resume().error().code, "store_gone");
  EXPECT_EQ(PostgresDatabase::open(schema.url()).value()->schema_version().value(), 0);
}

TEST(PostgresStore, two_stores_in_one_database_know_nothing_of_each_other) {
  const PostgresSchema one, other;
  ASSERT_TRUE(open(one)->put_payment(a_payment("pay_1")).ok());
  EXPECT_FALSE(open(other)->find_payment("pay_1").value().has_value());
}

TEST(PostgresStore, a_commit_is_flushed_even_where_the_servers_default_is_not_to) {
  const PostgresSchema schema;
  const std::string url = schema.url() + "%20-csynchronous_commit%3D";
  const auto setting = [&](const std::string& wanted) {
    return PostgresDatabase::open(url + wanted).value()->query("SHOW synchronous_commit", {}).value().text(0, 0);
  };
  EXPECT_EQ(setting("off"), "on");
  EXPECT_EQ(setting("remote_apply"), "remote_apply");
}

// A server to which another connection holds what this one asks for.
class PostgresLocks : public testing::Test {
 protected:
  PostgresLocks() : first_(open(schema_)), second_(open(schema_)) {
    EXPECT_TRUE(first_->put_payment(a_payment("pay_1", "p1")).ok());
    EXPECT_TRUE(first_->claim_write(a_write("wrt_1", "key")).ok());
    EXPECT_TRUE(first_->begin().ok());
    EXPECT_TRUE(second_->begin().ok());
  }
  static std::string code(const Status& status) { return status.ok() ? "" : status.error().code; }
  template <class T>
  static std::string code(const Result<T>& result) {
    return result.ok() ? "" : result.error().code;
  }

  PostgresSchema schema_;
  std::unique_ptr<Store> first_;
  std::unique_ptr<Store> second_;
};

TEST_F(PostgresLocks, a_payment_found_by_its_id_is_kept_from_others) {
  (void)first_->find_payment("pay_1").value();
  EXPECT_EQ(code(second_->put_payment(a_payment("pay_1", "p2"))), "store_conflict");
  second_->rollback();
  ASSERT_TRUE(first_->commit().ok());
  EXPECT_TRUE(second_->put_payment(a_payment("pay_1", "p2")).ok());
}

TEST_F(PostgresLocks, a_payment_found_by_the_providers_id_is_kept_from_others) {
  (void)first_->find_payment_by_provider_id("acme/live", "p1").value();
  EXPECT_EQ(code(second_->find_payment("pay_1")), "store_conflict");
}

TEST_F(PostgresLocks, a_claimed_write_is_kept_from_others) {
  EXPECT_TRUE(first_->claim_write(a_write("wrt_2", "key")).value().has_value());
  EXPECT_EQ(code(second_->settle_write("wrt_1", WriteState::kDone, "", kStoreNow)), "store_conflict");
}

TEST_F(PostgresLocks, that_no_payment_was_found_is_kept_as_well) {
  EXPECT_FALSE(first_->find_payment_by_provider_id("acme/live", "new").value().has_value());
  ASSERT_TRUE(second_->put_payment(a_payment("pay_2", "new")).ok());
  EXPECT_EQ(code(second_->match_webhooks("acme/live", "new", "", "pay_2")), "store_conflict");
}

TEST_F(PostgresLocks, a_conflict_is_over_with_its_savepoint) {
  (void)first_->find_payment("pay_1").value();
  ASSERT_TRUE(second_->put_payment(a_payment("pay_2")).ok());
  ASSERT_TRUE(second_->savepoint().ok());
  EXPECT_EQ(code(second_->find_payment("pay_1")), "store_conflict");
  second_->rollback_to_savepoint();
  ASSERT_TRUE(second_->release_savepoint().ok());
  ASSERT_TRUE(second_->commit().ok());
  EXPECT_TRUE(open(schema_)->find_payment("pay_2").value().has_value());
}

TEST_F(PostgresLocks, a_transaction_that_failed_is_not_committed) {
  (void)first_->find_payment("pay_1").value();
  ASSERT_TRUE(second_->put_payment(a_payment("pay_2")).ok());
  EXPECT_EQ(code(second_->find_payment("pay_1")), "store_conflict");
  EXPECT_FALSE(second_->commit().ok()) << "PostgreSQL answers such a COMMIT with ROLLBACK";
}

TEST_F(PostgresLocks, a_read_outside_of_a_transaction_waits_for_nobody) {
  (void)first_->find_payment("pay_1").value();
  (void)first_->find_payment_by_provider_id("acme/live", "new").value();
  const auto reader = open(schema_);
  EXPECT_TRUE(reader->find_payment("pay_1").value().has_value());
  EXPECT_FALSE(reader->find_payment_by_provider_id("acme/live", "new").value().has_value());
}

TEST_F(PostgresLocks, what_is_pruned_is_not_what_somebody_is_changing) {
  second_->rollback();
  Payment old = a_payment("pay_3");
  old.status = PaymentStatus::kPaid;
  old.updated_at = 1;
  ASSERT_TRUE(second_->put_payment(old).ok());
  (void)first_->find_payment("pay_3").value();
  EXPECT_EQ(second_->prune({.payments_before = 10}, 10).value().payments, 0);
  ASSERT_TRUE(first_->commit().ok());
  EXPECT_EQ(second_->prune({.payments_before = 10}, 10).value().payments, 1);
}

}  // namespace
}  // namespace till
