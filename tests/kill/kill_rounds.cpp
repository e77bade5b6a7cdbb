// Kill rounds: workers that create, refund, receive and handle are ended by SIGKILL at random points, in the middle of
// whatever they do, and so is one that reconciles. Afterwards no write was sent twice, none is forgotten, no event that
// was acknowledged is lost, none took effect twice, each was handled in its order and then never given again, and the
// store agrees with the service's own books.
//
//   till_kill_rounds [--rounds 1000] [--seed 1] [--store sqlite:/path | postgres://...] [--workers 4] [--span-ms 40]
//                    [--machines 1] [--stop-database 0]
//
// A machine is a group of so many workers, with a Runtime of its own that was opened apart from the others': they share
// one store, the account's label, and nothing else. With --stop-database the store is a PostgreSQL server of the
// program's own, which is stopped so often while the workers work, every other time as in a crash, and started again
// after a moment; the rounds go on until it was. It goes with "--store postgres", or no store.
//
// Also from the environment: TILL_KILL_ROUNDS, TILL_KILL_SEED, TILL_KILL_STORE. One round is one process killed. The
// program has no thread of its own, so that it can fork warm workers: the service runs in a child.
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include "tests/kill/options.h"
#include "tests/kill/rounds.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

std::string from_environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value ? std::string(value) : otherwise;
}

Options read_options(int argc, char** argv) {
  Options options;
  options.rounds = std::stoi(from_environment("TILL_KILL_ROUNDS", "1000"));
  options.seed = std::stoull(from_environment("TILL_KILL_SEED", std::to_string(std::random_device{}())));
  options.store = from_environment("TILL_KILL_STORE", "");
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--rounds") options.rounds = std::stoi(value);
    if (name == "--seed") options.seed = std::stoull(value);
    if (name == "--store") options.store = value;
    if (name == "--machines") options.machines = std::stoul(value);
    if (name == "--stop-database") options.database_stops = std::stoi(value);
    if (name == "--workers") options.workers = std::stoul(value);
    if (name == "--span-ms") options.span_ms = std::stoi(value);
  }
  if (options.workers < 2 || options.workers > kMaxWorkers || options.span_ms < 1 || options.rounds < 1)
    give_up("expected 2 to 32 workers, a span of at least 1 ms, and a round");
  if (options.machines < 1 || options.machines > kMaxWorkers / options.workers)
    give_up("expected a machine, and at most 32 workers on all");
  if (options.database_stops > 0 && !options.store.empty() && options.store != "postgres")
    give_up("--stop-database brings a PostgreSQL server of its own: SQLite has none to stop, and no other is stopped");
  return options;
}

}  // namespace
}  // namespace till::rounds

int main(int argc, char** argv) { return till::rounds::Rounds(till::rounds::read_options(argc, argv)).run() ? 0 : 1; }
