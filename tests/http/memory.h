// Memory that runs out when a test says so, for one thread.
#pragma once

namespace till::http {

// While it lives, `new` fails on the thread that made it: once, after `successes` allocations that worked, or from then
// on. What OpenSSL takes for itself is not counted.
class MemoryFault {
 public:
  // False under AddressSanitizer: then nothing fails, and the tests are skipped.
#ifdef __SANITIZE_ADDRESS__
  static constexpr bool kWorks = false;
#else
  static constexpr bool kWorks = true;
#endif
  enum class Lasts { kOnce, kOn };
  MemoryFault(int successes, Lasts lasts);
  ~MemoryFault();
  MemoryFault(const MemoryFault&) = delete;
  MemoryFault& operator=(const MemoryFault&) = delete;

  // Whether an allocation has failed.
  bool happened() const;
};

}  // namespace till::http
