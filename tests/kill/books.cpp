#include "tests/kill/books.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/crypto/hmac.h"
#include "core/json/json.h"
#include "tests/kill/strict.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

// In a hundred writes: done and never answered, done and answered with 500, never done and never answered.
constexpr std::uint64_t kSilent = 6, kBroken = 3, kDeaf = 2;
// In a hundred payments: paid before the shop hears of them.
constexpr std::uint64_t kInstant = 15;

std::string signature_of(std::string_view body) {
  const HmacKey key = must(HmacKey::create(HmacHash::kSha256, Secret(kWebhookSecret)), "key");
  return hex_encode(key.sign(body).bytes());
}

template <std::size_t kSize>
void put(char (&place)[kSize], std::string_view text) {
  if (text.size() >= kSize) give_up("an event is too long");
  *std::copy(text.begin(), text.end(), place) = '\0';
}

}  // namespace

void Books::serve(http::Peer& peer) {
  for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
    const std::lock_guard lock(mutex_);
    if (!answer(peer, request)) return;
  }
}

bool Books::answer(http::Peer& peer, const std::string& request) {
  const std::string line = request.substr(0, request.find(" HTTP"));
  if (line.starts_with("POST ")) {
    const auto input = json::parse(request.substr(request.find("\r\n\r\n") + 4));
    return input.ok() ? write(peer, line.substr(5), *input) : peer.answer("{}", 400);
  }
  if (line.starts_with("GET /payments/")) return peer.answer(shown(line.substr(14)));
  return peer.answer(listed(line));
}

// What is asked for is done before anything can be lost.
bool Books::write(http::Peer& peer, std::string_view path, const json::Value& input) {
  const std::string key = text_of(input, "key");
  ++received_[key];
  if (random_() % 100 < kDeaf) return lost(peer);
  std::string reply;
  if (path == "/payments") {
    const std::string id = "p" + std::to_string(payments_.size() + 1);
    payments_[id].reference = text_of(input, "reference");
    payments_[id].created_at = SystemClock().now_ms();
    by_reference_[payments_[id].reference].push_back(id);
    reply = shown(id);
    if (random_() % 100 < kInstant) pay(id);
  } else if (path == "/paid") {
    pay(text_of(input, "id"));
    --received_[key];  // the payer's doing, not the shop's
    return peer.answer("{}");
  } else {
    payments_[text_of(input, "id")].refund = "r-" + key;
    reply = R"({"id":"r-)" + key + R"("})";
  }
  const std::uint64_t luck = random_() % 100;
  if (luck < kSilent) return lost(peer);
  return luck < kSilent + kBroken ? peer.answer("{}", 500) : peer.answer(reply);
}

// A payer pays once.
void Books::pay(const std::string& id) {
  const auto found = payments_.find(id);
  if (found == payments_.end() || found->second.status == "paid") return;
  tell(id, "processing");
  tell(id, "paid");
  found->second.status = "paid";
}

void Books::tell(const std::string& id, const std::string& status) {
  if (outbox_.full()) give_up("the outbox is full");
  const std::string& reference = payments_[id].reference;
  events_.push_back({"ev-" + std::to_string(events_.size() + 1), id, status});
  Told& told = outbox_.blank();
  put(told.id, events_.back().id);
  put(told.reference, reference);
  put(told.status, status);
  put(told.body,
      json::write(json::Object{{"id", events_.back().id},
                               {"event", status},
                               {"payment", json::Object{{"id", id}, {"status", status}, {"reference", reference}}}}));
  put(told.signature, signature_of(told.body));
  outbox_.add();
}

bool Books::lost(http::Peer& peer) {
  ++lost_;
  peer.reset();
  return false;
}

std::string Books::shown(const std::string& id) const {
  const auto found = payments_.find(id);
  if (found == payments_.end()) return "{}";
  return json::write(json::Object{{"id", id},
                                  {"status", found->second.status},
                                  {"reference", found->second.reference},
                                  {"created_at", json::Value::integer(found->second.created_at)}});
}

std::string Books::listed(std::string_view line) const {
  std::vector<std::string> items;
  if (line.starts_with("GET /refunds?id=")) {
    const auto found = payments_.find(std::string(line.substr(16)));
    if (found != payments_.end() && !found->second.refund.empty())
      items.push_back(R"({"id":")" + found->second.refund + "\"}");
  } else if (line.starts_with("GET /payments?reference=")) {
    if (const auto found = by_reference_.find(std::string(line.substr(24))); found != by_reference_.end())
      for (const std::string& id : found->second) items.push_back(shown(id));
  }
  std::string out = R"({"data":[)";
  for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? "," : "") + items[i];
  return out + "]}";
}

std::string Books::books() {
  const std::lock_guard lock(mutex_);
  json::Object received, payments;
  for (const auto& [key, count] : received_) received.append(key, json::Value::integer(count));
  for (const auto& [id, kept] : payments_)
    payments.append(id, json::Object{{"reference", kept.reference}, {"status", kept.status}, {"refund", kept.refund}});
  json::Array events;
  for (const Event& event : events_)
    events.push_back(json::Object{{"id", event.id}, {"payment", event.payment}, {"status", event.status}});
  return json::write(json::Object{{"received", std::move(received)},
                                  {"payments", std::move(payments)},
                                  {"lost", json::Value::integer(lost_)},
                                  {"events", std::move(events)}});
}

}  // namespace till::rounds
