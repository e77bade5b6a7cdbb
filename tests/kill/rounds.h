// Rounds: starts the service and the workers, kills these, and has everything checked. The process that runs it never
// has a thread, so that it can fork.
#pragma once

#include <optional>
#include <random>
#include <string>

#include "tests/kill/database.h"
#include "tests/kill/options.h"
#include "tests/kill/shared.h"
#include "tests/kill/shop.h"

namespace till::rounds {

class Rounds {
 public:
  explicit Rounds(Options options);

  // True when everything held.
  bool run();

 private:
  void begin();
  void serve();
  bool kill_all();
  void run_machine(std::size_t machine);
  bool came_to_nothing() const;
  void kill_one_batch(Shop& shop, std::size_t machine, std::mt19937_64& random);
  void stop_database_now_and_then();
  void mend();
  bool check();
  void report(double rounds_s, double mend_s) const;
  std::string books_path() const { return folder_ + "/books.json"; }

  const Options options_;
  const std::string folder_;
  Shared* shared_;
  Place place_;
  pid_t service_ = -1;
  std::optional<Database> database_;
};

}  // namespace till::rounds
