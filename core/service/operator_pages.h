// The operator's pages as HTML: values in, text out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/payment/payment.h"
#include "core/store/store.h"

namespace till::service {

// Rows on one page of a list.
inline constexpr std::size_t kRowsPerPage = 50;

// What every page of a session has.
struct PageFrame {
  std::string form_token;
  UnixMillis now_ms = 0;
};

struct GatewayRow {
  std::string name, provider, account, plugin_version;
  bool test = false;
};

std::string login_page(std::string_view problem);
// `problem`: what went wrong, in place of what was asked for.
std::string problem_page(const PageFrame& frame, std::string_view problem);
std::string overview_page(const PageFrame& frame, const std::vector<GatewayRow>& gateways,
                          const std::vector<StoreCounts>& counts, const std::vector<Payment>& unknown,
                          const std::vector<Write>& unsettled);
std::string payments_page(const PageFrame& frame, const PaymentQuery& query, const std::vector<Payment>& payments);
std::string payment_page(const PageFrame& frame, const Payment& payment, const std::vector<Event>& events);
std::string inbox_page(const PageFrame& frame, const InboxQuery& query, const std::vector<InboxEvent>& events);
std::string webhooks_page(const PageFrame& frame, const WebhookQuery& query, const std::vector<Webhook>& webhooks,
                          const std::vector<Refusals>& refusals);
std::string_view operator_style();

}  // namespace till::service
