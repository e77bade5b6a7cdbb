// ScriptRun: one operation of one provider, run in a sandbox of its own, and suspended at each request it makes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/counter.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/plugin/plugin.h"

namespace till::plugin {

struct ScriptLimits {
  std::size_t max_memory_bytes = 16u << 20;  // of the Lua heap; in it, no table of more than 32,768 keys beside a list
  std::int64_t max_instructions = 20'000'000;  // VM instructions over the whole run; host functions and allocations
                                               // count as well, by the bytes they handle
  std::int64_t max_processor_ms = 2'000;       // processor time over the whole run, for what no instruction counts
  int max_requests = 20;                       // http.* calls in one operation
  std::size_t max_call_depth = 180;            // nested Lua and C calls, looked at every 1,000 instructions
  std::size_t max_string_bytes = 4u << 20;     // of one string made by the host API
  std::size_t max_log_lines = 50;
  // Of max_instructions and max_processor_ms, by earlier runs of the same operation. The top level has both whole.
  std::int64_t spent_instructions = 0;
  std::int64_t spent_processor_ms = 0;
};

// What the script asked for with http.*. The core still has to fill in
//   - handles (handle.h), in `path`, `query`, `headers` and `body`. They stand there raw, neither percent-encoded nor
//     escaped, so that they can be found: each is a whole path value, field or header, or a whole JSON string; in JSON
//     text inside a JSON string (as json.encode makes it) the quotes around it are escaped. Escaping the secret for its
//     place, or refusing one that would need it, is the core's part.
//   - "{secret.NAME}" in `path`, where NAME is one of the manifest's path_secrets: its value, percent-encoded.
struct ScriptRequest {
  std::string method;  // GET, POST, PUT, PATCH, DELETE
  std::string path;    // begins with "/", already expanded and percent-encoded; relative to the mode's base URL
  std::vector<std::pair<std::string, std::string>> query;    // not yet encoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // allowed by the manifest's `script_headers`
  std::string body;                                          // as it will be sent, but for handles
  std::string content_type;                                  // empty when there is no body
  std::vector<int> expect;   // statuses, beside 2xx, that the script reads itself: no error rule is tried for them
  bool authenticate = true;  // auth = false leaves the manifest's auth out
  bool read = false;         // the request changes nothing at the provider: may be repeated
  bool idempotent = true;    // false: the manifest's idempotency header is not known at this address and stays away
  bool optional = false;     // a read after a write that was answered: resume(nullopt) when nothing comes of it
  bool once = false;         // these bytes are good for one time: not sent again when their answer is lost
};

// What the core hands back: the reply in the form that scripts see.
struct ScriptReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
  std::string body;                 // as the script may see it: the caller removes secrets here, too
  std::optional<json::Value> json;  // when the body is JSON; secrets already replaced by handles
};

struct ScriptDone {
  json::Value output;
};

using ScriptStep = std::variant<ScriptRequest, ScriptDone>;

struct ScriptLogLine {
  std::string level;  // "debug", "info", "warn"
  std::string text;
};

// One run. Not thread-safe, but may move between threads between calls. Destroying it at any time is safe.
class ScriptRun {
 public:
  // Prepares a sandbox in which nothing has run. Uses plugin->chunk when there is one, else compiles plugin->script
  // (script_syntax). `settings` holds the non-secret settings only. `clock` and
  // `nonces`, from which time.nonce("count") counts (null: from 0 in each run), must outlive the run. `operation` is
  // "payments.create", or "native.NAME" for a native call.
  static Result<ScriptRun> open(std::shared_ptr<const Plugin> plugin, std::string operation, json::Value input,
                                json::Value settings, const Clock& clock, ScriptLimits limits = {},
                                Counter* nonces = nullptr);
  ScriptRun(ScriptRun&&) noexcept;
  ScriptRun& operator=(ScriptRun&&) noexcept;
  ~ScriptRun();

  // Runs until the first request or the end; call it once. Errors: what the script raised with fail(), or kPlugin with
  // code "script_error" | "script_time" | "script_memory" | "script_depth" | "script_requests" | "script_output" |
  // "script_syntax".
  Result<ScriptStep> begin();
  // Continues after the request of the last step with its reply, or without one when the request was `optional`. Errors
  // as begin(); kInternal when no request is open, or when the one that is needs a reply.
  Result<ScriptStep> resume(std::optional<ScriptReply> reply);
  // What log.* wrote so far, for the core's own redaction and log. Lines beyond max_log_lines are dropped.
  const std::vector<ScriptLogLine>& log() const;
  // Lua heap in use now; instructions and processor time that the operation has spent so far, in earlier runs too.
  std::size_t memory_bytes() const;
  std::int64_t instructions() const;
  std::int64_t processor_ms() const;

 private:
  class Impl;
  explicit ScriptRun(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace till::plugin
