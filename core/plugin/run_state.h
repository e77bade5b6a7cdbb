// RunState: what one run of a script knows, shared between the sandbox and the host functions that scripts call.
//
// How host functions are written. Lua raises errors with longjmp, which runs no destructors. So a host function
//   1. reads its arguments as plain views of Lua's own memory (arguments.h; may raise),
//   2. does its C++ work inside guarded(), which calls no Lua function that can raise, and leaves what it made in the
//      RunState's `text` or `value`,
//   3. settles: raises if the work failed, else pushes the result (may raise; nothing is lost, the RunState owns it).
// No object with a destructor lives in a frame that Lua may jump over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/counter.h"
#include "core/base/error.h"
#include "core/json/value.h"
#include "core/plugin/lua_api.h"
#include "core/plugin/plugin.h"
#include "core/plugin/sandbox.h"
#include "core/plugin/script.h"

namespace till::plugin {

// Why a run ends without its script having a say. No pcall catches any of these.
enum class Ending { kNone, kTime, kMemory, kDepth, kRequests, kOutput, kFailed };

struct RunState {
  RunState(std::shared_ptr<const Plugin> plugin_, std::string operation_, json::Value input_, json::Value settings_,
           const Clock& clock_, ScriptLimits limits_, Counter* nonces_);
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  // Adds `units` of work, as if they were VM instructions. False when the run has none left; then it is ending.
  bool charge(std::int64_t units);
  std::int64_t spent() const;
  // Counts `steps` through a table, each of which may take far longer than an instruction (lua_next skips empty slots,
  // and there may be many), and looks at the processor time every few of them. False when there is none left; then the
  // run is ending.
  bool walk(std::int64_t steps);
  // Looks at the processor time now; likewise.
  bool is_in_time();
  // Ends a step: from here to the next look at the processor time nothing counts.
  void end_step();
  // Begins the operation in a sandbox that is loaded: what its top level took does not count, what earlier runs of the
  // operation took does.
  void begin_operation();
  // Marks the run as ending, for the first reason only.
  void end(Ending reason);
  void end_with(Ending reason, Error error);
  // The error that `ending` stands for.
  Error ending_error() const;

  std::shared_ptr<const Plugin> plugin;
  std::string operation;
  json::Value input;
  json::Value settings;
  const Clock* clock;
  ScriptLimits limits;
  Counter own_nonces;
  Counter* nonces;

  std::unique_ptr<Sandbox> sandbox;
  bool loading = false;  // the top level of the script runs, no operation yet
  std::int64_t hook_interval;
  std::int64_t charged = 0;
  std::int64_t charged_since_look = 0;  // units since charge() looked at the processor time
  std::size_t walked_since_look = 0;    // likewise the bytes that the steps of walk() may have passed
  std::int64_t processor_ns = 0;        // processor time of the steps that ended
  std::int64_t step_began_ns = -1;
  int requests = 0;
  bool wrote = false;  // a request that is no read was made
  Ending ending = Ending::kNone;
  Error failure;  // of kOutput and kFailed

  ScriptRequest request;
  std::optional<ScriptReply> reply;  // nullopt: nothing came of an optional request
  std::vector<ScriptLogLine> log;

  std::string text;   // what the last guarded() made: a result, or the message to raise
  json::Value value;  // likewise
};

// Bytes of allocations that are charged like one VM instruction.
inline constexpr std::int64_t kBytesPerUnit = 64;

// The run that a Lua state belongs to.
inline RunState& run_of(lua_State* state) { return **static_cast<RunState**>(lua_getextraspace(state)); }

// What guarded work came to.
enum class Outcome {
  kDone,
  kRaise,  // raise `text` as an error that the script may catch
  kEnd,    // the run is ending
};

// Raises `message` with the line of the script in front, as an error that pcall catches. Do not hold C++ objects.
[[noreturn]] void raise(lua_State* state, const char* message);
// Raises `message` at the top level of the script, which all runs share.
void need_operation(lua_State* state, const char* message);
// Ends the run; nothing catches it.
[[noreturn]] void raise_ending(lua_State* state, Ending reason);
// Counts a step through a table (RunState::walk()) or ends the run.
void walk(lua_State* state, std::int64_t steps = 1);
// Charges work or ends the run.
void charge(lua_State* state, std::int64_t units);
// Charges about `bytes` / 64 units: what copying or comparing them costs beside an instruction.
void charge_bytes(lua_State* state, std::size_t bytes);
// Pushes "provider.lua:12: " for the function at `level` of the call stack, or "".
void push_where(lua_State* state, int level);
// Raises unless the outcome is kDone.
void settle(lua_State* state, Outcome outcome);
// settle(), then pushes `text`. Returns 1.
int settle_text(lua_State* state, Outcome outcome);

// Runs `work(RunState&) -> Outcome`. The work must call no Lua function that can raise.
template <class Work>
Outcome guarded(lua_State* state, Work work) noexcept {
  static_assert(std::is_trivially_destructible_v<Work>, "captures must survive a longjmp");
  RunState& run = run_of(state);
  try {
    return work(run);
  } catch (...) {  // out of memory
    run.end(Ending::kMemory);
    return Outcome::kEnd;
  }
}

// For work: leaves the message to raise.
inline Outcome raise_text(RunState& run, std::string message) {
  run.text = std::move(message);
  return Outcome::kRaise;
}

// For work: the script tried to pass something on that has no exact form.
Outcome end_output(RunState& run, std::string message);

}  // namespace till::plugin
