// Operation: a refund against its payment, before it is sent and after it was told.
#include <string>

#include "core/base/limits.h"
#include "core/payment/refund.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"

namespace till {

bool Operation::takes_other_currencies() const {
  const auto& capabilities = config().manifest().capabilities;
  const auto create = capabilities.find("refunds.create");
  return create != capabilities.end() && create->second.other_currencies;
}

// In the transaction that records the write, so that of two refunds the later one sees the earlier. An error takes the
// record back: nothing was sent. Of a provider that tells nothing of its refunds nobody learns that one failed, so
// there the earlier ones do not count.
Status Operation::check_asked_refund(Store& store) const {
  TILL_ASSIGN(Payment payment, current_payment(store));
  Status checked;
  if (payment.refunds.size() >= kMaxRefunds)
    checked = invalid_request("$.payment_id", "a payment has at most " + std::to_string(kMaxRefunds) + " refunds");
  const auto& capabilities = config().manifest().capabilities;
  if (!capabilities.contains("refunds.get") && !capabilities.contains("refunds.list")) payment.refunds.clear();
  if (checked.ok() && input_.amount) checked = check_refund_asked(payment, *input_.amount, takes_other_currencies());
  if (!checked.ok()) checked.error().payment_id = payment.id;
  return checked;
}

Status Operation::check_told_refund(const Payment& payment) const {
  const json::Value* amount = output_->find("amount");
  if (!amount || amount->is_null()) return {};
  TILL_ASSIGN(const Money told, money_from_json(*amount, "$.amount"));
  return check_refund_told(payment, input_.amount, told, takes_other_currencies());
}

}  // namespace till
