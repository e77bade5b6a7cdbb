// Books: a payment service that is strict: it counts what it was sent by key, and sometimes loses its answers. When a
// payer pays, it signs two events, which wait in the outbox for somebody to deliver them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/value.h"
#include "tests/http/stub_server.h"
#include "tests/kill/outbox.h"

namespace till::rounds {

// Serves on threads of its own.
class Books {
 public:
  Books(std::uint64_t seed, Outbox& outbox) : random_(seed), outbox_(outbox) {}
  std::string base_url() const { return server_.url(""); }
  // {"received": {key: how often}, "payments": {id: {reference, status, refund}}, "lost": answers,
  // "events": [{id, payment, status}]}
  std::string books();

 private:
  struct Kept {
    std::string reference, status = "pending", refund;
    std::int64_t created_at = 0;
  };
  struct Event {
    std::string id, payment, status;
  };

  void serve(http::Peer& peer);
  bool answer(http::Peer& peer, const std::string& request);
  bool write(http::Peer& peer, std::string_view path, const json::Value& input);
  bool lost(http::Peer& peer);
  void pay(const std::string& id);
  void tell(const std::string& id, const std::string& status);
  std::string shown(const std::string& id) const;
  std::string listed(std::string_view line) const;

  std::mutex mutex_;  // and below: guarded by it
  std::mt19937_64 random_;
  std::map<std::string, int> received_;   // writes, by idempotency key
  std::map<std::string, Kept> payments_;  // by id
  std::map<std::string, std::vector<std::string>> by_reference_;
  std::vector<Event> events_;
  std::int64_t lost_ = 0;
  Outbox& outbox_;
  http::StubServer server_{[this](http::Peer& peer) { serve(peer); }};
};

}  // namespace till::rounds
