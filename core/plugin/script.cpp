// One run of a script: see script.h.
#include "core/plugin/script.h"

#include "core/plugin/chunk.h"
#include "core/plugin/environment.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"
#include "core/plugin/script_errors.h"

namespace till::plugin {
namespace {

// A short run makes less garbage than collecting it would cost.
constexpr std::size_t kCollectFromBytes = 1u << 20;

// What the arrays of a loaded script take for each byte of its bytecode: 1.2 to 1.3 of a provider's. Should a script
// take more, the rest stands where all else does.
constexpr std::size_t kCodeBytesPerByte = 2;

// Where the registry keeps the coroutine, so that it is not collected.
constexpr char kThreadKey = 0;

// Called by Lua every hook_interval instructions.
void check_limits(lua_State* state, lua_Debug*) {
  RunState& run = run_of(state);
  lua_Debug frame;
  if (run.charge(run.hook_interval) && run.is_in_time() &&
      lua_getstack(state, static_cast<int>(run.limits.max_call_depth), &frame) != 0)
    run.end(Ending::kDepth);
  if (run.ending != Ending::kNone) {
    lua_sethook(state, check_limits, LUA_MASKCOUNT, 1);
    lua_pushnil(state);
    lua_error(state);
  }
  if (run.sandbox->heap.bytes_in_use() > kCollectFromBytes) lua_gc(state, LUA_GCRESTART);
}

const char* read_bytecode(lua_State*, void* source, std::size_t* size) {
  auto& bytes = *static_cast<std::string_view*>(source);
  *size = bytes.size();
  return std::exchange(bytes, {}).data();
}

// Protected set-up of a fresh state: globals, and the coroutine with the script's top level on its stack. The argument
// is a std::string_view* of the bytecode.
int set_up(lua_State* state) {
  void* bytecode = lua_touserdata(state, 1);
  RunState& run = run_of(state);
  open_environment(state);
  run.sandbox->thread = lua_newthread(state);
  lua_rawsetp(state, LUA_REGISTRYINDEX, &kThreadKey);
  // Nothing is called while it loads, and with this the stack need not grow, for which Lua 5.4.4 takes a new block.
  if (lua_checkstack(state, LUA_MINSTACK) == 0) raise(state, "there is no memory to load the script");
  run.sandbox->heap.begin_code(kCodeBytesPerByte * static_cast<std::string_view*>(bytecode)->size());
  const int status = lua_load(state, read_bytecode, bytecode, kScriptName, "b");
  run.sandbox->heap.end_code();
  if (status != LUA_OK) return lua_error(state);
  lua_xmove(state, run.sandbox->thread, 1);
  return 0;
}

std::string_view subject_of(std::string_view operation) { return operation.substr(0, operation.find('.')); }

// Pushes member `name` of the table on top, or nil.
void push_member(lua_State* state, std::string_view name) {
  if (lua_istable(state, -1)) {
    lua_pushlstring(state, name.data(), name.size());
    lua_rawget(state, -2);
  } else {
    lua_pushnil(state);
  }
}

// Pushes the script's function for the operation: provider.check, provider.payments.create or provider.native["..."].
void push_operation(lua_State* state, std::string_view operation) {
  lua_pushglobaltable(state);
  push_member(state, "provider");
  push_member(state, subject_of(operation));
  if (subject_of(operation).size() != operation.size())
    push_member(state, operation.substr(subject_of(operation).size() + 1));
  if (lua_isfunction(state, -1)) return;
  lua_pushfstring(state, "provider.lua has no function provider.%s", run_of(state).operation.c_str());
  lua_error(state);
}

int operation_done(lua_State*, int, lua_KContext) { return 1; }

// The coroutine's body once the top level has run: the operation with its input.
int run_operation(lua_State* state) {
  RunState& run = run_of(state);
  push_json(state, run.settings);
  lua_setglobal(state, "settings");
  run.settings = nullptr;
  push_operation(state, run.operation);
  push_json(state, run.input);
  run.input = nullptr;
  lua_callk(state, 1, 1, 0, operation_done);
  return operation_done(state, LUA_OK, 0);
}

}  // namespace

class ScriptRun::Impl {
 public:
  enum class Stage { kReady, kWaiting, kEnded };

  Impl(std::shared_ptr<const Plugin> plugin, std::string operation, json::Value input, json::Value settings,
       const Clock& clock, ScriptLimits limits, Counter* nonces)
      : run(std::move(plugin), std::move(operation), std::move(input), std::move(settings), clock, limits, nonces) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (chunk_ != nullptr) chunk_->sandboxes().give_back(std::move(run.sandbox), run.ending == Ending::kNone);
  }

  Status prepare();
  Result<ScriptStep> begin();
  Result<ScriptStep> step();

  RunState run;
  Stage stage = Stage::kReady;
  bool needs_reply = true;  // the request that waits

 private:
  Status load();
  Status run_top_level();
  void watch();
  Result<ScriptStep> finish(int status);

  std::shared_ptr<const Chunk> chunk_;
};

