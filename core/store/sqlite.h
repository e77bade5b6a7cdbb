// Database and Statement: SQLite's C interface with owners and Results.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace till {

// A prepared statement in use. Give it back to the database by letting it go.
class Statement {
 public:
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Parameters in the order of their "?".
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  // True: there is a row. False: done.
  Result<bool> step();
  // Runs a statement that returns no rows.
  Status run();
  std::string text(int column) const;
  std::int64_t integer(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int next_parameter_ = 1;
};

// One connection. Not thread-safe.
class Database {
 public:
  // `path` of a file, or ":memory:".
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Prepared once for each text and kept. `sql` must be a literal.
  Result<Statement> prepare(std::string_view sql);
  // Runs one or several statements without parameters.
  Status execute(const char* sql);
  Result<std::int64_t> query_integer(const char* sql);
  bool in_transaction() const;
  // Rows changed by the last statement.
  std::int64_t changes() const;

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace till
