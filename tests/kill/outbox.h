// Outbox: the events that the service tells its shops of, signed, and what became of each with them. In memory that all
// processes share.
#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

namespace till::rounds {

inline constexpr std::size_t kMaxTold = 64 * 1'024;

// Written by the service before it counts, but for the last members, which are written by whoever delivers it.
struct Told {
  char id[16];         // the service's own
  char reference[24];  // of the order
  char status[12];     // that it tells of
  char body[256];
  char signature[65];
  std::atomic<int> deliveries{0};
  std::atomic<bool> acknowledged{false};  // answered with 200
  std::atomic<bool> took_effect{false};   // and the answer showed the payment with this status, or further
};

class Outbox {
 public:
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  Told& operator[](std::size_t place) { return told_[place]; }
  const Told& operator[](std::size_t place) const { return told_[place]; }
  // One writer: fill the place behind the last one, then add it.
  Told& blank() { return told_[size_.load(std::memory_order_relaxed)]; }
  void add() { size_.fetch_add(1, std::memory_order_release); }
  bool full() const { return size() == kMaxTold; }

  // Every event before it is acknowledged.
  std::atomic<std::size_t> first_open{0};

 private:
  std::atomic<std::size_t> size_{0};
  Told told_[kMaxTold];
};

}  // namespace till::rounds
