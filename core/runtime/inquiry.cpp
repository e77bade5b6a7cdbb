// Inquiry: by the payment itself, by a list, or by the same request again.
#include "core/runtime/inquiry.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/base/time.h"
#include "core/json/json.h"
#include "core/json/written.h"
#include "core/runtime/engine.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

constexpr std::int64_t kPageSize = 100;
// How far a list is looked through. Where more follows, one match may not be the only one.
constexpr int kMaxInquiryPages = 20;
// Listed payments whose reference is asked for one by one.
constexpr std::size_t kMaxFetches = 20;
constexpr std::int64_t kHourMs = 3'600'000;

Result<json::Value> parsed(const Result<std::string>& text) {
  if (!text.ok()) return text.error();
  return json::parse_written(*text);
}

}  // namespace

void Inquiry::begin(std::shared_ptr<Gateway> gateway, Write write, Callback callback) {
  std::make_shared<Inquiry>(Private(), std::move(gateway), std::move(write), std::move(callback))
      ->aside(&Inquiry::start);
}

Inquiry::Inquiry(Private, std::shared_ptr<Gateway> gateway, Write write, Callback callback)
    : gateway_(std::move(gateway)),
      config_(gateway_->config()),
      write_(std::move(write)),
      callback_(std::move(callback)) {
  const auto& ways = config_->manifest().reconcile;
  if (const auto way = ways.find(write_.operation); way != ways.end()) way_ = &way->second;
}

void Inquiry::aside(Step step) {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return failed(std::move(engine).error());
  (*engine)->run_aside([self = shared_from_this(), step] {
    try {
      ((*self).*step)();
    } catch (const std::exception& fault) {
      if (self->callback_) self->failed(internal_error(std::string("it could not be asked about: ") + fault.what()));
    }
  });
}

void Inquiry::start() {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return failed(std::move(engine).error());
  Status found = (*engine)->store().read([this](Store& store) { return look_up(store); });
  if (!found.ok()) return failed(std::move(found).error());
  if (!payment_) return unsettled("no_way");
  if (way_ && way_->by == plugin::Reconcile::By::kRepeat) return repeat();
  if (write_.operation == "refunds.create") {
    if (!way_) return unsettled("no_way");
    return ask("refunds.list", json::Object{{"payment_id", payment_->id}}, "", &Inquiry::answered);
  }
  if (!payment_->provider_id.empty()) return ask_about_payment("");
  if (!way_) return unsettled("no_way");
  if (payment_->reference.empty()) return unsettled("no_reference");
  if (has_twin_) return unsettled("several");
  next_page();
}

Status Inquiry::look_up(Store& store) {
  if (write_.payment_id.empty()) return {};
  TILL_ASSIGN(payment_, store.find_payment(write_.payment_id));
  if (!payment_) return {};
  TILL_ASSIGN(has_twin_, has_twin(store, *payment_));
  return {};
}

void Inquiry::ask(const std::string& operation, const json::Value& input, std::string provider_id, Answer answer) {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return failed(std::move(engine).error());
  auto prepared = Operation::prepare(gateway_, operation, json::write(input), (*engine)->store(),
                                     Settlement{write_, std::move(provider_id)});
  if (!prepared.ok()) return failed(std::move(prepared).error());
  (*engine)->drive(*std::move(prepared),
                   [self = shared_from_this(), answer](Operation& done) { ((*self).*answer)(done); });
}

void Inquiry::ask_about_payment(std::string provider_id) {
  if (!config_->manifest().capabilities.contains("payments.get")) return unsettled("no_way");
  ask("payments.get", json::Object{{"id", payment_->id}}, std::move(provider_id), &Inquiry::answered);
}

void Inquiry::answered(Operation& operation) {
  if (!operation.result().ok() && operation.result().error().code == kListTooLong)
    return unsettled(std::string(kListTooLong));
  if (!operation.result().ok() && operation.result().error().code == kTwin) return unsettled("several");
  if (!operation.result().ok()) return failed(operation.result().error());
  if (operation.settled()) return finish({.settled = true});
  unsettled(write_.operation == "refunds.create" ? "not_found" : "not_told");
}

// Only while the provider surely still knows the key, when the request leaves as late as it may: after that the same
// request would be a second one.
void Inquiry::repeat() {
  const UnixMillis until = write_.created_at + way_->keys_last_hours * kHourMs - kClockSkewMs;
  const std::int64_t may_take_ms = config_->timeout_ms + config_->rate_limit_wait_ms;
  if (gateway_->runtime().clock().now_ms() + may_take_ms >= until) return unsettled("key_too_old");
  const json::Value input = wanted_input(write_);
  if (input.is_null()) return unsettled("input_not_kept");
  ask(write_.operation, input, "", &Inquiry::answered);
}

void Inquiry::next_page() {
  json::Object input{{"limit", json::Value::integer(kPageSize)}};
  if (!cursor_.is_null()) input.set("cursor", cursor_);
  if (way_->by == plugin::Reconcile::By::kReference) input.set("reference", payment_->reference);
  if (way_->window) {
    const auto [from, to] = settlement_window(write_);
    input.set("from", format_iso_time(from));
    input.set("to", format_iso_time(to));
  }
  ask("payments.list", std::move(input), "", &Inquiry::paged);
}

void Inquiry::paged(Operation& operation) {
  if (operation.settled()) return finish({.settled = true});
  auto page = parsed(operation.result());
  if (!page.ok()) return failed(std::move(page).error());
  if (Status taken = take_page(*page); !taken.ok()) return failed(std::move(taken).error());
  if (cursor_.is_null()) return aside(&Inquiry::choose);
  if (++pages_ == kMaxInquiryPages) return unsettled(std::string(kListTooLong));
  aside(&Inquiry::next_page);
}

Status Inquiry::take_page(const json::Value& page) {
  for (const json::Value& one : *page.find("candidates")->array()) {
    std::string id(one.find_string("provider_id").value_or(""));
    auto& ids = one.find_bool("same").value_or(false) ? same_ : maybe_;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  const json::Value& next = *page.find("next");
  // Some providers count their pages in numbers.
  cursor_ = next.number() ? json::Value(next.number()->text) : next;
  return {};
}

void Inquiry::choose() {
  if (way_->fetch && !maybe_.empty() && same_.size() < 2) {
    if (maybe_.size() > kMaxFetches) return unsettled("several");
    return fetch_next();
  }
  if (same_.empty()) return unsettled("not_found");
  if (same_.size() > 1) return unsettled("several");
  ask_about_payment(same_.front());
}

void Inquiry::fetch_next() {
  if (fetched_ == maybe_.size()) {
    maybe_.clear();
    return choose();
  }
  const json::Value input = json::Object{{"provider_id", maybe_[fetched_]}};
  gateway_->start("payments.get", json::write(input),
                  [self = shared_from_this()](Result<std::string> payment) { self->fetched(std::move(payment)); });
}

void Inquiry::fetched(Result<std::string> text) {
  const auto payment = parsed(text);
  if (!payment.ok()) return failed(payment.error());
  if (payment->find_string("reference") == payment_->reference) same_.push_back(maybe_[fetched_]);
  ++fetched_;
  aside(&Inquiry::fetch_next);
}

void Inquiry::unsettled(std::string reason) { finish({.reason = std::move(reason)}); }

void Inquiry::failed(Error error) { finish({.reason = "failed", .error = std::move(error)}); }

void Inquiry::finish(Verdict verdict) { std::exchange(callback_, nullptr)(std::move(verdict)); }

}  // namespace till
