// What must hold for any script, and for any calls of the host's functions: a run ends, within its limits, with an
// output or with a typed error.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/plugin/script.h"
#include "tests/fuzz/properties.h"

namespace till::fuzz {

inline constexpr plugin::ScriptLimits kFuzzLimits{.max_memory_bytes = 2u << 20,
                                                  .max_instructions = 200'000,
                                                  .max_processor_ms = 2'000,
                                                  .max_requests = 5,
                                                  .max_string_bytes = 256u << 10};

inline bool is_typed(const Error& error) {
  return error.kind != ErrorKind::kInternal && !error.code.empty() && !error.message.empty();
}

// Answers every request of a run, each with another reply.
inline Result<plugin::ScriptStep> to_its_end(plugin::ScriptRun& run) {
  auto step = run.begin();
  for (int replies = 0; step.ok() && std::holds_alternative<plugin::ScriptRequest>(*step); ++replies) {
    require(replies <= kFuzzLimits.max_requests, "no run makes more requests than it may");
    const auto& request = std::get<plugin::ScriptRequest>(*step);
    require(request.path.starts_with('/'), "a path begins with a slash");
    require(!request.optional || request.read, "only a read may fail");
    if (request.optional && replies % 2 != 0) {
      step = run.resume(std::nullopt);
      continue;
    }
    plugin::ScriptReply reply{.status = 200, .headers = {{"x-a", "b"}}, .body = "text", .json = std::nullopt};
    if (replies % 2 == 0) reply.json = json::parse(R"({"id":"p1","n":1.50,"list":[null,{}],"t":true})").value();
    step = run.resume(std::move(reply));
  }
  return step;
}

// `bytes` is a whole provider.lua.
inline void check_script(std::string_view bytes) {
  auto plugin = std::make_shared<plugin::Plugin>();
  plugin->script = bytes;
  plugin->manifest.id = "fuzz";
  plugin->manifest.script_headers = {"X-A"};
  plugin->manifest.path_secrets = {"key"};
  const ManualClock clock(1'770'800'000'000);
  const json::Value input = json::parse(R"({"amount":{"amount":"48.25","currency":"EUR"},"id":"p1"})").value();
  const json::Value settings = json::parse(R"({"mode":"live","has":{"key":true}})").value();
  auto run = plugin::ScriptRun::open(plugin, "check", input, settings, clock, kFuzzLimits);
  if (!run.ok()) {
    require(is_typed(run.error()), "a script that cannot be opened says why");
    return;
  }
  const auto step = to_its_end(*run);
  require(run->memory_bytes() <= kFuzzLimits.max_memory_bytes, "no run holds more memory than it may");
  require(run->log().size() <= kFuzzLimits.max_log_lines, "no run logs more than it may");
  if (!step.ok()) {
    require(is_typed(step.error()), "a run that fails says why");
    return;
  }
  const std::string text = json::write(std::get<plugin::ScriptDone>(*step).output);
  require(json::parse(text, {.max_bytes = text.size()}).ok(), "what a run returns is JSON");
}

// A script made of `bytes`: each three of them call one of the host's functions with two of the values so far.
inline std::string script_of_calls(std::string_view bytes) {
  constexpr std::array kFunctions{"tonumber",
                                  "tostring",
                                  "select",
                                  "next",
                                  "ipairs",
                                  "string.sub",
                                  "string.len",
                                  "string.upper",
                                  "string.lower",
                                  "string.rep",
                                  "string.byte",
                                  "string.char",
                                  "string.reverse",
                                  "table.insert",
                                  "table.remove",
                                  "table.concat",
                                  "table.unpack",
                                  "table.sort",
                                  "math.min",
                                  "math.max",
                                  "json.encode",
                                  "json.decode",
                                  "json.array",
                                  "json.object",
                                  "json.number",
                                  "money.of",
                                  "money.from_minor",
                                  "money.scaled",
                                  "money.minor",
                                  "money.decimal",
                                  "money.add",
                                  "money.sub",
                                  "money.compare",
                                  "money.is_zero",
                                  "time.now",
                                  "time.nonce",
                                  "time.parse",
                                  "time.iso",
                                  "time.from_seconds",
                                  "text.trim",
                                  "text.starts",
                                  "text.ends",
                                  "text.contains",
                                  "text.split",
                                  "text.replace",
                                  "text.join",
                                  "text.digits",
                                  "text.url_encode",
                                  "text.hex_encode",
                                  "text.hex_decode",
                                  "text.base64_encode",
                                  "text.base64_decode",
                                  "http.get",
                                  "http.post",
                                  "http.delete",
                                  "log.info",
                                  "fail",
                                  "error",
                                  "pairs",
                                  "rawget"};
  constexpr std::string_view kValues =
      R"(local v = {nil, true, false, 0, 1, -1, 255, 9223372036854775807, "", "a", "48.25", "EUR", "JPY", "BTC", "/",
  "/p/{id}", "2026-02-11T08:53:20Z", "{\"a\":[1.50,null]}", "\xff\xfe", "PermissionDenied", ("x"):rep(300), {}, {1, 2, 3},
  {a = "b"}, {{"a", "b"}, {"c", 1}}, {amount = "48.25", currency = "EUR"}, {path = {id = "x y"}, query = {a = 1}},
  {json = {a = 1}, headers = {["X-A"] = "b"}}, {form = {a = "b"}, read = true}, json.null, settings, provider,
  {optional = true}}
local count = 33
local function call(f, a, b)
  local done, made = pcall(f, v[a % count + 1], v[b % count + 1])
  if done and made ~= nil and count < 64 then count = count + 1 v[count] = made end
end
function provider.check(input)
)";
  std::string script(kValues);
  constexpr std::size_t kMaxCalls = 200;
  for (std::size_t i = 0; i + 2 < bytes.size() && i < 3 * kMaxCalls; i += 3) {
    const auto at = [&](std::size_t offset) { return static_cast<unsigned char>(bytes[i + offset]); };
    script += std::string("call(") + kFunctions[at(0) % kFunctions.size()] + "," + std::to_string(at(1)) + "," +
              std::to_string(at(2)) + ")\n";
  }
  return script + "return v[count]\nend\n";
}

inline void check_host_calls(std::string_view bytes) {
  const std::string script = script_of_calls(bytes);
  require(plugin::Chunk::compile(script).ok(), "the calls make a script");
  check_script(script);
}

}  // namespace till::fuzz
