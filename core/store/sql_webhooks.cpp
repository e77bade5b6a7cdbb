// SqlStore: webhooks that were taken, and counts of those that were refused.
#include "core/store/sql_store.h"

namespace till {
namespace {

#define TILL_WEBHOOK_COLUMNS \
  "id, gateway, dedupe_key, event, provider_id, reference, payment_id, state, signature, trust, received_at, body"

Webhook read_webhook(const SqlRows& rows, std::size_t row) {
  return {.id = rows.text(row, 0),
          .gateway = rows.text(row, 1),
          .dedupe_key = rows.text(row, 2),
          .event = rows.text(row, 3),
          .provider_id = rows.text(row, 4),
          .reference = rows.text(row, 5),
          .payment_id = rows.text(row, 6),
          .state = rows.text(row, 7) == "done" ? WebhookState::kDone : WebhookState::kUnmatched,
          .signature = rows.text(row, 8),
          .trust = rows.text(row, 9),
          .received_at = rows.integer(row, 10),
          .body = rows.text(row, 11)};
}

}  // namespace

Result<bool> SqlStore::claim_webhook(const Webhook& webhook) {
  TILL_ASSIGN(const SqlRows rows,
              database_->query("INSERT INTO webhooks (" TILL_WEBHOOK_COLUMNS
                               ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (gateway, "
                               "dedupe_key) DO NOTHING",
                               {webhook.id, webhook.gateway, webhook.dedupe_key, webhook.event, webhook.provider_id,
                                webhook.reference, webhook.payment_id, webhook_state_name(webhook.state),
                                webhook.signature, webhook.trust, webhook.received_at, webhook.body}));
  return rows.changed == 1;
}

Result<std::int64_t> SqlStore::match_webhooks(std::string_view gateway, std::string_view provider_id,
                                              std::string_view reference, std::string_view payment_id) {
  TILL_TRY(lock_absent(gateway, "provider_id", provider_id));
  TILL_TRY(lock_absent(gateway, "reference", reference));
  TILL_ASSIGN(const SqlRows rows,
              database_->query("UPDATE webhooks SET state = 'done', payment_id = $1 WHERE gateway = $2 AND state = "
                               "'unmatched' AND ((provider_id <> '' AND provider_id = $3) OR (provider_id = '' AND "
                               "reference <> '' AND reference = $4))",
                               {payment_id, gateway, provider_id, reference}));
  return rows.changed;
}

Status SqlStore::trim_unmatched(std::string_view gateway, std::size_t keep) {
  return run(
      "DELETE FROM webhooks WHERE gateway = $1 AND state = 'unmatched' AND trust = 'unverified' AND id <= (SELECT id "
      "FROM webhooks WHERE gateway = $1 AND state = 'unmatched' AND trust = 'unverified' ORDER BY id DESC LIMIT 1 "
      "OFFSET $2)",
      {gateway, sql_limit(keep)});
}

Result<bool> SqlStore::has_webhook(std::string_view gateway, std::string_view dedupe_key) {
  TILL_ASSIGN(const SqlRows rows,
              database_->query("SELECT 1 FROM webhooks WHERE gateway = $1 AND dedupe_key = $2", {gateway, dedupe_key}));
  return rows.size() == 1;
}

Result<std::vector<Webhook>> SqlStore::list_webhooks(const WebhookQuery& query) {
  SqlConditions conditions;
  if (!query.gateway.empty()) conditions.add("gateway = ?", query.gateway);
  if (query.state) conditions.add("state = ?", webhook_state_name(*query.state));
  TILL_ASSIGN(const SqlRows rows,
              newest("SELECT " TILL_WEBHOOK_COLUMNS " FROM webhooks", conditions, query.before_id, query.limit));
  std::vector<Webhook> webhooks;
  for (std::size_t row = 0; row < rows.size(); ++row) webhooks.push_back(read_webhook(rows, row));
  return webhooks;
}

Status SqlStore::count_refusals(const Refusals& more) {
  return run(
      "INSERT INTO refusals (gateway, reason, count, first_at, last_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT "
      "(gateway, reason) DO UPDATE SET count = refusals.count + excluded.count, last_at = excluded.last_at",
      {more.gateway, more.reason, more.count, more.first_at, more.last_at});
}

Result<std::vector<Refusals>> SqlStore::list_refusals() {
  TILL_ASSIGN(
      const SqlRows rows,
      database_->query("SELECT gateway, reason, count, first_at, last_at FROM refusals ORDER BY gateway, reason", {}));
  std::vector<Refusals> refusals;
  for (std::size_t row = 0; row < rows.size(); ++row)
    refusals.push_back({.gateway = rows.text(row, 0),
                        .reason = rows.text(row, 1),
                        .count = rows.integer(row, 2),
                        .first_at = rows.integer(row, 3),
                        .last_at = rows.integer(row, 4)});
  return refusals;
}

}  // namespace till