// The script into a new sandbox; nothing of it runs yet.
Status ScriptRun::Impl::load() {
  lua_State* main = lua_newstate(ScriptHeap::allocate, &run.sandbox->heap);
  if (main == nullptr) {
    run.end(Ending::kMemory);
    return run.ending_error();
  }
  run.sandbox->main = main;
  *static_cast<RunState**>(lua_getextraspace(main)) = &run;
  lua_gc(main, LUA_GCSTOP);
  std::string_view bytecode = chunk_->bytecode();
  lua_pushcfunction(main, set_up);
  lua_pushlightuserdata(main, &bytecode);
  const int status = lua_pcallk(main, 1, 0, 0, 0, nullptr);
  if (status != LUA_OK) return script_error_of(main, status);
  return {};
}

void ScriptRun::Impl::watch() {
  lua_sethook(run.sandbox->thread, check_limits, LUA_MASKCOUNT, static_cast<int>(run.hook_interval));
}

// What it makes is the same for every run, as it sees neither settings nor clock, and so it runs once. It has the
// limits of a whole run to itself.
Status ScriptRun::Impl::run_top_level() {
  lua_State* thread = run.sandbox->thread;
  int results = 0;
  run.loading = true;
  watch();
  const int status = lua_resume(thread, nullptr, 0, &results);
  if (status != LUA_OK) return script_error_of(thread, status);
  lua_settop(thread, 0);
  run.loading = false;
  run.sandbox->loaded = true;
  if (run.plugin->chunk != nullptr) chunk_->sandboxes().admit(*run.sandbox);
  return {};
}

Status ScriptRun::Impl::prepare() {
  chunk_ = run.plugin->chunk;
  if (chunk_ == nullptr) {
    TILL_ASSIGN(chunk_, Chunk::compile(run.plugin->script));
  }
  const std::size_t max_bytes = run.limits.max_memory_bytes;
  const auto max_work = static_cast<std::uint64_t>(run.limits.max_instructions * kBytesPerUnit);
  run.sandbox = chunk_->sandboxes().take(max_bytes, max_work);
  if (run.sandbox == nullptr) {
    run.sandbox = std::make_unique<Sandbox>(max_bytes, max_work);
    TILL_TRY(load());
  }
  for (lua_State* state : {run.sandbox->main, run.sandbox->thread})
    *static_cast<RunState**>(lua_getextraspace(state)) = &run;
  return {};
}

Result<ScriptStep> ScriptRun::Impl::begin() {
  stage = Stage::kEnded;
  if (!run.sandbox->loaded) TILL_TRY(run_top_level());
  run.begin_operation();
  watch();
  lua_pushcfunction(run.sandbox->thread, run_operation);
  return step();
}

Result<ScriptStep> ScriptRun::Impl::step() {
  int results = 0;
  const int status = lua_resume(run.sandbox->thread, nullptr, 0, &results);
  run.end_step();
  if (status == LUA_YIELD) {
    stage = Stage::kWaiting;
    needs_reply = !run.request.optional;
    return ScriptStep(std::move(run.request));
  }
  stage = Stage::kEnded;
  return finish(status);
}

Result<ScriptStep> ScriptRun::Impl::finish(int status) {
  if (status != LUA_OK) return script_error_of(run.sandbox->thread, status);
  ScriptDone done;
  const std::string what = "what provider." + run.operation + " returned";
  if (read_json(run, run.sandbox->thread, lua_gettop(run.sandbox->thread), what, done.output) != Outcome::kDone)
    return run.ending_error();
  return ScriptStep(std::move(done));
}

Result<ScriptRun> ScriptRun::open(std::shared_ptr<const Plugin> plugin, std::string operation, json::Value input,
                                  json::Value settings, const Clock& clock, ScriptLimits limits, Counter* nonces) {
  auto impl = std::make_unique<Impl>(std::move(plugin), std::move(operation), std::move(input), std::move(settings),
                                     clock, limits, nonces);
  TILL_TRY(impl->prepare());
  return ScriptRun(std::move(impl));
}

ScriptRun::ScriptRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ScriptRun::ScriptRun(ScriptRun&&) noexcept = default;
ScriptRun& ScriptRun::operator=(ScriptRun&&) noexcept = default;
ScriptRun::~ScriptRun() = default;

Result<ScriptStep> ScriptRun::begin() {
  if (impl_->stage != Impl::Stage::kReady) return internal_error("begin() of a script run that has begun already");
  return impl_->begin();
}

Result<ScriptStep> ScriptRun::resume(std::optional<ScriptReply> reply) {
  if (impl_->stage != Impl::Stage::kWaiting) return internal_error("resume() of a script run that awaits no reply");
  if (!reply && impl_->needs_reply) return internal_error("resume() without the reply that the script needs");
  impl_->run.reply = std::move(reply);
  return impl_->step();
}

const std::vector<ScriptLogLine>& ScriptRun::log() const { return impl_->run.log; }
std::size_t ScriptRun::memory_bytes() const { return impl_->run.sandbox->heap.bytes_in_use(); }
std::int64_t ScriptRun::instructions() const { return impl_->run.spent(); }
std::int64_t ScriptRun::processor_ms() const { return impl_->run.processor_ns / 1'000'000; }

}  // namespace till::plugin
