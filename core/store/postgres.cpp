// PostgresDatabase: each statement is sent, and its answer waited for until a deadline, so that no server, and nothing
// between here and there, can hold a thread for ever.
#include "core/store/postgres.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/store/postgres_text.h"
#include "core/store/store.h"

namespace till {
namespace {

// The first version with pg_xact_status() under that name.
constexpr int kOldestServer = 130'000;
// What libpq may take to reach one address of the host. Seconds, as text.
constexpr const char* kConnectTimeout = "5";
// How long the server works on a statement, waiting for others' locks included. The server is told.
constexpr int kStatementTimeoutMs = 15'000;
// How long it waits for one lock: shorter than the second after which PostgreSQL looks for deadlocks, so that two
// workers that wait for each other part sooner.
constexpr int kLockTimeoutMs = 250;
// When a worker's machine vanishes inside a transaction, its locks last as long.
constexpr int kIdleInTransactionTimeoutMs = 30'000;
// How long an answer may take here: the server's own limit, and the way there and back.
constexpr std::chrono::milliseconds kAnswerTimeout{kStatementTimeoutMs + 5'000};

// A connection's name, before it is written in hex.
constexpr std::size_t kNameBytes = 16;

// Object ids of the types of values (pg_type.dat), fixed for ever.
constexpr unsigned kInt8 = 20;
constexpr unsigned kText = 25;
// Fields of an error (postgres_ext.h).
constexpr int kSqlState = 'C';
constexpr int kSeverity = 'V';
constexpr int kPrimaryMessage = 'M';

Error unreachable(std::string why) {
  return {.kind = ErrorKind::kInternal,
          .code = "store_unreachable",
          .message = "the store cannot be reached: " + std::move(why),
          .retryable = true};
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// The passwords in a URL, to be kept out of what libpq says about it.
class Url {
 public:
  static Result<Url> parse(const LibPq& pq, const std::string& text) {
    const std::string_view before_query = std::string_view(text).substr(0, text.find('?'));
    const std::string_view authority = before_query.substr(before_query.find("://") + 3);
    const std::string_view user = authority.substr(0, authority.rfind('@') + 1);
    // libpq would take what follows for a host, and say so aloud.
    if (user.find_first_of("/@") < user.size() - 1 && !user.empty())
      return configuration_error("$.store", "the user and password of a postgresql:// URL write @ as %40 and / as %2F");
    char* why = nullptr;
    LibPqOption* options = pq.parse_url(text.c_str(), &why);
    if (why) pq.free_text(why);  // it quotes the URL
    if (!options)
      return configuration_error("$.store",
                                 "this is no URL that libpq can read; it looks like "
                                 "postgresql://user@host:5432/database?sslmode=verify-full");
    Url url;
    for (const LibPqOption* one = options; one->keyword; ++one) {
      const bool given = one->value && *one->value;
      if (given && one->display && std::string_view(one->display) == "*") url.secrets_.emplace_back(one->value);
    }
    pq.free_options(options);
    return url;
  }

  std::string without_secrets(std::string text) const {
    for (const std::string& secret : secrets_)
      for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3)
        text.replace(at, secret.size(), "***");
    return text;
  }

 private:
  std::vector<std::string> secrets_;
};

bool is_unreachable(std::string_view state) {
  constexpr std::array<std::string_view, 5> kStates{"57P01",   // admin_shutdown
                                                    "57P02",   // crash_shutdown
                                                    "57P03",   // cannot_connect_now
                                                    "53300",   // too_many_connections
                                                    "25006"};  // read_only_sql_transaction: not the primary any more
  return state.starts_with("08") || std::find(kStates.begin(), kStates.end(), state) != kStates.end();
}

bool is_conflict(std::string_view state) {
  constexpr std::array<std::string_view, 4> kStates{"40001",   // serialization_failure
                                                    "40P01",   // deadlock_detected
                                                    "55P03",   // lock_not_available
                                                    "53200"};  // out_of_memory: too many locks at once
  return std::find(kStates.begin(), kStates.end(), state) != kStates.end();
}

std::string setting(std::string_view name, int value) {
  return "SET " + std::string(name) + " = " + std::to_string(value) + "; ";
}

// Durable means flushed, whatever the server's default is; what is stricter than that stays.
std::string session_settings() {
  return setting("statement_timeout", kStatementTimeoutMs) + setting("lock_timeout", kLockTimeoutMs) +
         setting("idle_in_transaction_session_timeout", kIdleInTransactionTimeoutMs) +
         "SET standard_conforming_strings = on; SET jit = off; "
         "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
}

}  // namespace

Status prepare_postgres_stores() {
  TILL_TRY(load_libpq());
  return {};
}

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(const std::string& url) {
  TILL_ASSIGN(const LibPq* pq, load_libpq());
  TILL_ASSIGN(const Url parsed, Url::parse(*pq, url));
  // Before "dbname", which stands for the whole URL, are defaults that it may replace; after it is what it may not.
  const std::array<const char*, 10> keywords{
      "application_name", "connect_timeout",      "keepalives_idle", "keepalives_interval", "keepalives_count",
      "tcp_user_timeout", "target_session_attrs", "dbname",          "client_encoding",     nullptr};
  const std::array<const char*, 10> values{"till",  kConnectTimeout, "10",        "5",    "3",
                                           "20000", "read-write",    url.c_str(), "UTF8", nullptr};
  pg_conn* connection = pq->connect(keywords.data(), values.data(), 1);
  if (!connection) return unreachable("no memory is left for a connection");
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(pq, connection));
  if (pq->status(connection) != LibPq::kConnectionOk)
    return unreachable(parsed.without_secrets(one_line(pq->error_message(connection))));
  pq->set_notice_processor(
      connection, [](void*, const char*) {}, nullptr);
  TILL_TRY(database->check_server());
  TILL_TRY(database->execute(session_settings().c_str()));
  return database;
}

PostgresDatabase::PostgresDatabase(const LibPq* pq, pg_conn* connection)
    : pq_(pq), connection_(connection), name_(hex_encode(random_bytes(kNameBytes))) {}

PostgresDatabase::~PostgresDatabase() {
  if (connection_) pq_->finish(connection_);
}

Status PostgresDatabase::check_server() {
  if (pq_->server_version(connection_) < kOldestServer)
    return configuration_error("$.store", "the PostgreSQL server is too old: version 13 or newer is needed");
  const char* encoding = pq_->parameter_status(connection_, "server_encoding");
  if (!encoding || std::string_view(encoding) != "UTF8")
    return configuration_error("$.store",
                               "the database must have the encoding UTF8: create database ... encoding utf8");
  return {};
}

Error PostgresDatabase::gone(std::string why) {
  if (connection_) pq_->finish(connection_);
  connection_ = nullptr;
  statements_.clear();
  return unreachable(std::move(why));
}

// PostgreSQL's first sentence only: what follows may quote rows.
Error PostgresDatabase::refused(pg_result* result) {
  const auto field = [&](int name) -> std::string {
    const char* text = pq_->error_field(result, name);
    return text ? one_line(text) : std::string();
  };
  const std::string state = field(kSqlState);
  const std::string severity = field(kSeverity);
  std::string why = field(kPrimaryMessage);
  if (why.empty()) why = "the connection broke";
  if (pq_->status(connection_) != LibPq::kConnectionOk || severity == "FATAL" || severity == "PANIC" ||
      is_unreachable(state))
    return gone(std::move(why));
  const bool conflict = is_conflict(state);
  const bool late = state == "57014";  // query_canceled
  return {.kind = ErrorKind::kInternal,
          .code = conflict ? "store_conflict"
                  : late   ? "store_busy"
                           : "store_failed",
          .message = "the store cannot be used: " + std::move(why),
          .retryable = conflict || late};
}

Status PostgresDatabase::wait_for_answer(std::chrono::steady_clock::time_point deadline) {
  while (pq_->is_busy(connection_) != 0) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds::zero()) return gone("it did not answer in time");
    pollfd ready{.fd = pq_->socket(connection_), .events = POLLIN, .revents = 0};
    const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (count < 0 && errno != EINTR) return gone(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    if (count > 0 && pq_->consume_input(connection_) == 0) return gone(one_line(pq_->error_message(connection_)));
  }
  return {};
}

