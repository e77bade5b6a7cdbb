// Database and Statement: thin, and every failing call becomes an Error that names SQLite's own reason.
#include "core/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace till {
namespace {

// How long a statement waits for another process's transaction before it gives up.
constexpr int kBusyTimeoutMs = 15'000;

Error sqlite_error(sqlite3* handle, int code) {
  const bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
  if ((code & 0xff) == SQLITE_NOTADB)
    return configuration_error("$.store", "the store's file is no SQLite database: give another place");
  const char* reason = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  return {.kind = ErrorKind::kInternal,
          .code = busy ? "store_busy" : "store_failed",
          .message = std::string("the store cannot be used: ") + reason,
          .retryable = busy};
}

}  // namespace

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      next_parameter_(other.next_parameter_) {}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_, next_parameter_++, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_, next_parameter_++, number);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error(database_, code);
}

Status Statement::run() {
  TILL_TRY(step());
  return {};
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK)
    return configuration_error("$.store", "cannot open the store at " + path + ": " + sqlite3_errstr(code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return sqlite_error(handle_, code);
    found = statements_.emplace(sql, statement).first;
  }
  return Statement(handle_, found->second);
}

Status Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_, code);
  return {};
}

Result<std::int64_t> Database::query_integer(const char* sql) {
  TILL_ASSIGN(Statement statement, prepare(sql));
  TILL_ASSIGN(const bool row, statement.step());
  if (!row) return internal_error("the store answered a question with nothing");
  return statement.integer(0);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

}  // namespace till
