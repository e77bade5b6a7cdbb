// /operator: pages for whoever runs the service, behind the token and without a line of JavaScript.
#include <functional>
#include <optional>
#include <utility>

#include "core/base/ascii.h"
#include "core/crypto/constant_time.h"
#include "core/json/json.h"
#include "core/runtime/stored_payments.h"
#include "core/service/answers.h"
#include "core/service/operator_pages.h"
#include "core/service/session.h"
#include "core/service/visit.h"
#include "core/webhook/form.h"

namespace till::service {
namespace {

http::Response page(int status, std::string html) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  // Nothing from elsewhere, no script at all, in nobody's frame.
  response.headers.add("Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
                       "frame-ancestors 'none'");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.body = std::move(html);
  return response;
}

http::Response go_to(std::string_view path) {
  http::Response response = page(303, "");
  response.headers.add("Location", std::string(path));
  return response;
}

// None when the text is no form.
webhook::FormFields read_form(std::string_view text) {
  return webhook::parse_form(text).value_or(webhook::FormFields());
}

std::string field_of(const webhook::FormFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return {};
}

// A request of a session, with what its page is made from.
struct Asked {
  std::shared_ptr<Visit> visit;
  PageFrame frame;
  webhook::FormFields fields;  // of the query, or of the form

  std::string field(std::string_view name) const { return field_of(fields, name); }
};

// Makes the page on the worker, from what `read` finds in the store.
template <class Read>
void show(const Asked& asked, Read read) {
  const bool taken = asked.visit->around().worker->submit([asked, read] {
    std::string html;
    int status = 200;
    std::int64_t took_ms = 0;
    const Status done = read_store(
        asked.visit->around(),
        [&](Store& store) -> Status {
          TILL_ASSIGN(html, read(asked, store, status));
          return {};
        },
        &took_ms);
    if (!done.ok()) html = problem_page(asked.frame, "The store does not answer: " + done.error().message);
    asked.visit->answer(page(done.ok() ? status : 503, std::move(html)));
  });
  if (!taken) asked.visit->answer(page(503, problem_page(asked.frame, "Too many requests are under way.")));
}

Result<std::string> overview(const Asked& asked, Store& store, int&) {
  std::vector<GatewayRow> gateways;
  for (const auto& [name, gateway] : asked.visit->around().gateways)
    gateways.push_back({name, gateway->provider(), gateway->name(), gateway->plugin_version(), gateway->test()});
  TILL_ASSIGN(const auto counts, store.counts());
  std::vector<std::string> unreadable;
  TILL_ASSIGN(const auto unknown,
              store.list_payments({.status = std::nullopt, .only_unknown = true, .unreadable = &unreadable}));
  log_unreadable(unreadable);
  TILL_ASSIGN(const auto unsettled, store.list_writes({.only_unsettled = true}));
  return overview_page(asked.frame, gateways, counts, unknown, unsettled);
}

Result<std::string> payments(const Asked& asked, Store& store, int&) {
  const std::string status = asked.field("status");
  PaymentQuery query{.reference = asked.field("reference"),
                     .status = payment_status_from_name(status),
                     .only_unknown = status == "unknown",
                     .before_id = asked.field("before"),
                     .limit = kRowsPerPage};
  std::vector<std::string> unreadable;
  query.unreadable = &unreadable;
  TILL_ASSIGN(const auto found, store.list_payments(query));
  log_unreadable(unreadable);
  return payments_page(asked.frame, query, found);
}

Result<std::string> payment(const Asked& asked, Store& store, int& status) {
  const std::string id(asked.visit->path().substr(std::string_view("/operator/payments/").size()));
  TILL_ASSIGN(const auto found, store.find_payment(id));
  if (!found) {
    status = 404;
    return problem_page(asked.frame, "The store knows no payment of this id.");
  }
  TILL_ASSIGN(const auto events, store.list_events(id));
  return payment_page(asked.frame, *found, events);
}

Result<std::string> inbox(const Asked& asked, Store& store, const std::function<std::string(std::string)>& redact) {
  InboxQuery query{
      .state = event_state_from_name(asked.field("state")), .before_id = asked.field("before"), .limit = kRowsPerPage};
  TILL_ASSIGN(auto found, store.list_inbox(query));
  for (InboxEvent& one : found) one.last_error = redact(std::move(one.last_error));
  return inbox_page(asked.frame, query, found);
}

Result<std::string> webhooks(const Asked& asked, Store& store, int&) {
  const std::string state = asked.field("state");
  WebhookQuery query{.state = std::nullopt, .before_id = asked.field("before"), .limit = kRowsPerPage};
  for (const WebhookState one : {WebhookState::kDone, WebhookState::kUnmatched})
    if (webhook_state_name(one) == state) query.state = one;
  TILL_ASSIGN(const auto found, store.list_webhooks(query));
  TILL_ASSIGN(const auto refusals, store.list_refusals());
  return webhooks_page(asked.frame, query, found, refusals);
}

void replay(const Asked& asked) {
  const std::string input = json::write(json::Object{{"id", asked.field("id")}});
  asked.visit->around().runtime->start_store("events.replay", input, [asked](const Result<std::string>& reply) {
    Surroundings& around = asked.visit->around();
    if (!reply.ok()) return asked.visit->answer(page(409, problem_page(asked.frame, reply.error().message)));
    around.log->info("replay", {{"event_id", asked.field("id")}, {"peer", asked.visit->request().peer}});
    asked.visit->answer(go_to("/operator/inbox"));
  });
}

http::Response too_many_logins(std::int64_t wait_ms) {
  http::Response response = page(429, login_page("That was not the token too often: wait a minute."));
  response.headers.add("Retry-After", std::to_string((wait_ms + 999) / 1000));
  return response;
}

// Who has to wait is not told whether this token would have been the right one.
http::Response answer_login(Visit& visit) {
  Surroundings& around = visit.around();
  const std::string& peer = visit.request().peer;
  const UnixMillis now_ms = around.clock->now_ms();
  if (const auto wait_ms = around.logins.wait_ms(peer, now_ms)) {
    around.metrics.count_login("limited");
    visit.set_result("refused", "too_many");
    return too_many_logins(*wait_ms);
  }
  const std::string token = field_of(read_form(visit.request().body), "token");
  if (!constant_time_equal(token, around.token.reveal())) {
    around.logins.count_wrong(peer, now_ms);
    around.metrics.count_login("refused");
    visit.set_result("refused", "token");
    return page(401, login_page("That is not the token."));
  }
  around.metrics.count_login("accepted");
  visit.set_result("accepted", {});
  http::Response response = go_to("/operator/");
  response.headers.add("Set-Cookie", around.sessions->begin(now_ms, visit.request().secure));
  return response;
}

void sign_in(const std::shared_ptr<Visit>& visit) { visit->answer(answer_login(*visit)); }

void sign_out(const Asked& asked) {
  http::Response response = go_to("/operator/login");
  response.headers.add("Set-Cookie", Sessions::end(asked.visit->request().secure));
  asked.visit->answer(std::move(response));
}

void route_get(const Asked& asked) {
  const std::string_view path = asked.visit->path();
  if (path == "/operator/") return show(asked, overview);
  if (path == "/operator/payments") return show(asked, payments);
  if (path.starts_with("/operator/payments/")) return show(asked, payment);
  if (path == "/operator/inbox")
    return show(asked, [redact = asked.visit->around().runtime->redactor()](const Asked& one, Store& store, int&) {
      return inbox(one, store, redact);
    });
  if (path == "/operator/webhooks") return show(asked, webhooks);
  asked.visit->answer(page(404, problem_page(asked.frame, "There is nothing at this address.")));
}

// Only a form of this very session may change anything.
void route_post(const Asked& asked, std::string_view session) {
  if (!asked.visit->around().sessions->is_form_token(session, asked.field("token"))) {
    asked.visit->set_result("refused", "form");
    return asked.visit->answer(page(403, problem_page(asked.frame, "This form is from another session: try again.")));
  }
  const std::string_view path = asked.visit->path();
  if (path == "/operator/replay") return replay(asked);
  if (path == "/operator/logout") return sign_out(asked);
  asked.visit->answer(page(404, problem_page(asked.frame, "There is nothing at this address.")));
}

}  // namespace

void serve_operator(const std::shared_ptr<Visit>& visit) {
  Surroundings& around = visit->around();
  const std::string_view path = visit->path();
  const bool post = visit->request().method == "POST";
  if (!post && visit->request().method != "GET") return visit->answer(text_answer(405, "GET or POST"));
  if (path == "/operator") return visit->answer(go_to("/operator/"));
  if (path == "/operator/style.css") {
    http::Response response = page(200, std::string(operator_style()));
    response.headers.set("Content-Type", "text/css; charset=utf-8");
    return visit->answer(std::move(response));
  }
  if (path == "/operator/login") return post ? sign_in(visit) : visit->answer(page(200, login_page("")));
  const UnixMillis now_ms = around.clock->now_ms();
  const auto session = around.sessions->find(visit->request(), now_ms);
  if (!session) return visit->answer(go_to("/operator/login"));
  const Asked asked{visit,
                    {.form_token = around.sessions->form_token(*session), .now_ms = now_ms},
                    read_form(post ? std::string_view(visit->request().body) : visit->query())};
  post ? route_post(asked, *session) : route_get(asked);
}

}  // namespace till::service