Result<PostgresDatabase::Answer> PostgresDatabase::answer(bool sent) {
  if (!sent) return gone(one_line(pq_->error_message(connection_)));
  const auto deadline = std::chrono::steady_clock::now() + kAnswerTimeout;
  Answer last;
  std::optional<Error> error;
  while (true) {
    TILL_TRY(wait_for_answer(deadline));
    Answer next(pq_->get_result(connection_), pq_);
    if (!next.result) break;
    const int status = pq_->result_status(next.result);
    if (status != LibPq::kCommandOk && status != LibPq::kTuplesOk) {
      Error refusal = refused(next.result);
      if (lost()) return refusal;
      if (!error) error = std::move(refusal);
    }
    last = std::move(next);
  }
  if (error) return *std::move(error);
  if (!last.result) return gone("it answered with nothing");
  return last;
}

Result<std::string> PostgresDatabase::prepare(std::string_view sql, std::span<const SqlValue> values) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  std::vector<unsigned> types;
  for (const SqlValue& value : values) types.push_back(std::holds_alternative<std::int64_t>(value) ? kInt8 : kText);
  std::string name = "till_" + std::to_string(statements_.size());
  const int count = static_cast<int>(types.size());
  TILL_TRY(answer(pq_->send_prepare(connection_, name.c_str(), std::string(sql).c_str(), count, types.data()) != 0));
  statements_.emplace(sql, name);
  return name;
}

