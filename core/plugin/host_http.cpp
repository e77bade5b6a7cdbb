// http: get, post, put, patch, delete. Each suspends the script until the core has the reply.
#include <string>

#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/request_builder.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

void set_text_field(lua_State* state, const char* name, const std::string& text) {
  lua_pushlstring(state, text.data(), text.size());
  lua_setfield(state, -2, name);
}

void push_headers(lua_State* state, const ScriptReply& reply) {
  lua_createtable(state, 0, static_cast<int>(reply.headers.size()));
  for (const auto& header : reply.headers) {
    lua_pushlstring(state, header.first.data(), header.first.size());
    lua_pushlstring(state, header.second.data(), header.second.size());
    lua_rawset(state, -3);
  }
}

// Goes on after the request: returns {status, headers, json, text}, or nil when nothing came of an optional one.
int take_reply(lua_State* state, int, lua_KContext) {
  RunState& run = run_of(state);
  if (!run.reply) {
    lua_pushnil(state);
    return 1;
  }
  const ScriptReply& reply = *run.reply;
  lua_createtable(state, 0, 4);
  lua_pushinteger(state, reply.status);
  lua_setfield(state, -2, "status");
  push_headers(state, reply);
  lua_setfield(state, -2, "headers");
  set_text_field(state, "text", reply.body);
  if (reply.json.has_value()) {
    push_json(state, *reply.json);
    lua_setfield(state, -2, "json");
  }
  run.reply.reset();
  return 1;
}

Outcome build(RunState& run, lua_State* state, std::string_view method, std::string_view path) {
  json::Value options;
  const std::string what = "http request " + std::string(method) + " " + std::string(path.substr(0, 100));
  const Outcome read = read_json(run, state, 2, what, options);
  if (read != Outcome::kDone) return read;
  auto request = build_request(run.plugin->manifest, method, path, options, run.limits.max_string_bytes);
  if (request) {
    run.request = *std::move(request);
    return Outcome::kDone;
  }
  if (request.error().code == "script_output") return end_output(run, request.error().message);
  return raise_text(run, request.error().message);
}

int suspend_with(lua_State* state, const char* method) {
  RunState& run = run_of(state);
  const std::string_view path = text_argument(state, 1);
  if (!lua_isnoneornil(state, 2)) table_argument(state, 2);
  lua_settop(state, 2);
  need_operation(state, "requests can only be made inside an operation");
  if (lua_isyieldable(state) == 0) raise(state, "requests cannot be made inside a comparison function");
  if (run.requests == run.limits.max_requests) raise_ending(state, Ending::kRequests);
  settle(state, guarded(state, [=](RunState& r) { return build(r, state, method, path); }));
  if (run.request.optional && !run.wrote) raise(state, "opts.optional is for a read after a write: there was none");
  if (!run.request.read) run.wrote = true;
  ++run.requests;
  return lua_yieldk(state, 0, 0, take_reply);
}

int http_get(lua_State* state) { return suspend_with(state, "GET"); }
int http_post(lua_State* state) { return suspend_with(state, "POST"); }
int http_put(lua_State* state) { return suspend_with(state, "PUT"); }
int http_patch(lua_State* state) { return suspend_with(state, "PATCH"); }
int http_delete(lua_State* state) { return suspend_with(state, "DELETE"); }

constexpr HostFunction kHttpFunctions[] = {
    {"delete", http_delete}, {"get", http_get}, {"patch", http_patch}, {"post", http_post}, {"put", http_put},
};

}  // namespace

constexpr HostLibrary kHttpLibrary{"http", kHttpFunctions, nullptr};

}  // namespace till::plugin
