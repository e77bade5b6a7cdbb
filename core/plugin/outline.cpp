// outline_of(): the script, run by a function that looks at what it has defined.
#include "core/plugin/outline.h"

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/json/value.h"
#include "core/plugin/chunk.h"
#include "core/plugin/script.h"

namespace till::plugin {
namespace {

// The script stands between these two as a function of its own, so that it neither sees a name of theirs nor hides one
// from them, and may end with a `return`. No line ends in front of it: its lines keep their numbers. Names of functions
// only; whatever else stands there is of no use to anybody.
constexpr std::string_view kLook =
    "(function(script)"
    "  local pairs, type, tostring, array = pairs, type, tostring, json.array"
    "  script()"
    "  if type(provider.native) ~= 'table' then provider.native = {} end"
    "  provider.native['(outline)'] = function()"
    "    local functions, host = array({}), array({})"
    "    for subject, value in pairs(provider) do"
    "      if type(value) == 'function' then functions[#functions + 1] = tostring(subject) end"
    "      if type(value) == 'table' then"
    "        for name, inner in pairs(value) do"
    "          if type(inner) == 'function' and name ~= '(outline)' then"
    "            functions[#functions + 1] = tostring(subject) .. '.' .. tostring(name)"
    "          end"
    "        end"
    "      end"
    "    end"
    "    local libraries = {http = http, json = json, log = log, math = math, money = money, string = string,"
    "                       table = table, text = text, time = time}"
    "    for library, members in pairs(libraries) do"
    "      host[#host + 1] = library"
    "      if type(members) == 'table' then"
    "        for name in pairs(members) do host[#host + 1] = library .. '.' .. tostring(name) end"
    "      end"
    "    end"
    "    for _, name in pairs({'assert', 'error', 'fail', 'ipairs', 'next', 'pairs', 'pcall', 'provider', 'select',"
    "                          'settings', 'tonumber', 'tostring', 'type'}) do host[#host + 1] = name end"
    "    return {functions = functions, host = host}"
    "  end "
    "end)(function(...) ";
constexpr std::string_view kEnd = "\nend)";

std::vector<std::string> texts_of(const json::Value& list) {
  std::vector<std::string> out;
  if (list.array())
    for (const json::Value& text : *list.array())
      if (text.string()) out.push_back(*text.string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<Outline> outline_of(const std::shared_ptr<const Plugin>& plugin) {
  auto looking = std::make_shared<Plugin>(*plugin);
  looking->script.insert(0, kLook).append(kEnd);
  TILL_ASSIGN(looking->chunk, Chunk::compile(looking->script, kMaxScriptBytes + kLook.size() + kEnd.size()));
  const ManualClock clock(0);
  TILL_ASSIGN(auto run, ScriptRun::open(std::move(looking), "native.(outline)", json::Object(),
                                        json::Object{{"has", json::Object()}}, clock));
  TILL_ASSIGN(const ScriptStep step, run.begin());
  const auto* done = std::get_if<ScriptDone>(&step);
  if (!done) return plugin_error("script_error", "provider.lua sends a request from its top level");
  const json::Value* functions = done->output.find("functions");
  const json::Value* host = done->output.find("host");
  if (!functions || !host) return internal_error("the outline of a script has another form");
  return Outline{texts_of(*functions), texts_of(*host)};
}

}  // namespace till::plugin
