// SqlDatabase: what the store needs of a SQL database, so that SQLite and PostgreSQL run the same statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace till {

// What a placeholder stands for. Text is borrowed for the call.
using SqlValue = std::variant<std::string_view, std::int64_t>;

// The conditions of a SELECT that has only those it is asked for, so that its indexes can be used.
class SqlConditions {
 public:
  // `condition` with its value in the place of "?": "gateway = ?".
  void add(std::string_view condition, SqlValue value);
  void add(std::string_view condition);
  // " WHERE ... AND ...", or nothing.
  const std::string& text() const { return text_; }
  std::vector<SqlValue>& values() { return values_; }

 private:
  std::string text_;
  std::vector<SqlValue> values_;
};

// The rows of one answer, whole; no cell is NULL.
struct SqlRows {
  std::size_t columns = 0;
  std::vector<std::string> cells{};  // row by row
  std::int64_t changed = 0;          // rows that the statement inserted, updated or deleted

  std::size_t size() const { return columns == 0 ? 0 : cells.size() / columns; }
  const std::string& text(std::size_t row, std::size_t column) const { return cells[row * columns + column]; }
  std::int64_t integer(std::size_t row, std::size_t column) const;
};

// One connection. Not thread-safe. Errors as in Store.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;

  // Runs one statement. Placeholders are $1, $2, ..., numbered in the order in which they first stand in the text. A
  // text is prepared once and kept, so there may be only so many of them: never build one from data.
  virtual Result<SqlRows> query(std::string_view sql, std::span<const SqlValue> values) = 0;
  Result<SqlRows> query(std::string_view sql, std::initializer_list<SqlValue> values) {
    return query(sql, std::span<const SqlValue>(values.begin(), values.size()));
  }
  // "sqlite", "postgresql"; the number of its schema; and what it takes on the disk.
  virtual std::string_view kind() const = 0;
  virtual Result<std::int64_t> schema_version() = 0;
  virtual Result<std::int64_t> size_bytes() = 0;

  // Runs one or several statements without placeholders.
  virtual Status execute(const char* sql) = 0;
  virtual bool in_transaction() const = 0;
  // True once the connection has gone, and the open transaction with it. It does not come back.
  virtual bool lost() const { return false; }

  // Begins a transaction that may write. When that fails, none is open.
  virtual Status begin() = 0;
  // "store_commit_unknown" when the connection went before the answer came.
  virtual Status commit() = 0;
  // By what the transaction is known to was_committed() of another connection; empty where commit() always knows.
  virtual std::string transaction_name() const { return {}; }
  virtual Result<bool> was_committed(std::string_view) { return false; }
  // What a SELECT ends with to keep others from changing its rows until the transaction ends, and to pass over rows
  // that others keep. Empty where a transaction has the whole database for itself.
  virtual std::string_view for_update() const = 0;
  virtual std::string_view skip_locked() const = 0;
  // Waits until no other transaction holds the lock of that name, and holds it until this transaction ends. For what
  // is not there yet and so cannot be locked itself. Does nothing where a transaction has the whole database.
  virtual Status lock(std::string_view) { return {}; }
};

class Store;

enum class Opening { kFirst, kAgain };

// Opens the place, with everything in it that the statements need. The first opening makes what is missing; to find
// nothing there again is store_gone().
using SqlOpener = Result<std::unique_ptr<SqlDatabase>> (*)(const std::string& place, Opening opening);

// An empty store in the place of one that was open would not know what was sent.
Error store_gone();

// A store on what `open` opens. `open` is called again after suspend(), unless the place is only in memory.
Result<std::unique_ptr<Store>> open_sql_store(const std::string& place, SqlOpener open, bool in_memory);

}  // namespace till
