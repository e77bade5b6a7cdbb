// The SQLite store: one file in WAL mode, each commit synced to the disk before it counts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/json/json.h"
#include "core/store/sqlite.h"
#include "core/store/store.h"

namespace till {
namespace {

namespace fs = std::filesystem;

// The place that is no file.
constexpr std::string_view kMemory = "memory";

// Numbered from 1 by place; never edited once released, only added to. PRAGMA user_version holds the last one run.
constexpr std::array<const char*, 2> kMigrations{
    R"sql(
CREATE TABLE payments (
  id TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  status TEXT NOT NULL,
  outcome TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX payments_by_gateway ON payments (gateway, id);
CREATE INDEX payments_by_provider_id ON payments (gateway, provider_id);
CREATE INDEX payments_by_reference ON payments (gateway, reference);
CREATE TABLE writes (
  id TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  operation TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_flight', 'done', 'unknown')),
  created_at INTEGER NOT NULL,
  deadline_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  UNIQUE (gateway, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  payment_id TEXT NOT NULL,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  at INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_payment ON events (payment_id, sequence);
)sql",
    R"sql(
ALTER TABLE payments ADD COLUMN plugin_version TEXT NOT NULL DEFAULT '';
)sql",
};

std::string_view write_state_name(WriteState state) {
  switch (state) {
    case WriteState::kInFlight:
      return "in_flight";
    case WriteState::kDone:
      return "done";
    case WriteState::kUnknown:
      return "unknown";
  }
  return "unknown";
}

WriteState write_state_from_name(std::string_view name) {
  if (name == "in_flight") return WriteState::kInFlight;
  return name == "done" ? WriteState::kDone : WriteState::kUnknown;
}

Status migrate(Database& database) {
  // An opening that finds nothing to do waits for no other process.
  TILL_ASSIGN(const std::int64_t found, database.query_integer("PRAGMA user_version"));
  if (found == static_cast<std::int64_t>(kMigrations.size())) return {};
  TILL_TRY(database.execute("BEGIN IMMEDIATE"));
  const auto run = [&]() -> Status {
    TILL_ASSIGN(const std::int64_t version, database.query_integer("PRAGMA user_version"));
    if (version > static_cast<std::int64_t>(kMigrations.size()))
      return Error{.kind = ErrorKind::kConfiguration,
                   .code = "store_newer",
                   .message = "the store was made by a newer till (schema " + std::to_string(version) +
                              ", this till knows " + std::to_string(kMigrations.size()) +
                              "): update till, or give it another store",
                   .field = "$.store"};
    for (auto i = static_cast<std::size_t>(version); i < kMigrations.size(); ++i) {
      TILL_TRY(database.execute(kMigrations[i]));
      TILL_TRY(database.execute(("PRAGMA user_version = " + std::to_string(i + 1)).c_str()));
    }
    return {};
  };
  Status status = run();
  Status ended = database.execute(status.ok() ? "COMMIT" : "ROLLBACK");
  return status.ok() ? ended : status;
}

// The file exists before SQLite opens it, so that it is never readable by others, not even for a moment.
Status prepare_file(const std::string& path) {
  std::error_code failed;
  const fs::path folder = fs::absolute(path, failed).parent_path();
  if (!fs::exists(folder, failed)) {
    fs::create_directories(folder, failed);
    if (failed)
      return configuration_error("$.store", "cannot make the folder " + folder.string() + ": " + failed.message());
    ::chmod(folder.c_str(), S_IRWXU);
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0)
    return configuration_error("$.store",
                               "cannot write the store at " + path + ": " + std::generic_category().message(errno));
  ::close(file);
  return {};
}

// SQLite does not wait for other processes while it changes the journal mode, so this does.
Status enter_wal_mode(Database& database) {
  constexpr auto kPause = std::chrono::milliseconds(5);
  constexpr int kMaxTries = 2'000;
  for (int tries = 1;; ++tries) {
    Status status = database.execute("PRAGMA journal_mode = WAL");
    if (status.ok() || !status.error().retryable || tries == kMaxTries) return status;
    std::this_thread::sleep_for(kPause);
  }
}

Result<std::unique_ptr<Database>> open_database(const std::string& place) {
  const bool in_memory = place == kMemory;
  if (!in_memory) TILL_TRY(prepare_file(place));
  TILL_ASSIGN(auto database, Database::open(in_memory ? ":memory:" : place));
  TILL_TRY(enter_wal_mode(*database));
  TILL_TRY(database->execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  TILL_TRY(migrate(*database));
  return database;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string place, std::unique_ptr<Database> database)
      : place_(std::move(place)), database_(std::move(database)) {}

  void suspend() override {
    if (place_ != kMemory) database_.reset();
  }

  Status resume() override {
    if (database_) return {};
    TILL_ASSIGN(database_, open_database(place_));
    return {};
  }

  Status begin() override { return database_->execute("BEGIN IMMEDIATE"); }
  Status commit() override { return database_->execute("COMMIT"); }
  void rollback() override { (void)database_->execute("ROLLBACK"); }
  bool in_transaction() const override { return database_->in_transaction(); }
  Status savepoint() override { return database_->execute("SAVEPOINT task"); }
  Status release_savepoint() override { return database_->execute("RELEASE task"); }
  void rollback_to_savepoint() override { (void)database_->execute("ROLLBACK TO task"); }

  Result<std::optional<Write>> claim_write(const Write& write) override {
    TILL_ASSIGN(Statement insert, database_->prepare("INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                                     "ON CONFLICT (gateway, idempotency_key) DO NOTHING"));
    insert.bind(write.id).bind(write.gateway).bind(write.idempotency_key).bind(write.operation).bind(write.input_hash);
    insert.bind(write.payment_id).bind(write_state_name(write.state)).bind(write.created_at).bind(write.deadline_at);
    TILL_TRY(insert.bind(write.outcome).run());
    if (database_->changes() == 1) return std::optional<Write>();
    return find_write(write.gateway, write.idempotency_key);
  }

  Status settle_write(std::string_view id, WriteState state, std::string_view outcome) override {
    TILL_ASSIGN(Statement update, database_->prepare("UPDATE writes SET state = ?, outcome = ? WHERE id = ?"));
    return update.bind(write_state_name(state)).bind(outcome).bind(id).run();
  }

  Status forget_write(std::string_view id) override {
    TILL_ASSIGN(Statement remove, database_->prepare("DELETE FROM writes WHERE id = ?"));
    return remove.bind(id).run();
  }

  Status put_payment(const Payment& payment) override {
    TILL_ASSIGN(Statement upsert,
                database_->prepare("INSERT OR REPLACE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    upsert.bind(payment.id).bind(payment.gateway).bind(payment.provider_id).bind(payment.reference);
    upsert.bind(payment_status_name(payment.status)).bind(payment.outcome == Outcome::kKnown ? "known" : "unknown");
    upsert.bind(payment.updated_at).bind(json::write(payment_to_record(payment)));
    return upsert.bind(payment.plugin_version).run();
  }

  Status forget_payment(std::string_view id) override {
    TILL_ASSIGN(Statement remove, database_->prepare("DELETE FROM payments WHERE id = ?"));
    return remove.bind(id).run();
  }

  Result<std::optional<Payment>> find_payment(std::string_view id) override {
    TILL_ASSIGN(Statement select, database_->prepare("SELECT record FROM payments WHERE id = ?"));
    select.bind(id);
    return first_payment(select);
  }

  Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view gateway,
                                                             std::string_view provider_id) override {
    TILL_ASSIGN(
        Statement select,
        database_->prepare("SELECT record FROM payments WHERE gateway = ? AND provider_id = ? ORDER BY id LIMIT 1"));
    select.bind(gateway).bind(provider_id);
    return first_payment(select);
  }

  Result<std::vector<Payment>> list_payments(const PaymentQuery& query) override {
    TILL_ASSIGN(Statement select,
                database_->prepare("SELECT record FROM payments WHERE gateway = ?1 AND (?2 = '' OR reference = ?2) AND "
                                   "(?3 = '' OR status = ?3) AND (?4 = '' OR outcome = ?4) AND (?5 = '' OR id < ?5) "
                                   "ORDER BY id DESC LIMIT ?6"));
    select.bind(query.gateway).bind(query.reference).bind(query.status ? payment_status_name(*query.status) : "");
    select.bind(query.only_unknown ? "unknown" : "").bind(query.before_id).bind(static_cast<std::int64_t>(query.limit));
    std::vector<Payment> payments;
    while (true) {
      TILL_ASSIGN(auto payment, first_payment(select));
      if (!payment) return payments;
      payments.push_back(std::move(*payment));
    }
  }

  Status add_event(const Event& event) override {
    TILL_ASSIGN(Statement insert,
                database_->prepare("INSERT INTO events (payment_id, type, source, at, detail) VALUES (?, ?, ?, ?, ?)"));
    return insert.bind(event.payment_id).bind(event.type).bind(event.source).bind(event.at).bind(event.detail).run();
  }

  Result<std::vector<Event>> list_events(std::string_view payment_id) override {
    TILL_ASSIGN(Statement select, database_->prepare("SELECT payment_id, type, source, at, detail FROM events "
                                                     "WHERE payment_id = ? ORDER BY sequence"));
    select.bind(payment_id);
    std::vector<Event> events;
    while (true) {
      TILL_ASSIGN(const bool row, select.step());
      if (!row) return events;
      events.push_back({.payment_id = select.text(0),
                        .type = select.text(1),
                        .source = select.text(2),
                        .at = select.integer(3),
                        .detail = select.text(4)});
    }
  }

 private:
  Result<std::optional<Write>> find_write(std::string_view gateway, std::string_view key) {
    TILL_ASSIGN(
        Statement select,
        database_->prepare("SELECT id, gateway, idempotency_key, operation, input_hash, payment_id, state, "
                           "created_at, deadline_at, outcome FROM writes WHERE gateway = ? AND idempotency_key = ?"));
    TILL_ASSIGN(const bool row, select.bind(gateway).bind(key).step());
    if (!row) return internal_error("a recorded write has gone");
    return std::optional(Write{.id = select.text(0),
                               .gateway = select.text(1),
                               .idempotency_key = select.text(2),
                               .operation = select.text(3),
                               .input_hash = select.text(4),
                               .payment_id = select.text(5),
                               .state = write_state_from_name(select.text(6)),
                               .created_at = select.integer(7),
                               .deadline_at = select.integer(8),
                               .outcome = select.text(9)});
  }

  static Result<std::optional<Payment>> first_payment(Statement& select) {
    TILL_ASSIGN(const bool row, select.step());
    if (!row) return std::optional<Payment>();
    TILL_ASSIGN(const json::Value record, json::parse(select.text(0)));
    TILL_ASSIGN(Payment payment, payment_from_record(record));
    return std::optional(std::move(payment));
  }

  std::string place_;
  std::unique_ptr<Database> database_;  // null while suspended
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& place) {
  TILL_ASSIGN(auto database, open_database(place));
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(place, std::move(database)));
}

}  // namespace till
