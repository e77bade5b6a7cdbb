// A store of either kind, for tests that hold for both.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "core/store/place.h"
#include "core/store/store.h"
#include "tests/store/postgres_server.h"

namespace till {

inline constexpr UnixMillis kStoreNow = 1'800'000'000'000;
// Before any till, by the clock of the machine.
inline constexpr UnixMillis kLongAgo = 1'700'000'000'000;

class StoreTest : public testing::TestWithParam<std::string> {
 protected:
  StoreTest() {
    if (GetParam() == "postgres") {
      schema_.emplace();
      place_ = schema_->url();
      return;
    }
    char folder[] = "/tmp/till-store-XXXXXX";
    folder_ = mkdtemp(folder);
    place_ = folder_ + "/till.sqlite3";
  }
  ~StoreTest() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // Each opening is another connection, as another process would have.
  std::unique_ptr<Store> open() const {
    auto store = open_store(place_);
    EXPECT_TRUE(store.ok()) << store.error().message;
    return std::move(store).value();
  }
  bool is_postgres() const { return schema_.has_value(); }

  std::optional<PostgresSchema> schema_;
  std::string folder_;
  std::string place_;
};

inline std::string name_of_store(const testing::TestParamInfo<std::string>& info) { return info.param; }

// A value of each kind, with what a test does not care about filled in.
inline Payment a_payment(const std::string& id, const std::string& provider_id = "") {
  Payment payment;
  payment.id = id;
  payment.gateway = "acme/live";
  payment.provider = "acme";
  payment.provider_id = provider_id;
  payment.reference = "order-" + id;
  payment.amount = Money::parse("10", "EUR").value();
  payment.updated_at = kStoreNow;
  return payment;
}

inline Write a_write(const std::string& id, const std::string& key) {
  return {.id = id,
          .gateway = "acme/live",
          .idempotency_key = key,
          .operation = "payments.create",
          .input_hash = "h1",
          .payment_id = "pay_1",
          .created_at = kStoreNow,
          .deadline_at = kStoreNow + 10,
          .input = "{}",
          .look_at = kStoreNow + 10};
}

inline Event an_event(const std::string& id, const std::string& payment_id = "pay_1") {
  return {.id = id,
          .gateway = "acme/live",
          .payment_id = payment_id,
          .type = "payment.created",
          .source = "reply",
          .at = kStoreNow,
          .detail = "{}"};
}

inline Webhook a_webhook(const std::string& id, const std::string& key) {
  return {.id = id,
          .gateway = "acme/live",
          .dedupe_key = key,
          .event = "charge.paid",
          .signature = "valid",
          .trust = "signed",
          .received_at = kStoreNow,
          .body = "{}"};
}

}  // namespace till
