// SqlStore: payments.
#include "core/json/json.h"
#include "core/json/written.h"
#include "core/store/sql_store.h"

namespace till {
namespace {

Error unreadable(std::string_view id, const Error& why) {
  return {.kind = ErrorKind::kInternal,
          .code = std::string(kUnreadablePayment),
          .message = "what the store has of the payment cannot be read: " + why.message,
          .payment_id = std::string(id)};
}

// From the columns record, look_at, looks and id. look_at is 0 for a payment that nobody needs to look at.
Result<Payment> read_payment(const SqlRows& rows, std::size_t row) {
  const auto record = json::parse_written(rows.text(row, 0));
  if (!record.ok()) return unreadable(rows.text(row, 3), record.error());
  auto payment = payment_from_record(*record);
  if (!payment.ok()) return unreadable(rows.text(row, 3), payment.error());
  if (const UnixMillis look_at = rows.integer(row, 1)) payment->look_at = look_at;
  payment->looks = rows.integer(row, 2);
  return payment;
}

Result<std::optional<Payment>> read_one(const SqlRows& rows) {
  if (rows.size() == 0) return std::optional<Payment>();
  TILL_ASSIGN(Payment payment, read_payment(rows, 0));
  return std::optional(std::move(payment));
}

// Appends the rows' payments; the ids of those that cannot be read go to `unreadable`, where there is one.
Status read_all(const SqlRows& rows, std::vector<Payment>& payments, std::vector<std::string>* unreadable) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto payment = read_payment(rows, row);
    if (payment.ok())
      payments.push_back(*std::move(payment));
    else if (unreadable)
      unreadable->emplace_back(rows.text(row, 3));
    else
      return std::move(payment).error();
  }
  return {};
}

}  // namespace

Status SqlStore::put_payment(const Payment& payment) {
  const std::string record = json::write(payment_to_record(payment));
  return run(
      "INSERT INTO payments (id, gateway, provider_id, reference, status, outcome, updated_at, record, plugin_version, "
      "look_at, looks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET "
      "gateway = excluded.gateway, provider_id = excluded.provider_id, reference = excluded.reference, "
      "status = excluded.status, outcome = excluded.outcome, updated_at = excluded.updated_at, "
      "record = excluded.record, plugin_version = excluded.plugin_version, look_at = excluded.look_at, "
      "looks = excluded.looks",
      {payment.id, payment.gateway, payment.provider_id, payment.reference, payment_status_name(payment.status),
       payment.outcome == Outcome::kKnown ? "known" : "unknown", payment.updated_at, record, payment.plugin_version,
       payment.look_at.value_or(0), payment.looks});
}

Status SqlStore::forget_payment(std::string_view id) { return run("DELETE FROM payments WHERE id = $1", {id}); }

Result<std::optional<Payment>> SqlStore::find_payment(std::string_view id) {
  TILL_ASSIGN(const SqlRows rows,
              database_->query(locking("SELECT record, look_at, looks, id FROM payments WHERE id = $1"), {id}));
  return read_one(rows);
}

Result<std::optional<Payment>> SqlStore::find_payment_by_provider_id(std::string_view gateway,
                                                                     std::string_view provider_id) {
  const std::string find = locking(
      "SELECT record, look_at, looks, id FROM payments WHERE gateway = $1 AND provider_id = $2 ORDER BY id LIMIT 1");
  TILL_ASSIGN(SqlRows rows, database_->query(find, {gateway, provider_id}));
  if (rows.size() == 0 && locks()) {
    TILL_TRY(lock_absent(gateway, "provider_id", provider_id));
    TILL_ASSIGN(rows, database_->query(find, {gateway, provider_id}));
  }
  return read_one(rows);
}

Result<std::vector<Payment>> SqlStore::list_payments(const PaymentQuery& query) {
  if (!query.gateway.empty()) TILL_TRY(lock_absent(query.gateway, "reference", query.reference));
  SqlConditions conditions;
  if (!query.gateway.empty()) conditions.add("gateway = ?", query.gateway);
  if (!query.reference.empty()) conditions.add("reference = ?", query.reference);
  if (query.status) conditions.add("status = ?", payment_status_name(*query.status));
  if (query.only_unknown) conditions.add("outcome = 'unknown'");
  std::vector<Payment> payments;
  std::string before_id = query.before_id;
  while (payments.size() < query.limit) {
    SqlConditions page = conditions;
    const std::size_t wanted = query.limit - payments.size();
    TILL_ASSIGN(const SqlRows rows, newest("SELECT record, look_at, looks, id FROM payments", page, before_id, wanted));
    TILL_TRY(read_all(rows, payments, query.unreadable));
    if (rows.size() < wanted) break;
    before_id = rows.text(rows.size() - 1, 3);
  }
  return payments;
}

Result<std::vector<Payment>> SqlStore::take_due_payments(std::string_view gateway, UnixMillis now_ms,
                                                         UnixMillis again_at, std::size_t limit,
                                                         std::vector<std::string>& unreadable) {
  const std::string take =
      "WITH due AS MATERIALIZED (SELECT id AS due_id FROM payments WHERE gateway = $1 AND look_at > 0 AND "
      "look_at <= $2 ORDER BY look_at, id LIMIT $3" +
      std::string(database_->skip_locked()) +
      ") UPDATE payments SET look_at = $4, looks = looks + 1 WHERE id IN (SELECT due_id FROM due) RETURNING record, "
      "look_at, looks, id";
  TILL_ASSIGN(const SqlRows rows, database_->query(take, {gateway, now_ms, sql_limit(limit), again_at}));
  std::vector<Payment> payments;
  TILL_TRY(read_all(rows, payments, &unreadable));
  return payments;
}

Status SqlStore::hasten_payment(std::string_view id, UnixMillis look_at) {
  return run("UPDATE payments SET look_at = $1, looks = 0 WHERE id = $2 AND (look_at = 0 OR look_at > $1)",
             {look_at, id});
}

}  // namespace till