SqlRows PostgresDatabase::read_rows(pg_result* result) const {
  SqlRows rows{.columns = static_cast<std::size_t>(pq_->column_count(result))};
  const int count = pq_->row_count(result);
  for (int row = 0; row < count; ++row)
    for (int column = 0; column < static_cast<int>(rows.columns); ++column)
      rows.cells.push_back(from_postgres_text(
          {pq_->value(result, row, column), static_cast<std::size_t>(pq_->value_length(result, row, column))}));
  // A SELECT counts what it returns.
  const std::string_view command = pq_->command_status(result);
  const std::string_view changed = command.starts_with("SELECT") ? "0" : pq_->changed_rows(result);
  std::from_chars(changed.data(), changed.data() + changed.size(), rows.changed);
  return rows;
}

Result<SqlRows> PostgresDatabase::query(std::string_view sql, std::span<const SqlValue> values) {
  if (lost()) return unreachable("the connection broke before");
  TILL_ASSIGN(const std::string name, prepare(sql, values));
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const SqlValue& value : values) {
    const auto* number = std::get_if<std::int64_t>(&value);
    texts.push_back(number ? std::to_string(*number) : to_postgres_text(std::get<std::string_view>(value)));
  }
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const int count = static_cast<int>(pointers.size());
  TILL_ASSIGN(const Answer got,
              answer(pq_->send_prepared(connection_, name.c_str(), count, pointers.data(), nullptr, nullptr, 0) != 0));
  SqlRows rows = read_rows(got.result);
  if (rows.changed > 0) changed_ = true;
  return rows;
}

Status PostgresDatabase::execute(const char* sql) {
  if (lost()) return unreachable("the connection broke before");
  TILL_TRY(answer(pq_->send_query(connection_, sql) != 0));
  return {};
}

bool PostgresDatabase::in_transaction() const {
  if (lost()) return false;
  const int status = pq_->transaction_status(connection_);
  return status == LibPq::kInTransaction || status == LibPq::kInFailedTransaction;
}

// When only half of it succeeds, or an earlier transaction did not end, every later one would fail: such a connection
// is given up.
Status PostgresDatabase::begin() {
  server_number_.clear();
  changed_ = false;
  if (lost()) return unreachable("the connection broke before");
  const auto begun =
      answer(pq_->send_query(connection_,
                             "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_current_xact_id()") != 0);
  if (!begun.ok()) return lost() ? begun.error() : gone("a transaction did not begin: " + begun.error().message);
  server_number_ = std::string(pq_->value(begun->result, 0, 0)) + ":" + std::to_string(pq_->backend_pid(connection_));
  ++transactions_;
  return {};
}

