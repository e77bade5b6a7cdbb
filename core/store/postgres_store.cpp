// The PostgreSQL store: one schema of a database, shared by every worker on every machine.
#include <array>
#include <string>
#include <utility>

#include "core/store/postgres.h"
#include "core/store/store.h"

namespace till {
namespace {

// Numbered from 1 by place; never edited once released, only added to. The table till_schema holds the last one run.
// Ids are compared byte by byte, as SQLite does.
constexpr std::array<const char*, 3> kMigrations{
    R"sql(
CREATE TABLE payments (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  gateway text COLLATE "C" NOT NULL,
  provider_id text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  updated_at bigint NOT NULL,
  record text COLLATE "C" NOT NULL,
  plugin_version text COLLATE "C" NOT NULL,
  look_at bigint NOT NULL,
  looks bigint NOT NULL
);
CREATE INDEX payments_by_gateway ON payments (gateway, id);
CREATE INDEX payments_by_provider_id ON payments (gateway, provider_id);
CREATE INDEX payments_by_reference ON payments (gateway, reference);
CREATE INDEX payments_due ON payments (gateway, look_at) WHERE look_at > 0;
CREATE INDEX payments_unknown ON payments (gateway, id) WHERE outcome = 'unknown';
CREATE TABLE writes (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  gateway text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  input_hash text COLLATE "C" NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('in_flight', 'done', 'unknown')),
  created_at bigint NOT NULL,
  deadline_at bigint NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  input text COLLATE "C" NOT NULL,
  look_at bigint NOT NULL,
  looks bigint NOT NULL,
  UNIQUE (gateway, idempotency_key)
);
CREATE INDEX writes_unsettled ON writes (gateway, look_at) WHERE state <> 'done';
CREATE INDEX writes_by_payment ON writes (payment_id);
CREATE TABLE events (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  gateway text COLLATE "C" NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  detail text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'taken', 'done', 'dead')),
  attempts bigint NOT NULL DEFAULT 0,
  due_at bigint NOT NULL DEFAULT 0,
  lease text COLLATE "C" NOT NULL DEFAULT '',
  last_error text COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX events_by_payment ON events (payment_id, sequence);
CREATE INDEX events_open ON events (sequence) WHERE state IN ('waiting', 'taken');
CREATE INDEX events_open_by_payment ON events (payment_id, sequence) WHERE state IN ('waiting', 'taken');
CREATE INDEX events_dead ON events (gateway, id) WHERE state = 'dead';
CREATE TABLE webhooks (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  gateway text COLLATE "C" NOT NULL,
  dedupe_key text COLLATE "C" NOT NULL,
  event text COLLATE "C" NOT NULL,
  provider_id text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('done', 'unmatched')),
  signature text COLLATE "C" NOT NULL,
  trust text COLLATE "C" NOT NULL,
  received_at bigint NOT NULL,
  body text COLLATE "C" NOT NULL,
  UNIQUE (gateway, dedupe_key)
);
CREATE INDEX webhooks_unmatched ON webhooks (gateway, id) WHERE state = 'unmatched';
CREATE TABLE refusals (
  gateway text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  first_at bigint NOT NULL,
  last_at bigint NOT NULL,
  PRIMARY KEY (gateway, reason)
);
)sql",
    // A connection's row changes with each of its commits: room is left for that on its page.
    R"sql(
CREATE TABLE commits (
  connection text COLLATE "C" NOT NULL PRIMARY KEY,
  number bigint NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);
)sql",
    // Nobody knows when what is done was done: not after now.
    R"sql(
ALTER TABLE writes ADD COLUMN settled_at bigint NOT NULL DEFAULT 0;
UPDATE writes SET settled_at = (1000 * extract(epoch FROM now()))::bigint WHERE state = 'done';
)sql",
};

Error newer(std::int64_t version) {
  return {.kind = ErrorKind::kConfiguration,
          .code = "store_newer",
          .message = "the store was made by a newer till (schema " + std::to_string(version) + ", this till knows " +
                     std::to_string(kMigrations.size()) + "): update till, or give it another store",
          .field = "$.store"};
}

Status check_schema(PostgresDatabase& database) {
  TILL_ASSIGN(const SqlRows schema,
              database.query("SELECT coalesce(current_schema(), ''), current_setting('search_path')", {}));
  if (!schema.text(0, 0).empty()) return {};
  return configuration_error("$.store", "there is no schema for the store: make one of those that search_path names (" +
                                            schema.text(0, 1) + ") with CREATE SCHEMA");
}

// `made` said no: which of the two things that are wrong with a place is it?
Error cannot_make(Error error) {
  if (error.code != "store_failed") return error;
  return configuration_error("$.store",
                             error.message +
                                 "; the store needs a schema of its own in which it may make tables, for instance "
                                 "with ?options=-csearch_path%3Dtill after CREATE SCHEMA till");
}

// One opener at a time, and what it does becomes visible as a whole.
Status run_migrations(PostgresDatabase& database) {
  TILL_TRY(database.execute("SET LOCAL lock_timeout = 0"));
  TILL_TRY(database.lock("till_schema"));
  TILL_ASSIGN(const std::int64_t version, database.schema_version());
  if (version > static_cast<std::int64_t>(kMigrations.size())) return newer(version);
  for (auto i = static_cast<std::size_t>(version); i < kMigrations.size(); ++i) {
    if (Status made = database.execute(kMigrations[i]); !made.ok()) return cannot_make(std::move(made).error());
  }
  if (version == 0) TILL_TRY(database.execute("CREATE TABLE till_schema (version bigint NOT NULL)"));
  TILL_TRY(database.execute("DELETE FROM till_schema"));
  TILL_TRY(database.query("INSERT INTO till_schema VALUES ($1)", {static_cast<std::int64_t>(kMigrations.size())}));
  return {};
}

Status migrate(PostgresDatabase& database, Opening opening) {
  TILL_TRY(check_schema(database));
  TILL_ASSIGN(const std::int64_t found, database.schema_version());
  if (found == static_cast<std::int64_t>(kMigrations.size())) return {};
  if (found == 0 && opening == Opening::kAgain) return store_gone();
  if (found > static_cast<std::int64_t>(kMigrations.size())) return newer(found);
  TILL_TRY(database.begin());
  Status status = run_migrations(database);
  if (status.ok()) return database.commit();
  (void)database.execute("ROLLBACK");
  return status;
}

Result<std::unique_ptr<SqlDatabase>> open_database(const std::string& url, Opening opening) {
  TILL_ASSIGN(auto database, PostgresDatabase::open(url));
  TILL_TRY(migrate(*database, opening));
  (void)database->forget_gone();  // what is not removed now is the next time
  return std::unique_ptr<SqlDatabase>(std::move(database));
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres_store(const std::string& url) {
  return open_sql_store(url, open_database, false);
}

}  // namespace till
