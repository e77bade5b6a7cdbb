// SqlStore: its life, and the values that its statements share. The statements themselves stand in sql_*.cpp.
#include "core/store/sql_store.h"

#include <charconv>

namespace till {

std::int64_t SqlRows::integer(std::size_t row, std::size_t column) const {
  const std::string& cell = text(row, column);
  std::int64_t number = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return number;
}

void SqlConditions::add(std::string_view condition) {
  text_.append(text_.empty() ? " WHERE " : " AND ").append(condition);
}

void SqlConditions::add(std::string_view condition, SqlValue value) {
  values_.push_back(value);
  const std::size_t place = condition.find('?');
  add(std::string(condition).replace(place, 1, "$" + std::to_string(values_.size())));
}

void SqlStore::suspend() {
  if (!in_memory_) database_.reset();
}

Status SqlStore::resume() {
  if (database_ && !database_->lost()) return {};
  TILL_ASSIGN(database_, open_(place_, Opening::kAgain));
  return {};
}

Status SqlStore::commit() {
  committing_ = database_->transaction_name();
  return database_->commit();
}

Result<bool> SqlStore::was_committed() { return database_->was_committed(committing_); }

// Outside of a transaction a lock would be over at once, but its row would have been written.
std::string SqlStore::locking(std::string_view select) const {
  return std::string(select).append(locks() ? database_->for_update() : std::string_view());
}

Status SqlStore::lock_absent(std::string_view gateway, std::string_view kind, std::string_view name) {
  if (!locks() || name.empty()) return {};
  return database_->lock(std::string(gateway).append("\n").append(kind).append("\n").append(name));
}

Status SqlStore::run(std::string_view sql, std::initializer_list<SqlValue> values) {
  TILL_TRY(database_->query(sql, values));
  return {};
}

Result<SqlRows> SqlStore::newest(std::string_view select, SqlConditions& conditions, std::string_view before_id,
                                 std::size_t limit) {
  if (!before_id.empty()) conditions.add("id < ?", before_id);
  conditions.values().push_back(sql_limit(limit));
  const std::string sql = std::string(select) + conditions.text() + " ORDER BY id DESC LIMIT $" +
                          std::to_string(conditions.values().size());
  return database_->query(sql, conditions.values());
}

Error store_gone() {
  return {.kind = ErrorKind::kInternal,
          .code = "store_gone",
          .message = "the store that was open is not there any more, and no new one is made in its place"};
}

Result<std::unique_ptr<Store>> open_sql_store(const std::string& place, SqlOpener open, bool in_memory) {
  TILL_ASSIGN(auto database, open(place, Opening::kFirst));
  return std::unique_ptr<Store>(std::make_unique<SqlStore>(place, open, in_memory, std::move(database)));
}

}  // namespace till
