// time: from_seconds, iso, nonce, now, parse. Times are integers: milliseconds since 1970-01-01T00:00:00Z.
#include <algorithm>
#include <atomic>

#include "core/base/time.h"
#include "core/money/decimal.h"
#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

std::atomic<std::int64_t> last_nonce{0};

constexpr const char* kNoClock = "the time can only be asked for inside an operation";

int time_now(lua_State* state) {
  need_operation(state, kNoClock);
  lua_pushinteger(state, run_of(state).clock->now_ms());
  return 1;
}

// 0, 1, 2, ... of the gateway.
int count_nonce(lua_State* state) {
  if (text_argument(state, 1) != "count") raise_argument(state, 1, "nothing or \"count\"");
  lua_pushinteger(state, run_of(state).nonces->next());
  return 1;
}

// Greater than every nonce before it in this process, and near the time.
int time_nonce(lua_State* state) {
  need_operation(state, kNoClock);
  if (!lua_isnoneornil(state, 1)) return count_nonce(state);
  const std::int64_t now = run_of(state).clock->now_ms();
  std::int64_t last = last_nonce.load();
  std::int64_t next = 0;
  do next = std::max(now, last + 1);
  while (!last_nonce.compare_exchange_weak(last, next));
  lua_pushinteger(state, next);
  return 1;
}

int settle_time(lua_State* state, Outcome outcome) {
  settle(state, outcome);
  push_json(state, run_of(state).value);
  return 1;
}

int time_parse(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  return settle_time(state, guarded(state, [=](RunState& run) {
                       const auto time = parse_time(text);
                       if (!time) return raise_text(run, time.error().message);
                       run.value = json::Value::integer(*time);
                       return Outcome::kDone;
                     }));
}

int time_iso(lua_State* state) {
  const std::int64_t time = integer_argument(state, 1);
  if (time < kMinTime || time > kMaxTime) raise_argument(state, 1, "a time in the years 0000 to 9999");
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text = format_iso_time(time);
                       return Outcome::kDone;
                     }));
}

// What is finer than a millisecond is cut off.
Result<std::int64_t> milliseconds_of(std::string_view seconds) {
  TILL_ASSIGN(const Decimal decimal, Decimal::parse_json_number(seconds));
  TILL_ASSIGN(const Decimal whole, decimal.rounded(3, Rounding::kFloor));
  if (whole.units() < kMinTime || whole.units() > kMaxTime)
    return invalid_request("", "the time is not in the years 0000 to 9999");
  return static_cast<std::int64_t>(whole.units());
}

int time_from_seconds(lua_State* state) {
  const DecimalArgument seconds = decimal_argument(state, 1);
  return settle_time(state, guarded(state, [=](RunState& run) {
                       const auto time = milliseconds_of(seconds.text());
                       if (!time) return raise_text(run, time.error().message);
                       run.value = json::Value::integer(*time);
                       return Outcome::kDone;
                     }));
}

constexpr HostFunction kTimeFunctions[] = {
    {"from_seconds", time_from_seconds},
    {"iso", time_iso},
    {"nonce", time_nonce},
    {"now", time_now},
    {"parse", time_parse},
};

}  // namespace

constexpr HostLibrary kTimeLibrary{"time", kTimeFunctions, nullptr};

}  // namespace till::plugin
