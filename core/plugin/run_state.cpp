// Work, endings and errors of one run: see run_state.h.
#include "core/plugin/run_state.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "core/base/limits.h"
#include "core/plugin/plain_text.h"

namespace till::plugin {
namespace {

// How often the limits are looked at, in VM instructions.
constexpr std::int64_t kHookInterval = 1000;
// How much of what host functions do passes between two looks at the processor time. A step through a table passes at
// most all of the heap: half a millisecond for 16 MiB, while a look takes less than a microsecond.
constexpr std::int64_t kChargeInterval = 10'000;
constexpr std::size_t kWalkInterval = 256 * kMiB;

std::int64_t thread_processor_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Processor time of the run so far, counted from the first time this is asked within a step.
std::int64_t processor_ns_of(RunState& run) {
  const std::int64_t now = thread_processor_ns();
  if (run.step_began_ns < 0) run.step_began_ns = now;
  return run.processor_ns + (now - run.step_began_ns);
}

}  // namespace

RunState::RunState(std::shared_ptr<const Plugin> plugin_, std::string operation_, json::Value input_,
                   json::Value settings_, const Clock& clock_, ScriptLimits limits_, Counter* nonces_)
    : plugin(std::move(plugin_)),
      operation(std::move(operation_)),
      input(std::move(input_)),
      settings(std::move(settings_)),
      clock(&clock_),
      limits(limits_),
      nonces(nonces_ == nullptr ? &own_nonces : nonces_),
      hook_interval(std::clamp<std::int64_t>(limits_.max_instructions, 1, kHookInterval)) {}

bool RunState::charge(std::int64_t units) {
  charged += units;
  if (spent() > limits.max_instructions) {
    end(Ending::kTime);
    return false;
  }
  charged_since_look += units;
  return charged_since_look < kChargeInterval || is_in_time();
}

bool RunState::walk(std::int64_t steps) {
  walked_since_look += static_cast<std::size_t>(steps) * sandbox->heap.bytes_in_use();
  return walked_since_look < kWalkInterval || is_in_time();
}

bool RunState::is_in_time() {
  charged_since_look = 0;
  walked_since_look = 0;
  if (processor_ns_of(*this) <= limits.max_processor_ms * 1'000'000) return true;
  end(Ending::kTime);
  return false;
}

void RunState::end_step() {
  if (step_began_ns >= 0) processor_ns = processor_ns_of(*this);
  step_began_ns = -1;
}

void RunState::begin_operation() {
  sandbox->heap.set_work_bytes(static_cast<std::uint64_t>(limits.spent_instructions * kBytesPerUnit));
  charged = 0;
  charged_since_look = 0;
  walked_since_look = 0;
  processor_ns = limits.spent_processor_ms * 1'000'000;
  step_began_ns = -1;
}

std::int64_t RunState::spent() const {
  return charged + static_cast<std::int64_t>(sandbox->heap.work_bytes()) / kBytesPerUnit;
}

void RunState::end(Ending reason) {
  if (ending != Ending::kNone) return;
  ending = reason == Ending::kMemory && sandbox->heap.is_overworked() ? Ending::kTime : reason;
}

void RunState::end_with(Ending reason, Error error) {
  if (ending != Ending::kNone) return;
  failure = std::move(error);
  ending = reason;
}

Error RunState::ending_error() const {
  const std::string where = "provider.lua in " + plain_text(operation, 80);
  switch (ending) {
    case Ending::kTime:
      return plugin_error("script_time", where + " took more than " + std::to_string(limits.max_instructions) +
                                             " instructions or " + std::to_string(limits.max_processor_ms) +
                                             " ms of processor time");
    case Ending::kMemory:
      return plugin_error("script_memory",
                          where + " needed more than " + std::to_string(limits.max_memory_bytes) + " bytes of memory");
    case Ending::kDepth:
      return plugin_error("script_depth", where + " nested calls more than " + std::to_string(limits.max_call_depth) +
                                              " deep, or more than Lua's stack allows");
    case Ending::kRequests:
      return plugin_error("script_requests",
                          where + " made more than " + std::to_string(limits.max_requests) + " requests");
    case Ending::kOutput:
    case Ending::kFailed:
      return failure;
    case Ending::kNone:
      break;
  }
  return internal_error("the run is not ending");
}

void raise(lua_State* state, const char* message) {
  push_where(state, 1);
  lua_pushstring(state, message);
  lua_concat(state, 2);
  lua_error(state);
  std::abort();  // lua_error does not return
}

void need_operation(lua_State* state, const char* message) {
  if (run_of(state).loading) raise(state, message);
}

void raise_ending(lua_State* state, Ending reason) {
  run_of(state).end(reason);
  lua_settop(state, 0);
  lua_pushnil(state);
  lua_error(state);
  std::abort();
}

void walk(lua_State* state, std::int64_t steps) {
  if (!run_of(state).walk(steps)) raise_ending(state, Ending::kTime);
}

void charge(lua_State* state, std::int64_t units) {
  if (!run_of(state).charge(units)) raise_ending(state, Ending::kTime);
}

void charge_bytes(lua_State* state, std::size_t bytes) {
  charge(state, static_cast<std::int64_t>(bytes) / kBytesPerUnit);
}

void push_where(lua_State* state, int level) {
  lua_Debug frame;
  if (lua_getstack(state, level, &frame) != 0 && lua_getinfo(state, "Sl", &frame) != 0 && frame.currentline > 0)
    lua_pushfstring(state, "%s:%d: ", frame.short_src, frame.currentline);
  else
    lua_pushstring(state, "");
}

void settle(lua_State* state, Outcome outcome) {
  if (outcome == Outcome::kDone) return;
  if (outcome == Outcome::kEnd) raise_ending(state, Ending::kMemory);
  raise(state, run_of(state).text.c_str());
}

int settle_text(lua_State* state, Outcome outcome) {
  settle(state, outcome);
  const std::string& text = run_of(state).text;
  lua_pushlstring(state, text.data(), text.size());
  return 1;
}

Outcome end_output(RunState& run, std::string message) {
  run.end_with(Ending::kOutput, plugin_error("script_output", plain_text(message, kMaxScriptMessage)));
  return Outcome::kEnd;
}

}  // namespace till::plugin
