#include "tests/kill/books.h"

#include "core/base/clock.h"
#include "core/json/json.h"

namespace till {
namespace {

// In a hundred writes: done and never answered, done and answered with 500, never done and never answered.
constexpr std::uint64_t kSilent = 6, kBroken = 3, kDeaf = 2;

std::string text(const json::Value& value, std::string_view key) {
  return std::string(value.find_string(key).value_or(""));
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
  const std::string key = text(input, "key");
  ++received_[key];
  if (random_() % 100 < kDeaf) return lost(peer);
  std::string reply;
  if (path == "/payments") {
    const std::string id = "p" + std::to_string(payments_.size() + 1);
    payments_[id].reference = text(input, "reference");
    payments_[id].created_at = SystemClock().now_ms();
    by_reference_[payments_[id].reference].push_back(id);
    reply = shown(id);
  } else if (path == "/paid") {
    payments_[text(input, "id")].status = "paid";
    --received_[key];  // the payer's doing, not the shop's
    return peer.answer("{}");
  } else {
    payments_[text(input, "id")].refund = "r-" + key;
    reply = R"({"id":"r-)" + key + R"("})";
  }
  const std::uint64_t luck = random_() % 100;
  if (luck < kSilent) return lost(peer);
  return luck < kSilent + kBroken ? peer.answer("{}", 500) : peer.answer(reply);
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
  return json::write(json::Object{
      {"received", std::move(received)}, {"payments", std::move(payments)}, {"lost", json::Value::integer(lost_)}});
}

}  // namespace till
