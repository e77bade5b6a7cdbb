// What the rounds are told on the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace till::rounds {

struct Options {
  int rounds = 1'000;
  std::uint64_t seed = 1;
  std::string store;  // empty: a file in a folder of its own
  std::size_t machines = 1;
  std::size_t workers = 4;  // of each machine, at once
  int span_ms = 40;         // a worker lives from 0 to so long
  int database_stops = 0;   // above 0: a PostgreSQL server of the program's own is stopped so often
};

}  // namespace till::rounds
