// log.debug, log.info, log.warn; and fail(), by which a script ends its operation with a typed error.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/plain_text.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

constexpr std::size_t kMaxCodeLength = 100;

// What a script may say went wrong. The others are for the core to judge: whether a request went out, whether a webhook
// is genuine, whether a plugin misbehaves.
constexpr std::array kKinds{ErrorKind::kConfiguration,  ErrorKind::kInvalidRequest,   ErrorKind::kUnsupported,
                            ErrorKind::kAuthentication, ErrorKind::kPermissionDenied, ErrorKind::kNotFound,
                            ErrorKind::kConflict,       ErrorKind::kRateLimited,      ErrorKind::kBlocked,
                            ErrorKind::kProvider};

int log_line(lua_State* state, const char* level) {
  const std::string_view text = text_argument(state, 1);
  need_operation(state, "the log can only be written inside an operation");
  settle(state, guarded(state, [=](RunState& run) {
           if (run.log.size() < run.limits.max_log_lines) run.log.push_back({level, plain_text(text, kMaxLogText)});
           return Outcome::kDone;
         }));
  return 0;
}

int log_debug(lua_State* state) { return log_line(state, "debug"); }
int log_info(lua_State* state) { return log_line(state, "info"); }
int log_warn(lua_State* state) { return log_line(state, "warn"); }

std::optional<ErrorKind> kind_of(std::string_view name) {
  const auto kind = error_kind_from_name(name);
  if (!kind || std::find(kKinds.begin(), kKinds.end(), *kind) == kKinds.end()) return std::nullopt;
  return kind;
}

bool is_word(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

std::string option_text(const json::Value& options, std::string_view name) {
  const auto* value = options.find(name);
  if (value == nullptr) return {};
  if (const auto* number = value->number()) return plain_text(number->text, kMaxCodeLength);
  return value->string() == nullptr ? std::string() : plain_text(*value->string(), kMaxCodeLength);
}

Outcome end_with_failure(RunState& run, lua_State* state, std::string_view kind_name, std::string_view message) {
  const auto kind = kind_of(kind_name);
  if (!kind) return raise_text(run, "fail: unknown kind of error \"" + plain_text(kind_name, 60) + "\"");
  json::Value options;
  const Outcome read = read_json(run, state, 3, "fail", options);
  if (read != Outcome::kDone) return read;
  Error error{
      .kind = *kind, .code = std::string(default_code(*kind)), .message = plain_text(message, kMaxScriptMessage)};
  // A code that is no word of ours is the provider's own.
  const std::string code = option_text(options, "code");
  (is_word(code) ? error.code : error.provider_code) = code;
  if (options.find("provider_code") != nullptr) error.provider_code = option_text(options, "provider_code");
  error.field = option_text(options, "field");
  error.request_id = option_text(options, "request_id");
  error.retryable = options.find_bool("retryable").value_or(false);
  error.retry_after_ms = options.find_integer("retry_after_ms");
  run.end_with(Ending::kFailed, std::move(error));
  return Outcome::kEnd;
}

int fail(lua_State* state) {
  const std::string_view kind = text_argument(state, 1);
  const std::string_view message = text_argument(state, 2);
  if (!lua_isnoneornil(state, 3)) table_argument(state, 3);
  lua_settop(state, 3);
  settle(state, guarded(state, [=](RunState& run) { return end_with_failure(run, state, kind, message); }));
  return 0;
}

constexpr HostFunction kLog[] = {{"debug", log_debug}, {"info", log_info}, {"warn", log_warn}};
constexpr HostFunction kFail[] = {{"fail", fail}};

}  // namespace

constexpr HostLibrary kLogLibrary{"log", kLog, nullptr};
constexpr std::span<const HostFunction> kFailFunctions = kFail;

}  // namespace till::plugin
