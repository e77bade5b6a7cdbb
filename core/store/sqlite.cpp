// SqliteDatabase: thin, and every failing call becomes an Error that names SQLite's own reason.
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

// Gives a prepared statement back to its connection, ready for the next use.
class Turn {
 public:
  explicit Turn(sqlite3_stmt* statement) : statement_(statement) {}
  ~Turn() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  sqlite3_stmt* statement_;
};

void bind(sqlite3_stmt* statement, int place, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, place, *number);
    return;
  }
  const auto text = std::get<std::string_view>(value);
  sqlite3_bind_text64(statement, place, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string cell(sqlite3_stmt* statement, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))) : std::string();
}

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle));
  if (code != SQLITE_OK)
    return configuration_error("$.store", "cannot open the store at " + path + ": " + sqlite3_errstr(code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<sqlite3_stmt*> SqliteDatabase::prepare(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_, code);
  statements_.emplace(sql, statement);
  return statement;
}

Result<SqlRows> SqliteDatabase::query(std::string_view sql, std::span<const SqlValue> values) {
  TILL_ASSIGN(sqlite3_stmt * statement, prepare(sql));
  const Turn turn(statement);
  int place = 0;
  for (const SqlValue& value : values) bind(statement, ++place, value);
  SqlRows rows{.columns = static_cast<std::size_t>(sqlite3_column_count(statement))};
  const std::int64_t changed_before = sqlite3_total_changes64(handle_);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW)
    for (std::size_t column = 0; column < rows.columns; ++column)
      rows.cells.push_back(cell(statement, static_cast<int>(column)));
  if (code != SQLITE_DONE) return sqlite_error(handle_, code);
  rows.changed = sqlite3_total_changes64(handle_) - changed_before;
  return rows;
}

Status SqliteDatabase::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_, code);
  return {};
}

Result<std::int64_t> SqliteDatabase::query_integer(const char* sql) {
  TILL_ASSIGN(const SqlRows rows, query(sql, {}));
  if (rows.size() != 1) return internal_error("the store answered a question with nothing");
  return rows.integer(0, 0);
}

Result<std::int64_t> SqliteDatabase::size_bytes() {
  TILL_ASSIGN(const std::int64_t pages, query_integer("PRAGMA page_count"));
  TILL_ASSIGN(const std::int64_t page_bytes, query_integer("PRAGMA page_size"));
  return pages * page_bytes;
}

bool SqliteDatabase::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

}  // namespace till
