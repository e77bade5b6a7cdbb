// SQLite behind SqlDatabase: one connection to one file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/store/sql.h"

struct sqlite3;
struct sqlite3_stmt;

namespace till {

class SqliteDatabase final : public SqlDatabase {
 public:
  // `path` of a file that is there, or ":memory:".
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
  ~SqliteDatabase() override;
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  using SqlDatabase::query;
  Result<SqlRows> query(std::string_view sql, std::span<const SqlValue> values) override;
  std::string_view kind() const override { return "sqlite"; }
  Result<std::int64_t> schema_version() override { return query_integer("PRAGMA user_version"); }
  Result<std::int64_t> size_bytes() override;
  Status execute(const char* sql) override;
  bool in_transaction() const override;
  // Takes the write lock at once, so that what the transaction reads stays true to its end.
  Status begin() override { return execute("BEGIN IMMEDIATE"); }
  Status commit() override { return execute("COMMIT"); }
  std::string_view for_update() const override { return {}; }
  std::string_view skip_locked() const override { return {}; }

  Result<std::int64_t> query_integer(const char* sql);

 private:
  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql);

  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace till
