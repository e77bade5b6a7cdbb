// PostgreSQL behind SqlDatabase: one connection to one server.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/store/libpq.h"
#include "core/store/sql.h"

namespace till {

// Each transaction that changed something leaves its number in the table `commits`, in the row of its connection: by it
// another connection learns what became of it. The server's own numbers would not do, because after a crash they are
// given again.
//
// A connection that broke says so by lost(), and each call by the code "store_unreachable". Another transaction that is
// in the way is "store_conflict": the whole transaction, or its savepoint, may be tried again.
class PostgresDatabase final : public SqlDatabase {
 public:
  // `url` as in libpq. Errors never show its passwords.
  static Result<std::unique_ptr<PostgresDatabase>> open(const std::string& url);
  ~PostgresDatabase() override;
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  using SqlDatabase::query;
  Result<SqlRows> query(std::string_view sql, std::span<const SqlValue> values) override;
  std::string_view kind() const override { return "postgresql"; }
  // 0 when the schema holds no store yet.
  Result<std::int64_t> schema_version() override;
  Result<std::int64_t> size_bytes() override;
  Status execute(const char* sql) override;
  bool in_transaction() const override;
  bool lost() const override { return connection_ == nullptr; }
  Status begin() override;
  Status commit() override;
  std::string transaction_name() const override;
  Result<bool> was_committed(std::string_view transaction_name) override;
  std::string_view for_update() const override { return " FOR UPDATE"; }
  std::string_view skip_locked() const override { return " FOR UPDATE SKIP LOCKED"; }
  Status lock(std::string_view what) override;
  // Removes what connections that are gone for long have left in `commits`.
  Status forget_gone();

 private:
  // One answer of the server: of several statements the last one's, or the first error.
  struct Answer {
    pg_result* result = nullptr;
    const LibPq* pq = nullptr;
    Answer() = default;
    Answer(pg_result* given, const LibPq* library) : result(given), pq(library) {}
    Answer(Answer&& other) noexcept : result(std::exchange(other.result, nullptr)), pq(other.pq) {}
    Answer& operator=(Answer&& other) noexcept {
      std::swap(result, other.result);
      pq = other.pq;
      return *this;
    }
    ~Answer() {
      if (result) pq->clear(result);
    }
  };

  PostgresDatabase(const LibPq* pq, pg_conn* connection);
  Result<bool> is_busy_with(std::string_view server_number);
  Status check_server();
  Result<std::string> prepare(std::string_view sql, std::span<const SqlValue> values);
  Result<Answer> answer(bool sent);
  Status wait_for_answer(std::chrono::steady_clock::time_point deadline);
  Error refused(pg_result* result);
  Error gone(std::string why);
  SqlRows read_rows(pg_result* result) const;

  const LibPq* pq_;
  pg_conn* connection_;     // null once it is lost
  const std::string name_;  // of this connection: nobody else's, ever
  std::int64_t transactions_ = 0;
  std::string server_number_;  // of the last transaction, as the server calls it, and of the process that serves it
  bool changed_ = false;       // the last transaction has something to commit
  std::map<std::string, std::string, std::less<>> statements_;  // text to the name it is prepared under
};

}  // namespace till
