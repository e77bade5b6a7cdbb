// The C surface: one pass, and passes in the background.

#include <unistd.h>

#include <string>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

class CAbiReconcile : public CAbi {
 protected:
  Outcome open(till_gateway* gateway, const char* options) {
    till_reconciler* reconciler = nullptr;
    till_error* error = nullptr;
    const auto status = till_reconciler_open(gateway, options, &reconciler, &error);
    EXPECT_EQ(status == TILL_OK, reconciler != nullptr);
    reconciler_.reset(reconciler);
    const Owned<till_error> owned(error);
    const char* json = till_error_json(error, nullptr);
    return {status, json == nullptr ? "" : json};
  }
  Outcome last() {
    till_reply* reply = nullptr;
    till_error* error = nullptr;
    const auto status = till_reconciler_last(reconciler_.get(), &reply, &error);
    return outcome_of(status, reply, error);
  }

  Owned<till_reconciler> reconciler_;
};

TEST_F(CAbiReconcile, one_pass_is_a_call_like_any_other) {
  const auto shop = gateway();
  const auto report = call(shop.get(), "reconcile", "{}");
  ASSERT_EQ(report.status, TILL_OK) << report.json;
  EXPECT_EQ(report.json, R"({"looked":0,"changed":0,"settled":0,"failed":0,"unknown":[],"next_at":null})");
  EXPECT_EQ(call(shop.get(), "reconcile", R"({"limit": 0})").status, TILL_INVALID_REQUEST);
}

TEST_F(CAbiReconcile, what_a_person_found_is_told_by_a_call_like_any_other) {
  const auto shop = gateway();
  EXPECT_EQ(call(shop.get(), "settle", R"({"payment_id":"pay_1"})").status, TILL_INVALID_REQUEST);
  const auto unknown = call(shop.get(), "settle", R"({"payment_id":"pay_1","not_done":true})");
  EXPECT_EQ(unknown.status, TILL_NOT_FOUND);
  EXPECT_TRUE(has(unknown.json, R"("field":"$.payment_id")"));
}

TEST_F(CAbiReconcile, passes_in_the_background_can_be_seen) {
  const auto shop = gateway();
  ASSERT_EQ(open(shop.get(), nullptr).status, TILL_OK);
  Outcome seen = last();
  for (int i = 0; i < 2'000 && seen.json == "null"; ++i, seen = last()) usleep(5'000);
  EXPECT_EQ(seen.status, TILL_OK);
  EXPECT_TRUE(has(seen.json, R"("looked":0)"));
}

TEST_F(CAbiReconcile, wrong_options_are_refused_with_their_place) {
  const auto shop = gateway();
  const auto wrong = open(shop.get(), R"({"every_ms": 1})");
  EXPECT_EQ(wrong.status, TILL_INVALID_REQUEST);
  EXPECT_TRUE(has(wrong.json, R"("field":"$.every_ms")"));
  EXPECT_EQ(till_reconciler_open(nullptr, nullptr, nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_reconciler_last(nullptr, nullptr, nullptr), TILL_INVALID_REQUEST);
  till_reconciler_free(nullptr);
}

}  // namespace
}  // namespace till::test
