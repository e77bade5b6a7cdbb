// A store that takes everything and keeps nothing, so that what is measured is the core alone.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/store/store.h"

namespace till {

class NoStore final : public Store {
 public:
  void suspend() override {}
  Status resume() override { return {}; }
  bool lost() const override { return false; }
  Status begin() override { return {}; }
  Status commit() override { return {}; }
  Result<bool> was_committed() override { return true; }
  void rollback() override {}
  bool in_transaction() const override { return true; }
  Status savepoint() override { return {}; }
  Status release_savepoint() override { return {}; }
  void rollback_to_savepoint() override {}

  Result<std::optional<Write>> claim_write(const Write&) override { return std::optional<Write>(); }
  Result<std::optional<Write>> find_write(std::string_view) override { return std::optional<Write>(); }
  Status settle_write(std::string_view, WriteState, std::string_view, UnixMillis) override { return {}; }
  Status forget_write(std::string_view) override { return {}; }
  Result<std::vector<Write>> take_unsettled_writes(std::string_view, UnixMillis, UnixMillis, std::size_t) override {
    return std::vector<Write>();
  }
  Status put_off_write(std::string_view, UnixMillis) override { return {}; }
  Result<std::optional<UnixMillis>> next_look(std::string_view) override { return std::optional<UnixMillis>(); }
  Result<std::vector<Write>> list_writes(const WriteQuery&) override { return std::vector<Write>(); }

  Status put_payment(const Payment&) override { return {}; }
  Status forget_payment(std::string_view) override { return {}; }
  Result<std::optional<Payment>> find_payment(std::string_view) override { return std::optional<Payment>(); }
  Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view, std::string_view) override {
    return std::optional<Payment>();
  }
  Result<std::vector<Payment>> list_payments(const PaymentQuery&) override { return std::vector<Payment>(); }
  Result<std::vector<Payment>> take_due_payments(std::string_view, UnixMillis, UnixMillis, std::size_t,
                                                 std::vector<std::string>&) override {
    return std::vector<Payment>();
  }
  Status hasten_payment(std::string_view, UnixMillis) override { return {}; }

  Status add_event(const Event&) override { return {}; }
  Result<std::vector<Event>> list_events(std::string_view) override { return std::vector<Event>(); }
  Result<std::vector<InboxEvent>> take_events(const EventTaking&) override { return std::vector<InboxEvent>(); }
  Result<bool> settle_event(std::string_view, std::string_view, EventState, UnixMillis, std::string_view) override {
    return false;
  }
  Result<bool> release_event(std::string_view, std::string_view, UnixMillis) override { return false; }
  Result<bool> replay_event(std::string_view, UnixMillis) override { return false; }
  Result<std::optional<InboxEvent>> find_event(std::string_view) override { return std::optional<InboxEvent>(); }
  Result<std::vector<InboxEvent>> list_inbox(const InboxQuery&) override { return std::vector<InboxEvent>(); }

  Result<bool> claim_webhook(const Webhook&) override { return true; }
  Result<std::int64_t> match_webhooks(std::string_view, std::string_view, std::string_view, std::string_view) override {
    return std::int64_t{0};
  }
  Status trim_unmatched(std::string_view, std::size_t) override { return {}; }
  Result<bool> has_webhook(std::string_view, std::string_view) override { return false; }
  Result<std::vector<Webhook>> list_webhooks(const WebhookQuery&) override { return std::vector<Webhook>(); }
  Status count_refusals(const Refusals&) override { return {}; }
  Result<std::vector<Refusals>> list_refusals() override { return std::vector<Refusals>(); }

  Result<std::vector<StoreCounts>> counts() override { return std::vector<StoreCounts>(); }
  Result<Pruned> prune(const Retention&, std::size_t) override { return Pruned(); }
  Result<Pruned> prunable(const Retention&) override { return Pruned(); }
  Result<StoreInfo> info() override { return StoreInfo(); }
};

}  // namespace till
