// Handled: what the shop did for each event of the inbox, in memory that all processes share: its effect, kept beside
// the event's id, as docs/events.md says.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace till::rounds {

inline constexpr std::size_t kMaxHandled = 512 * 1'024;

struct Effect {
  std::atomic<std::uint64_t> event{0};  // the digest of its id; 0: this place is free
  std::atomic<std::uint64_t> first{0};  // a number that grows with each effect of any event, at the first one
  std::atomic<std::int64_t> until{0};   // whose lease it is under: not over before, by its taker's clock; 0: nobody's
  std::atomic<std::uint32_t> times{0};  // how often a handler came as far
  std::atomic<bool> done{false};        // and told the inbox, and the inbox took it
};

class Handled {
 public:
  // The place of an event, and a free one for an event that was never seen.
  Effect& of(std::string_view event_id) {
    const std::uint64_t name = digest(event_id);
    for (std::size_t place = name % kMaxHandled;; place = (place + 1) % kMaxHandled) {
      std::uint64_t found = 0;
      if (effects_[place].event.compare_exchange_strong(found, name) || found == name) return effects_[place];
    }
  }
  // Says until when it is taken, and returns until when it was.
  std::int64_t take(Effect& effect, std::int64_t until) {
    std::int64_t before = effect.until;
    while (before < until && !effect.until.compare_exchange_weak(before, until)) continue;
    return before;
  }
  // Counts one more time, and returns how many there were before.
  std::uint32_t take_effect(Effect& effect) {
    std::uint64_t never = 0;
    effect.first.compare_exchange_strong(never, ++last_);
    return effect.times++;
  }

 private:
  // FNV-1a: two of a run's ids are never the same in 64 bits.
  static std::uint64_t digest(std::string_view text) {
    std::uint64_t sum = 14'695'981'039'346'656'037ULL;
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    return sum == 0 ? 1 : sum;
  }

  std::atomic<std::uint64_t> last_{0};
  Effect effects_[kMaxHandled];
};

}  // namespace till::rounds
