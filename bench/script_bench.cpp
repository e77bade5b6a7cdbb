// The sandbox without I/O: a fresh sandbox, up to the first request, and from the reply to the result.
//
// The script is the shipped OpenPay plugin, so the figures are those of a real mapping. Prints processor time each.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/plugin/plugin.h"
#include "core/plugin/script.h"

namespace till::plugin {
namespace {

// A script of one short function: what the sandbox itself costs.
std::shared_ptr<const Plugin> small_plugin() {
  auto plugin = std::make_shared<Plugin>();
  plugin->script = R"(
    function provider.payments.create(input)
      local reply = http.post("/paylinks", {json = {amount = money.decimal(input.amount), currency = input.amount.currency}})
      return {id = reply.json.data.id, status = "pending", checkout_url = reply.json.data.url}
    end)";
  plugin->chunk = Chunk::compile(plugin->script).value();
  return plugin;
}

std::shared_ptr<const Plugin> openpay_plugin() {
  auto plugin = load_plugin(std::filesystem::path(TILL_SOURCE_DIR) / "plugins/providers/openpay");
  if (plugin.ok()) return *plugin;
  std::fprintf(stderr, "%s\n", plugin.error().message.c_str());
  std::exit(1);
}

const json::Value& input() {
  static const json::Value value =
      json::parse(R"({"amount":{"amount":"150.00","currency":"BZD"},"reference":"1234","description":"Two tickets",
                      "return_url":"https://shop.example/thanks"})")
          .value();
  return value;
}

ScriptReply reply() {
  ScriptReply made;
  made.status = 201;
  made.headers = {{"content-type", "application/json"}};
  made.body =
      R"({"success":true,"data":{"id":"pl_1","url":"https://pay.example/1","qr_code":"https://pay.example/1.png",)"
      R"("amount":150.00,"currency":"BZD","status":"active","created_at":"2026-11-20T22:50:00.000Z"}})";
  made.json = json::parse(made.body).value();
  return made;
}

ScriptRun open_run(const std::shared_ptr<const Plugin>& plugin) {
  static const SystemClock clock;
  return ScriptRun::open(plugin, "payments.create", input(), json::Object(), clock).value();
}

void compile(benchmark::State& state, const std::shared_ptr<const Plugin>& plugin) {
  for (auto _ : state) benchmark::DoNotOptimize(Chunk::compile(plugin->script));
}

void fresh_sandbox(benchmark::State& state, const std::shared_ptr<const Plugin>& plugin) {
  for (auto _ : state) benchmark::DoNotOptimize(open_run(plugin));
}

void up_to_the_request(benchmark::State& state, const std::shared_ptr<const Plugin>& plugin) {
  for (auto _ : state) {
    auto run = open_run(plugin);
    if (!run.begin().ok()) return state.SkipWithError("the script failed");
  }
}

void whole_operation(benchmark::State& state, const std::shared_ptr<const Plugin>& plugin) {
  const ScriptReply answer = reply();
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto run = open_run(plugin);
    if (!run.begin().ok() || !run.resume(answer).ok()) return state.SkipWithError("the script failed");
    bytes = run.memory_bytes();
  }
  state.counters["lua_heap_bytes"] = static_cast<double>(bytes);
}

void register_all(const std::string& name, const std::shared_ptr<const Plugin>& plugin) {
  benchmark::RegisterBenchmark((name + "/compile").c_str(), compile, plugin);
  benchmark::RegisterBenchmark((name + "/fresh_sandbox").c_str(), fresh_sandbox, plugin);
  benchmark::RegisterBenchmark((name + "/sandbox_and_request").c_str(), up_to_the_request, plugin);
  benchmark::RegisterBenchmark((name + "/whole_operation").c_str(), whole_operation, plugin);
}

}  // namespace
}  // namespace till::plugin

int main(int argc, char** argv) {
  till::plugin::register_all("small", till::plugin::small_plugin());
  till::plugin::register_all("openpay", till::plugin::openpay_plugin());
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