// Only the answer COMMIT means that it is. Without an answer nobody knows, for it may have been done just before the
// connection broke: then the transaction's own number stands in the table, or does not.
Status PostgresDatabase::commit() {
  if (lost()) return unreachable("the connection broke before");
  const std::string number = std::to_string(transactions_);
  const std::string leave_number = "INSERT INTO commits (connection, number, at) VALUES ('" + name_ + "', " + number +
                                   ", now()) ON CONFLICT (connection) DO UPDATE SET number = " + number +
                                   ", at = now(); ";
  const std::string sql = (changed_ ? leave_number : std::string()) + "COMMIT";
  auto committed = answer(pq_->send_query(connection_, sql.c_str()) != 0);
  if (!committed.ok()) {
    Error error = std::move(committed).error();
    if (lost()) error.code = "store_commit_unknown";
    return error;
  }
  if (std::string_view(pq_->command_status(committed->result)) == "COMMIT") return {};
  return internal_error("the store took a transaction back");
}

// "xid:pid:connection:number"; the last two are left out of what has nothing to commit.
std::string PostgresDatabase::transaction_name() const {
  return server_number_ + ":" + (changed_ ? name_ + ":" + std::to_string(transactions_) : std::string());
}

// A transaction whose client has gone may still be open there, waiting for a client that never comes: its connection is
// ended, and the next question finds out how it ended. A number that the server does not remember, or has not given
// yet, is an error to it, and no open transaction.
Result<bool> PostgresDatabase::is_busy_with(std::string_view server_number) {
  const std::size_t colon = server_number.find(':');
  const std::string_view transaction = server_number.substr(0, colon);
  const auto found = query("SELECT pg_xact_status($1::xid8)", {transaction});
  if (!found.ok() && found.error().code == "store_failed") return false;
  if (!found.ok()) return found.error();
  if (found->text(0, 0) != "in progress") return false;
  TILL_TRY(
      query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::int AND backend_xid = "
            "$2::xid8::xid",
            {server_number.substr(colon + 1), transaction}));
  return true;
}

Result<bool> PostgresDatabase::was_committed(std::string_view transaction_name) {
  const std::size_t own = transaction_name.find(':', transaction_name.find(':') + 1);
  TILL_ASSIGN(const bool busy, is_busy_with(transaction_name.substr(0, own)));
  if (busy) return unreachable("it is still busy with the transaction");
  const std::string_view name = transaction_name.substr(own + 1);
  if (name.empty()) return false;
  const std::size_t colon = name.find(':');
  TILL_ASSIGN(const SqlRows found, query("SELECT 1 FROM commits WHERE connection = $1 AND number::text = $2",
                                         {name.substr(0, colon), name.substr(colon + 1)}));
  return found.size() == 1;
}

// Nobody asks about what was committed so long ago. Rows that somebody else removes at the same time are left to them.
Status PostgresDatabase::forget_gone() {
  return execute(
      "DELETE FROM commits WHERE connection IN (SELECT connection FROM commits WHERE at < now() - interval '1 hour' "
      "LIMIT 100 FOR UPDATE SKIP LOCKED)");
}

Result<std::int64_t> PostgresDatabase::schema_version() {
  TILL_ASSIGN(const SqlRows table, query("SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = "
                                         "current_schema() AND tablename = 'till_schema'",
                                         {}));
  if (table.integer(0, 0) == 0) return std::int64_t{0};
  TILL_ASSIGN(const SqlRows version, query("SELECT version FROM till_schema", {}));
  return version.size() == 1 ? version.integer(0, 0) : std::int64_t{0};
}

Result<std::int64_t> PostgresDatabase::size_bytes() {
  TILL_ASSIGN(const SqlRows size,
              query("SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c WHERE "
                    "c.relnamespace = current_schema()::regnamespace AND c.relname IN ('payments', 'writes', "
                    "'events', 'webhooks', 'refusals', 'commits')",
                    {}));
  return size.integer(0, 0);
}

Status PostgresDatabase::lock(std::string_view what) {
  TILL_TRY(query("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))", {what}));
  return {};
}

}  // namespace till
