// The store's view of payments: see stored_payments.h.
#include "core/runtime/stored_payments.h"

#include <utility>

#include "core/runtime/log.h"

namespace till {
namespace {

json::Value page_of(const std::vector<Payment>& payments, json::Value next) {
  json::Array items;
  for (const Payment& payment : payments) items.push_back(payment_to_json(payment));
  return json::Object{{"items", std::move(items)}, {"next", std::move(next)}, {"total", nullptr}};
}

}  // namespace

Result<json::Value> list_stored_payments(Store& store, const std::string& gateway, const json::Value& input) {
  if (const auto id = input.find_string("payment_id")) {
    TILL_ASSIGN(auto found, store.find_payment(*id));
    const bool ours = found && (gateway.empty() || found->gateway == gateway);
    return page_of(ours ? std::vector{*std::move(found)} : std::vector<Payment>(), nullptr);
  }
  PaymentQuery query{.gateway = gateway,
                     .reference = text_of(input, "reference"),
                     .status = payment_status_from_name(text_of(input, "status")),
                     .only_unknown = input.find_bool("unknown").value_or(false),
                     .before_id = text_of(input, "cursor")};
  const auto limit =
      static_cast<std::size_t>(input.find_integer("limit").value_or(static_cast<std::int64_t>(query.limit)));
  query.limit = limit + 1;  // one more tells whether there is another page
  std::vector<std::string> unreadable;
  query.unreadable = &unreadable;
  TILL_ASSIGN(std::vector<Payment> found, store.list_payments(query));
  log_unreadable(unreadable);
  const bool more = found.size() > limit;
  if (more) found.pop_back();
  json::Value next = more ? json::Value(found.back().id) : json::Value();
  return page_of(found, std::move(next));
}

void log_unreadable(const std::vector<std::string>& payment_ids) {
  for (const std::string& id : payment_ids) write_log("warn", id, "left out: what the store has of it cannot be read");
}

}  // namespace till
