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

#include "core/store/sqlite.h"
#include "core/store/store.h"

namespace till {
namespace {

namespace fs = std::filesystem;

// The place that is no file.
constexpr std::string_view kMemory = "memory";

// Numbered from 1 by place; never edited once released, only added to. PRAGMA user_version holds the last one run.
constexpr std::array<const char*, 4> kMigrations{
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
    // What happened before there was an inbox needs no handler any more.
    R"sql(
ALTER TABLE payments ADD COLUMN look_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
CREATE INDEX payments_due ON payments (gateway, look_at) WHERE look_at > 0;
CREATE INDEX payments_unknown ON payments (gateway, id) WHERE outcome = 'unknown';
ALTER TABLE writes ADD COLUMN input TEXT NOT NULL DEFAULT '';
ALTER TABLE writes ADD COLUMN look_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE writes ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;
UPDATE writes SET look_at = deadline_at;
CREATE INDEX writes_unsettled ON writes (gateway, look_at) WHERE state <> 'done';
CREATE INDEX writes_by_payment ON writes (payment_id);
ALTER TABLE events ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN gateway TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN state TEXT NOT NULL DEFAULT 'done' CHECK (state IN ('waiting', 'taken', 'done', 'dead'));
ALTER TABLE events ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN lease TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN last_error TEXT NOT NULL DEFAULT '';
UPDATE events SET id = printf('evt_%026d', sequence),
  gateway = coalesce((SELECT gateway FROM payments WHERE payments.id = events.payment_id), '');
CREATE UNIQUE INDEX events_by_id ON events (id);
CREATE INDEX events_open ON events (sequence) WHERE state IN ('waiting', 'taken');
CREATE INDEX events_dead ON events (gateway, id) WHERE state = 'dead';
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  dedupe_key TEXT NOT NULL,
  event TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('done', 'unmatched')),
  signature TEXT NOT NULL,
  trust TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (gateway, dedupe_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_unmatched ON webhooks (gateway, id) WHERE state = 'unmatched';
CREATE TABLE refusals (
  gateway TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (gateway, reason)
) STRICT, WITHOUT ROWID;
)sql",
    // Nobody knows when what is done was done: not after now.
    R"sql(
ALTER TABLE writes ADD COLUMN settled_at INTEGER NOT NULL DEFAULT 0;
UPDATE writes SET settled_at = 1000 * CAST(strftime('%s', 'now') AS INTEGER) WHERE state = 'done';
)sql",
};

Status migrate(SqliteDatabase& database, Opening opening) {
  // An opening that finds nothing to do waits for no other process.
  TILL_ASSIGN(const std::int64_t found, database.query_integer("PRAGMA user_version"));
  if (found == static_cast<std::int64_t>(kMigrations.size())) return {};
  if (found == 0 && opening == Opening::kAgain) return store_gone();
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

// The file exists before SQLite opens it, so that it is never readable by others, not even for a moment. One that is
// there is left alone: closing any descriptor of it would drop the locks of this process's other connections, and the
// next process to close the store would take away the journal that they go on writing to. Nobody else may make it
// meanwhile in this process; Runtime opens one store at a time.
Status prepare_file(const std::string& path) {
  std::error_code failed;
  const fs::path folder = fs::absolute(path, failed).parent_path();
  if (!fs::exists(folder, failed)) {
    fs::create_directories(folder, failed);
    if (failed)
      return configuration_error("$.store", "cannot make the folder " + folder.string() + ": " + failed.message());
    ::chmod(folder.c_str(), S_IRWXU);
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0 && errno == EEXIST) return {};
  if (file < 0)
    return configuration_error("$.store",
                               "cannot write the store at " + path + ": " + std::generic_category().message(errno));
  ::close(file);
  return {};
}

// SQLite does not wait for other processes while it changes the journal mode, so this does.
Status enter_wal_mode(SqliteDatabase& database) {
  constexpr auto kPause = std::chrono::milliseconds(5);
  constexpr int kMaxTries = 2'000;
  for (int tries = 1;; ++tries) {
    Status status = database.execute("PRAGMA journal_mode = WAL");
    if (status.ok() || !status.error().retryable || tries == kMaxTries) return status;
    std::this_thread::sleep_for(kPause);
  }
}

Result<std::unique_ptr<SqlDatabase>> open_database(const std::string& place, Opening opening) {
  const bool in_memory = place == kMemory;
  std::error_code failed;
  if (opening == Opening::kAgain && !fs::exists(place, failed)) return store_gone();
  if (opening == Opening::kFirst && !in_memory) TILL_TRY(prepare_file(place));
  TILL_ASSIGN(auto database, SqliteDatabase::open(in_memory ? ":memory:" : place));
  TILL_TRY(enter_wal_mode(*database));
  TILL_TRY(database->execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  TILL_TRY(migrate(*database, opening));
  return std::unique_ptr<SqlDatabase>(std::move(database));
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& place) {
  return open_sql_store(place, open_database, place == kMemory);
}

}  // namespace till
