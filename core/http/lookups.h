// Lookups: name look-ups on helper threads, several at once, each name once at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/http/loop.h"
#include "core/http/resolver.h"

namespace till::http {

// Used on the loop's thread only. Its helper threads begin when needed, at most kMaxThreads, and end by themselves: one
// that is stuck in a slow look-up outlives this object without touching it.
class Lookups {
 public:
  using Addresses = Result<std::vector<std::string>>;
  using Done = std::function<void(const Addresses&)>;
  static constexpr std::size_t kMaxThreads = 8;

  Lookups(std::shared_ptr<Loop> loop, std::shared_ptr<Resolver> resolver);
  ~Lookups();
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  // Calls `done` later on the loop's thread; never when the loop closed before. Literal addresses and "localhost" must
  // not be asked for.
  void start(const std::string& host, Done done);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace till::http
