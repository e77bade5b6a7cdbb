#include "core/service/operator_pages.h"

#include <utility>

#include "core/base/encoding.h"
#include "core/base/time.h"
#include "core/json/json.h"
#include "core/service/html.h"

namespace till::service {
namespace {

std::string amount(const std::optional<Money>& money) {
  return money ? money->amount_text() + " " + std::string(money->currency().code()) : "";
}

std::string count(std::int64_t number) { return std::to_string(number); }

std::string_view color_of(PaymentStatus status) {
  if (status == PaymentStatus::kPaid) return "badge good";
  if (status == PaymentStatus::kFailed || status == PaymentStatus::kCancelled || status == PaymentStatus::kExpired)
    return "badge bad";
  if (status == PaymentStatus::kUnderpaid || status == PaymentStatus::kRequiresAction) return "badge warning";
  return "badge waiting";
}

std::string_view color_of(EventState state) {
  if (state == EventState::kDone) return "badge good";
  return state == EventState::kDead ? "badge bad" : "badge waiting";
}

void begin(Html& page, std::string_view title) {
  page.raw(
          "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"robots\" content=\"noindex\">\n")
      .element("title", std::string(title) + " - till")
      .raw(
          "\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" "
          "href=\"/operator/style.css\">\n</head>\n<body>\n");
}

Html framed(const PageFrame& frame, std::string_view title) {
  Html page;
  begin(page, title);
  page.raw("<header class=\"top\"><strong>till</strong><nav>");
  for (const auto& [href, name] : {std::pair("/operator/", "Overview"),
                                   {"/operator/payments", "Payments"},
                                   {"/operator/inbox", "Inbox"},
                                   {"/operator/webhooks", "Webhooks"}})
    page.link(href, name);
  page.raw("</nav><form method=\"post\" action=\"/operator/logout\"><input type=\"hidden\" name=\"token\" value=\"")
      .text(frame.form_token)
      .raw("\"><button>Sign out</button></form></header>\n<main>\n")
      .element("h1", title);
  return page;
}

std::string ended(Html& page) { return page.raw("</main>\n</body>\n</html>\n").take(); }

void begin_table(Html& page, std::initializer_list<std::string_view> columns) {
  page.raw("<table><thead><tr>");
  for (const std::string_view column : columns) page.element("th", column);
  page.raw("</tr></thead><tbody>\n");
}

void end_table(Html& page) { page.raw("</tbody></table>\n"); }

void badge(Html& page, std::string_view name, std::string_view any, std::string_view color) {
  page.raw("<td data-name=\"").text(name).raw("\">").element("span", any, color).raw("</td>");
}

std::string payment_address(std::string_view id) { return "/operator/payments/" + percent_encode(id); }

void payment_rows(Html& page, const std::vector<Payment>& payments) {
  begin_table(page, {"Payment", "Made", "Gateway", "Reference", "Amount", "Status"});
  for (const Payment& one : payments) {
    page.raw("<tr><td data-name=\"Payment\">").link(payment_address(one.id), one.id).raw("</td>");
    page.cell("Made", format_sql_time(one.created_at)).cell("Gateway", one.gateway);
    page.cell("Reference", one.reference).cell("Amount", amount(one.amount), "figure");
    const bool unknown = one.outcome == Outcome::kUnknown;
    badge(page, "Status", unknown ? "unknown" : payment_status_name(one.status),
          unknown ? "badge warning" : color_of(one.status));
    page.raw("</tr>\n");
  }
  end_table(page);
}

// "Older" when this page is full; the last row's id is where it goes on.
void older(Html& page, std::string address, std::size_t rows, std::string_view last_id) {
  if (rows < kRowsPerPage) return;
  page.raw("<p class=\"more\">").link(std::move(address) + "&before=" + percent_encode(last_id), "Older").raw("</p>\n");
}

void choices(Html& page, std::string_view address,
             std::initializer_list<std::pair<std::string_view, std::string_view>> all, std::string_view chosen) {
  page.raw("<p class=\"choices\">");
  for (const auto& [value, name] : all) {
    if (value == chosen)
      page.element("strong", name);
    else
      page.link(std::string(address) + std::string(value), name);
    page.raw(" ");
  }
  page.raw("</p>\n");
}

void replay_button(Html& page, const PageFrame& frame, const std::string& id) {
  page.raw("<form method=\"post\" action=\"/operator/replay\"><input type=\"hidden\" name=\"token\" value=\"")
      .text(frame.form_token)
      .raw("\"><input type=\"hidden\" name=\"id\" value=\"")
      .text(id)
      .raw("\"><button>Replay</button></form>");
}

std::string pretty(const json::Value& value) { return json::write(value); }

void fact(Html& page, std::string_view name, std::string_view any) {
  if (!any.empty()) page.raw("<div>").element("dt", name).element("dd", any).raw("</div>");
}

}  // namespace

std::string login_page(std::string_view problem) {
  Html page;
  begin(page, "Sign in");
  page.raw("<main class=\"card\"><h1>till</h1>");
  if (!problem.empty()) page.element("p", problem, "problem");
  page.raw(
      "<form method=\"post\" action=\"/operator/login\"><label for=\"token\">The service's token</label>"
      "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>"
      "<button class=\"main\">Sign in</button></form>");
  return ended(page);
}

std::string problem_page(const PageFrame& frame, std::string_view problem) {
  Html page = framed(frame, "That did not work");
  page.element("p", problem, "problem");
  return ended(page);
}

std::string overview_page(const PageFrame& frame, const std::vector<GatewayRow>& gateways,
                          const std::vector<StoreCounts>& counts, const std::vector<Payment>& unknown,
                          const std::vector<Write>& unsettled) {
  std::map<std::string_view, const StoreCounts*> by_account;
  for (const StoreCounts& one : counts) by_account[one.gateway] = &one;
  Html page = framed(frame, "Overview");
  page.raw("<h2>Gateways</h2>\n");
  begin_table(page, {"Gateway", "Provider", "Account", "Waiting", "Dead", "Unknown", "Unmatched"});
  for (const GatewayRow& one : gateways) {
    const auto found = by_account.find(one.account);
    const StoreCounts open = found == by_account.end() ? StoreCounts() : *found->second;
    page.raw("<tr>").cell("Gateway", one.name + (one.test ? " (test)" : ""));
    page.cell("Provider", one.provider + " " + one.plugin_version).cell("Account", one.account);
    page.cell("Waiting", count(open.events_waiting + open.events_taken), "figure");
    page.cell("Dead", count(open.events_dead), open.events_dead > 0 ? "figure alert" : "figure");
    page.cell("Unknown", count(open.payments_unknown), open.payments_unknown > 0 ? "figure alert" : "figure");
    page.cell("Unmatched", count(open.webhooks_unmatched), "figure").raw("</tr>\n");
  }
  end_table(page);
  page.raw("<h2>Unknown</h2>\n");
  page.element("p", "Payments that were sent to their provider and never answered: look for them there.", "hint");
  unknown.empty() ? void(page.element("p", "None.", "empty")) : payment_rows(page, unknown);
  page.raw("<h2>Writes that are not settled</h2>\n");
  if (unsettled.empty()) {
    page.element("p", "None.", "empty");
    return ended(page);
  }
  begin_table(page, {"Write", "Begun", "Gateway", "Operation", "State", "Payment"});
  for (const Write& one : unsettled) {
    page.raw("<tr>").cell("Write", one.id).cell("Begun", format_sql_time(one.created_at)).cell("Gateway", one.gateway);
    page.cell("Operation", one.operation).cell("State", write_state_name(one.state));
    page.raw("<td data-name=\"Payment\">");
    if (!one.payment_id.empty()) page.link(payment_address(one.payment_id), one.payment_id);
    page.raw("</td></tr>\n");
  }
  end_table(page);
  return ended(page);
}

std::string payments_page(const PageFrame& frame, const PaymentQuery& query, const std::vector<Payment>& payments) {
  Html page = framed(frame, "Payments");
  const std::string_view chosen = query.only_unknown ? "unknown"
                                  : query.status     ? payment_status_name(*query.status)
                                                     : "";
  choices(page, "/operator/payments?status=",
          {{"", "All"},
           {"pending", "Pending"},
           {"processing", "Processing"},
           {"underpaid", "Underpaid"},
           {"paid", "Paid"},
           {"failed", "Failed"},
           {"unknown", "Unknown"}},
          chosen);
  page.raw("<form class=\"search\" action=\"/operator/payments\"><label>Reference <input name=\"reference\" value=\"")
      .text(query.reference)
      .raw("\"></label> <button>Find</button></form>\n");
  payments.empty() ? void(page.element("p", "There are none.", "empty")) : payment_rows(page, payments);
  std::string address = "/operator/payments?status=" + std::string(chosen);
  if (!query.reference.empty()) address += "&reference=" + percent_encode(query.reference);
  if (!payments.empty()) older(page, std::move(address), payments.size(), payments.back().id);
  return ended(page);
}

std::string payment_page(const PageFrame& frame, const Payment& payment, const std::vector<Event>& events) {
  Html page = framed(frame, payment.id);
  page.raw("<p>").element("span", payment_status_name(payment.status), color_of(payment.status));
  if (payment.outcome == Outcome::kUnknown) page.raw(" ").element("span", "outcome unknown", "badge warning");
  page.raw("</p>\n<dl class=\"facts\">");
  fact(page, "Amount", amount(payment.amount));
  fact(page, "Paid", amount(payment.amount_paid));
  fact(page, "Due", amount(payment.amount_due));
  fact(page, "Refunded", amount(payment.amount_refunded));
  fact(page, "Reference", payment.reference);
  fact(page, "Description", payment.description);
  fact(page, "Gateway", payment.gateway + (payment.test ? " (test)" : ""));
  fact(page, "Provider's id", payment.provider_id);
  fact(page, "Made", format_iso_time(payment.created_at));
  fact(page, "Changed", format_iso_time(payment.updated_at));
  fact(page, "Expires", payment.expires_at ? format_iso_time(*payment.expires_at) : "");
  fact(page, "Next step", payment.next_action.is_null() ? "" : pretty(payment.next_action));
  fact(page, "Declined", payment.decline.is_null() ? "" : pretty(payment.decline));
  fact(page, "Refunds", payment.refunds.empty() ? "" : pretty(payment.refunds));
  page.raw("</dl>\n<h2>Events</h2>\n");
  begin_table(page, {"Event", "When", "What", "From", "More"});
  for (const Event& one : events) {
    page.raw("<tr>").cell("Event", one.id).cell("When", format_iso_time(one.at)).cell("What", one.type);
    page.cell("From", one.source).cell("More", one.detail, "mono").raw("</tr>\n");
  }
  end_table(page);
  return ended(page);
}

std::string inbox_page(const PageFrame& frame, const InboxQuery& query, const std::vector<InboxEvent>& events) {
  Html page = framed(frame, "Inbox");
  const std::string_view chosen = query.state ? event_state_name(*query.state) : "";
  choices(page, "/operator/inbox?state=",
          {{"", "All"}, {"waiting", "Waiting"}, {"taken", "Taken"}, {"dead", "Dead letters"}, {"done", "Done"}},
          chosen);
  if (events.empty()) {
    page.element("p", "There are none.", "empty");
    return ended(page);
  }
  begin_table(page, {"Event", "When", "What", "Payment", "State", "Tries", "Last error", ""});
  for (const InboxEvent& one : events) {
    page.raw("<tr>").cell("Event", one.event.id).cell("When", format_sql_time(one.event.at));
    page.cell("What", one.event.type).raw("<td data-name=\"Payment\">");
    if (!one.event.payment_id.empty()) page.link(payment_address(one.event.payment_id), one.event.payment_id);
    page.raw("</td>");
    badge(page, "State", event_state_name(one.state), color_of(one.state));
    page.cell("Tries", count(one.attempts), "figure").cell("Last error", one.last_error).raw("<td class=\"buttons\">");
    if (one.state == EventState::kDead || one.state == EventState::kDone) replay_button(page, frame, one.event.id);
    page.raw("</td></tr>\n");
  }
  end_table(page);
  older(page, "/operator/inbox?state=" + std::string(chosen), events.size(), events.back().event.id);
  return ended(page);
}

std::string webhooks_page(const PageFrame& frame, const WebhookQuery& query, const std::vector<Webhook>& webhooks,
                          const std::vector<Refusals>& refusals) {
  Html page = framed(frame, "Webhooks");
  const std::string_view chosen = query.state ? webhook_state_name(*query.state) : "";
  choices(page, "/operator/webhooks?state=", {{"", "All"}, {"unmatched", "Unmatched"}, {"done", "Done"}}, chosen);
  if (webhooks.empty()) {
    page.element("p", "There are none.", "empty");
  } else {
    begin_table(page, {"Webhook", "When", "Gateway", "Event", "Payment", "Signature", "Trust", "State"});
    for (const Webhook& one : webhooks) {
      page.raw("<tr>").cell("Webhook", one.id).cell("When", format_sql_time(one.received_at));
      page.cell("Gateway", one.gateway).cell("Event", one.event).raw("<td data-name=\"Payment\">");
      if (one.payment_id.empty())
        page.text(one.provider_id.empty() ? one.reference : one.provider_id);
      else
        page.link(payment_address(one.payment_id), one.payment_id);
      page.raw("</td>").cell("Signature", one.signature).cell("Trust", one.trust);
      page.cell("State", webhook_state_name(one.state)).raw("</tr>\n");
    }
    end_table(page);
    older(page, "/operator/webhooks?state=" + std::string(chosen), webhooks.size(), webhooks.back().id);
  }
  page.raw("<h2>Refused</h2>\n");
  if (refusals.empty()) {
    page.element("p", "None.", "empty");
    return ended(page);
  }
  begin_table(page, {"Gateway", "Reason", "Count", "First", "Last"});
  for (const Refusals& one : refusals) {
    page.raw("<tr>").cell("Gateway", one.gateway).cell("Reason", one.reason).cell("Count", count(one.count), "figure");
    page.cell("First", format_sql_time(one.first_at)).cell("Last", format_sql_time(one.last_at)).raw("</tr>\n");
  }
  end_table(page);
  return ended(page);
}

std::string_view operator_style() {
  return R"css(:root {
  --ink: #10243e; --soft: #55667c; --line: #dde4ec; --paper: #fff; --ground: #f1f4f8; --accent: #0b57d0;
  --good: #0a6e44; --good-bg: #e2f4ea; --warning: #8a5300; --warning-bg: #fdf1dc;
  --bad: #b3261e; --bad-bg: #fce9e7; --waiting: #0b57d0; --waiting-bg: #e6effc;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
h1, p, dl, dd, form { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.25; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .25rem; font-size: 1.25rem; line-height: 1.3; }
main { max-width: 80rem; margin: 0 auto; padding: 1.75rem 1.25rem 3rem; }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; padding: .6rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--paper); }
nav { display: flex; flex-wrap: wrap; gap: .5rem; flex: 1; }
nav a { padding: .3rem .8rem; border: 1px solid #c6d0dc; border-radius: 1rem; background: #fff; color: var(--ink); font-size: .875rem; font-weight: 600; text-decoration: none; }
a { color: var(--accent); }
button { padding: .35rem .75rem; border: 1px solid #c6d0dc; border-radius: .6rem; color: var(--ink); background: #fff; font: inherit; font-size: .8125rem; font-weight: 600; cursor: pointer; }
button:hover { background: #f3f6fa; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid #9cc2ff; outline-offset: 2px; }
.main { color: #fff; background: var(--accent); border-color: var(--accent); }
.main:hover { background: #0846a8; }
input { padding: .35rem .55rem; border: 1px solid #8494a7; border-radius: .45rem; background: #fff; color: var(--ink); font: inherit; }
.card { max-width: 26rem; margin-top: 12vh; padding: 2.25rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--paper); box-shadow: 0 14px 36px rgba(16, 36, 62, .08); }
.card form { display: grid; gap: .6rem; margin-top: 1rem; }
.card button { padding: .7rem 1rem; font-size: 1rem; }
.choices, .search, .more { margin-top: .75rem; font-size: .875rem; }
.choices a, .choices strong { margin-right: .75rem; }
.hint, .empty { color: var(--soft); font-size: .875rem; }
.problem { margin-top: 1rem; padding: .65rem .9rem; border-radius: .6rem; color: var(--bad); background: var(--bad-bg); }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .75rem; font-weight: 600; white-space: nowrap; }
.badge.waiting { color: var(--waiting); background: var(--waiting-bg); }
.badge.good { color: var(--good); background: var(--good-bg); }
.badge.warning { color: var(--warning); background: var(--warning-bg); }
.badge.bad { color: var(--bad); background: var(--bad-bg); }
.facts { margin-top: 1rem; border-top: 1px solid var(--line); font-size: .9375rem; }
.facts div { display: grid; grid-template-columns: 9rem minmax(0, 1fr); padding: .45rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }
table { width: 100%; margin-top: .75rem; border-collapse: collapse; background: var(--paper); font-size: .875rem; }
th { padding: .45rem .75rem; color: var(--soft); font-size: .75rem; font-weight: 600; text-align: left; }
td { padding: .45rem .75rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.figure { white-space: nowrap; font-variant-numeric: tabular-nums; }
.alert { color: var(--bad); font-weight: 700; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; font-size: .75rem; }
@media (max-width: 44rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: block; padding: .5rem 0; border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 6rem minmax(0, 1fr); padding: .2rem .75rem; border: 0; }
  td::before { content: attr(data-name); color: var(--soft); font-size: .75rem; }
  td .badge { justify-self: start; }
}
)css";
}

}  // namespace till::service
