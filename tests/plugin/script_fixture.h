// Plugins made of a few lines, for the tests of scripts.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/plugin/script.h"

namespace till::plugin {

// 2026-11-20T22:50:00.000Z
inline constexpr UnixMillis kTestTime = 1'795'215'000'000;

inline const ManualClock& test_clock() {
  static const ManualClock clock(kTestTime);
  return clock;
}

inline std::shared_ptr<Plugin> plugin_of(std::string script) {
  auto plugin = std::make_shared<Plugin>();
  plugin->manifest.id = "example";
  plugin->manifest.script_headers = {"X-Accept-Version"};
  plugin->manifest.path_secrets = {"token"};
  plugin->script = std::move(script);
  return plugin;
}

// A script whose one operation, check(input), has this body.
inline std::shared_ptr<Plugin> plugin_with_check(const std::string& body) {
  return plugin_of("function provider.check(input)\n" + body + "\nend");
}

inline json::Value json_of(std::string_view text) { return json::parse(text).value(); }

// Opens and begins one run of `operation`; the settings are empty.
inline Result<ScriptStep> step_of(std::shared_ptr<const Plugin> plugin, json::Value input = json::Object(),
                                  ScriptLimits limits = {}, std::string operation = "check") {
  auto run =
      ScriptRun::open(std::move(plugin), std::move(operation), std::move(input), json::Object(), test_clock(), limits);
  if (!run) return run.error();
  return run->begin();
}

// The JSON text of what check(input) with this body returns, "error CODE: message" or "request METHOD PATH".
inline std::string outcome_of(const std::string& body, json::Value input = json::Object(), ScriptLimits limits = {}) {
  const auto step = step_of(plugin_with_check(body), std::move(input), limits);
  if (!step) return "error " + step.error().code + ": " + step.error().message;
  if (const auto* done = std::get_if<ScriptDone>(&*step)) return json::write(done->output);
  const auto& request = std::get<ScriptRequest>(*step);
  return "request " + request.method + " " + request.path;
}

}  // namespace till::plugin
