// Scripts: suspension, results, errors and limits of runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/plugin/handle.h"
#include "tests/plugin/script_fixture.h"

namespace till::plugin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ScriptReply json_reply(std::string text, int status = 200) {
  ScriptReply reply;
  reply.status = status;
  reply.headers = {{"retry-after", "1"}};
  reply.json = json_of(text);
  reply.body = std::move(text);
  return reply;
}

Result<ScriptRun> open_check(const std::string& body, json::Value input = json::Object(), ScriptLimits limits = {}) {
  return ScriptRun::open(plugin_with_check(body), "check", std::move(input), json::Object(), test_clock(), limits);
}

std::string output_of(const Result<ScriptStep>& step) {
  if (!step) return "error " + step.error().code + ": " + step.error().message;
  const auto* done = std::get_if<ScriptDone>(&*step);
  return done == nullptr ? "a request" : json::write(done->output);
}

const ScriptRequest& request_of(const Result<ScriptStep>& step) { return std::get<ScriptRequest>(*step); }

TEST(Script, maps_an_operation_through_one_request_and_back) {
  const auto plugin = plugin_of(R"(
    function provider.payments.create(input)
      local reply = http.post("/paylinks", {json = {amount = money.decimal(input.amount), currency = input.amount.currency}})
      return {id = reply.json.data.id, status = "pending", checkout_url = reply.json.data.url, raw = reply.json}
    end)");
  auto run = ScriptRun::open(plugin, "payments.create", json_of(R"({"amount":{"amount":"150.00","currency":"BZD"}})"),
                             json::Object(), test_clock());
  ASSERT_TRUE(run.ok()) << run.error().message;
  const auto step = run->begin();
  ASSERT_TRUE(step.ok()) << step.error().message;
  EXPECT_EQ(request_of(step).method, "POST");
  EXPECT_EQ(request_of(step).path, "/paylinks");
  EXPECT_EQ(request_of(step).body, R"({"amount":150.00,"currency":"BZD"})");
  EXPECT_EQ(request_of(step).content_type, "application/json");
  EXPECT_FALSE(request_of(step).read);
  EXPECT_TRUE(request_of(step).authenticate);
  EXPECT_EQ(output_of(run->resume(json_reply(R"({"data":{"id":"pl_1","url":"https://pay.example/1"}})"))),
            R"({"checkout_url":"https://pay.example/1","id":"pl_1",)"
            R"("raw":{"data":{"id":"pl_1","url":"https://pay.example/1"}},"status":"pending"})");
}

TEST(Script, reply_shows_status_headers_json_and_text) {
  auto run = open_check(R"(
    local r = http.get("/x")
    return {r.status, r.headers["retry-after"], r.json.list[2], r.json.price, r.json.none == json.null, r.text,
            r.json.missing == nil})");
  ASSERT_TRUE(run->begin().ok());
  EXPECT_EQ(output_of(run->resume(json_reply(R"({"list":[1,2],"price":437.02,"none":null})", 402))),
            R"([402,"1",2,"437.02",true,"{\"list\":[1,2],\"price\":437.02,\"none\":null}",true])");
}

TEST(Script, reply_without_json_has_only_text) {
  auto run = open_check("local r = http.get('/x') return {r.json == nil, r.text}");
  ASSERT_TRUE(run->begin().ok());
  ScriptReply reply;
  reply.status = 200;
  reply.body = "<html>";
  EXPECT_EQ(output_of(run->resume(std::move(reply))), R"([true,"<html>"])");
}

TEST(Script, request_inside_pcall_suspends_and_errors_after_it_are_caught) {
  auto run = open_check(R"(
    local ok, message = pcall(function()
      local inner_ok, status = pcall(function() return http.get("/a").status end)
      if inner_ok and status == 200 then error("after " .. status, 0) end
    end)
    local second = http.get("/b")
    return {ok, message, second.status})");
  auto step = run->begin();
  EXPECT_EQ(request_of(step).path, "/a");
  step = run->resume(json_reply("{}"));
  EXPECT_EQ(request_of(step).path, "/b");
  EXPECT_EQ(output_of(run->resume(json_reply("{}", 201))), R"([false,"after 200",201])");
}

TEST(Script, thousands_of_suspended_runs_interleave_on_one_thread) {
  const auto plugin = plugin_with_check(
      "local a = http.get('/' .. input.n) local b = http.get('/again') "
      "return {input.n, a.json.n, b.json.n}");
  constexpr int kRuns = 3000;
  std::vector<ScriptRun> runs;
  for (int i = 0; i < kRuns; ++i) {
    auto run =
        ScriptRun::open(plugin, "check", json::Object{{"n", json::Value::integer(i)}}, json::Object(), test_clock());
    ASSERT_TRUE(run.ok());
    const auto step = run->begin();
    ASSERT_EQ(request_of(step).path, "/" + std::to_string(i));
    runs.push_back(*std::move(run));
  }
  for (int i = kRuns - 1; i >= 0; --i)
    ASSERT_TRUE(runs[static_cast<std::size_t>(i)].resume(json_reply(R"({"n":)" + std::to_string(i) + "}")).ok());
  for (int i = 0; i < kRuns; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(output_of(runs[static_cast<std::size_t>(i)].resume(json_reply(R"({"n":-)" + n + "}"))),
              "[" + n + "," + n + "," + (i == 0 ? "0" : "-" + n) + "]");
  }
}

TEST(Script, run_moves_between_threads) {
  auto run = open_check("local sum = 0 for i = 1, 10 do sum = sum + http.get('/').json.n end return sum");
  ASSERT_TRUE(run->begin().ok());
  std::string output;
  for (int i = 1; i <= 10; ++i)
    std::thread([&] { output = output_of(run->resume(json_reply(R"({"n":)" + std::to_string(i) + "}"))); }).join();
  EXPECT_EQ(output, "55");
}

TEST(Script, moved_run_goes_on) {
  auto run = open_check("return http.get('/').status");
  ASSERT_TRUE(run->begin().ok());
  ScriptRun moved = *std::move(run);
  EXPECT_EQ(output_of(moved.resume(json_reply("{}"))), "200");
}

TEST(Script, run_destroyed_while_suspended_is_safe) {
  for (int i = 0; i < 100; ++i) {
    auto run = open_check("local keep = ('x'):rep(100000) return http.get('/').status, keep");
    ASSERT_TRUE(run->begin().ok());
  }
}

TEST(Script, an_optional_request_may_go_on_without_a_reply) {
  auto run = open_check(R"(
    http.post("/pay")
    local first = http.get("/again", {optional = true})
    local second = http.get("/again", {optional = true})
    return {first == nil, second.status})");
  auto step = run->begin();
  EXPECT_FALSE(request_of(step).optional);
  EXPECT_EQ(run->resume(std::nullopt).error().kind, ErrorKind::kInternal) << "a write needs its answer";
  step = run->resume(json_reply("{}"));
  EXPECT_TRUE(request_of(step).optional);
  EXPECT_TRUE(request_of(step).read);
  step = run->resume(std::nullopt);
  EXPECT_TRUE(request_of(step).optional);
  EXPECT_EQ(output_of(run->resume(json_reply("{}"))), "[true,200]");
}

TEST(Script, steps_out_of_order_are_refused) {
  auto run = open_check("return http.get('/').status");
  EXPECT_EQ(run->resume(ScriptReply()).error().kind, ErrorKind::kInternal);
  ASSERT_TRUE(run->begin().ok());
  EXPECT_EQ(run->begin().error().kind, ErrorKind::kInternal);
  EXPECT_EQ(output_of(run->resume(json_reply("{}"))), "200");
  EXPECT_EQ(run->resume(json_reply("{}")).error().kind, ErrorKind::kInternal);
}

TEST(Script, each_run_has_fresh_globals) {
  const auto plugin =
      plugin_of("counter = (counter or 0) + 1 function provider.check() counter = counter + 1 return counter end");
  EXPECT_EQ(output_of(step_of(plugin)), "2");
  EXPECT_EQ(output_of(step_of(plugin)), "2");
}

TEST(Script, native_calls_are_found_by_their_full_name) {
  const auto plugin = plugin_of(
      "provider.native['POST /paylinks'] = function(params) return params.a end "
      "function provider.native.getRates() return 'rates' end");
  EXPECT_EQ(output_of(step_of(plugin, json_of(R"({"a":7})"), {}, "native.POST /paylinks")), "7");
  EXPECT_EQ(output_of(step_of(plugin, json::Object(), {}, "native.getRates")), R"("rates")");
  EXPECT_THAT(output_of(step_of(plugin, json::Object(), {}, "native.other")),
              HasSubstr("script_error: provider.lua has no function provider.native.other"));
  EXPECT_THAT(output_of(step_of(plugin, json::Object(), {}, "payments.create")), HasSubstr("no function"));
}

TEST(Script, settings_and_input_are_tables) {
  const auto plugin = plugin_with_check("return {settings.mode, settings.has.token, settings.absent == nil, input.n}");
  auto run = ScriptRun::open(plugin, "check", json_of(R"({"n":3})"), json_of(R"({"mode":"test","has":{"token":true}})"),
                             test_clock());
  EXPECT_EQ(output_of(run->begin()), R"(["test",true,true,3])");
}

TEST(Script, compiled_chunk_is_used_when_the_plugin_has_one) {
  auto plugin = plugin_with_check("return 'from text'");
  plugin->chunk = Chunk::compile("function provider.check() return 'from chunk' end").value();
  EXPECT_EQ(output_of(step_of(plugin)), R"("from chunk")");
}

TEST(Script, syntax_errors_say_where) {
  const auto step = step_of(plugin_of("function provider.check()\n  return +\nend"));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(step.error().code, "script_syntax");
  EXPECT_THAT(step.error().message, StartsWith("provider.lua:2:"));
}

TEST(Script, errors_name_the_line_and_are_bounded_plain_text) {
  EXPECT_EQ(outcome_of("local t = nil\nreturn t.x"),
            "error script_error: provider.lua:3: attempt to index a nil value (local 't')");
  EXPECT_EQ(outcome_of("error('two\\nlines \\27[31m \\xff', 0)"), "error script_error: two lines  [31m ?");
  const auto step = step_of(plugin_with_check("error(('long'):rep(1000))"));
  EXPECT_LE(step.error().message.size(), 512u);
  EXPECT_EQ(outcome_of("error({})"),
            "error script_error: provider.lua in check raised an error value of type table instead of a text");
}

TEST(Script, fail_raises_a_typed_error_that_pcall_cannot_catch) {
  const auto step = step_of(plugin_with_check(
      "pcall(pcall, function() fail('RateLimited', 'slow\\ndown', {code = 'too_fast', field = '$.amount', "
      "retryable = true, retry_after_ms = 1500, provider_code = 'E7'}) end) return 'caught'"));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().kind, ErrorKind::kRateLimited);
  EXPECT_EQ(step.error().code, "too_fast");
  EXPECT_EQ(step.error().message, "slow down");
  EXPECT_EQ(step.error().field, "$.amount");
  EXPECT_EQ(step.error().provider_code, "E7");
  EXPECT_TRUE(step.error().retryable);
  EXPECT_EQ(step.error().retry_after_ms, 1500);
}

TEST(Script, fail_keeps_a_foreign_code_apart_from_ours) {
  const auto step = step_of(plugin_with_check("fail('InvalidRequest', 'no', {code = 'INVALID_CARD'})"));
  EXPECT_EQ(step.error().code, "invalid_request");
  EXPECT_EQ(step.error().provider_code, "INVALID_CARD");
}

TEST(Script, fail_refuses_kinds_that_the_core_judges) {
  for (const char* kind :
       {"OutcomeUnknown", "TransportError", "PluginError", "WebhookRejected", "TillError", "Nonsense"})
    EXPECT_THAT(outcome_of("fail('" + std::string(kind) + "', 'x')"), HasSubstr("script_error")) << kind;
}

TEST(Script, log_lines_are_kept_bounded_and_plain) {
  auto run = open_check("for i = 1, 200 do log.info('line\\n' .. i) end log.warn('late') return true");
  ASSERT_TRUE(run->begin().ok());
  EXPECT_EQ(run->log().size(), 50u);
  EXPECT_EQ(run->log()[0].level, "info");
  EXPECT_EQ(run->log()[0].text, "line 1");
  auto other = open_check("log.debug(('x'):rep(5000)) return 1");
  ASSERT_TRUE(other->begin().ok());
  EXPECT_EQ(other->log()[0].text.size(), 1024u);
}

TEST(Script, output_problems_name_their_path) {
  const std::string prefix = "error script_output: what provider.check returned: ";
  EXPECT_EQ(outcome_of("return {items = {{}, {amount = {1, a = 2}}}}"),
            prefix + "$.items[2].amount: a table with both string and integer keys");
  EXPECT_THAT(outcome_of("return {rate = 1/2}"), StartsWith(prefix + "$.rate: a float"));
  EXPECT_THAT(outcome_of("return {f = print, g = type}"), StartsWith(prefix + "$.g: a function"));
  EXPECT_EQ(outcome_of("return {[1] = 1, [3] = 3}"), prefix + "$: an array with holes");
  EXPECT_THAT(outcome_of("return {[true] = 1}"), HasSubstr("neither strings nor integers"));
  EXPECT_THAT(outcome_of("return {a = '\\xff'}"), StartsWith(prefix + "$.a: text that is not UTF-8"));
  EXPECT_THAT(outcome_of("local t = {} t.t = t return t"), HasSubstr("contains itself"));
  EXPECT_THAT(outcome_of("local t = {} for i = 1, 100001 do t[i] = i end return t"),
              HasSubstr("more than 100000 values"));
  EXPECT_THAT(outcome_of("local t = {} for i = 1, 1001 do t['k' .. i] = i end return t"),
              HasSubstr("more than 1000 members"));
}

TEST(Script, output_of_nothing_is_null) {
  EXPECT_EQ(outcome_of("return"), "null");
  EXPECT_EQ(outcome_of("return json.null"), "null");
}

TEST(Script, instruction_limit_ends_the_run) {
  ScriptLimits limits;
  limits.max_instructions = 10'000;
  EXPECT_THAT(outcome_of("while true do end", json::Object(), limits), StartsWith("error script_time"));
  EXPECT_EQ(outcome_of("for i = 1, 1000 do end return 1", json::Object(), limits), "1");
}

TEST(Script, instruction_limit_covers_the_whole_run) {
  ScriptLimits limits;
  limits.max_instructions = 100'000;
  auto run = open_check("while true do for i = 1, 5000 do end http.get('/') end", json::Object(), limits);
  auto step = run->begin();
  int requests = 0;
  while (step.ok() && requests < 20) ++requests, step = run->resume(json_reply("{}"));
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().code, "script_time");
  EXPECT_GT(requests, 3);
}

TEST(Script, memory_limit_ends_the_run) {
  ScriptLimits limits;
  limits.max_memory_bytes = 1u << 20;
  EXPECT_THAT(outcome_of("local t = {} while true do t[#t + 1] = {} end", json::Object(), limits),
              StartsWith("error script_memory"));
}

TEST(Script, garbage_does_not_count_as_memory) {
  ScriptLimits limits;
  limits.max_memory_bytes = 4u << 20;
  EXPECT_EQ(outcome_of("local s for i = 1, 3000 do s = ('x'):rep(10000) .. i end return #s", json::Object(), limits),
            "10004");
}

TEST(Script, request_limit_ends_the_run) {
  ScriptLimits limits;
  limits.max_requests = 2;
  auto run = open_check("for i = 1, 3 do pcall(http.get, '/') end return 'caught'", json::Object(), limits);
  ASSERT_TRUE(run->begin().ok());
  ASSERT_TRUE(run->resume(json_reply("{}")).ok());
  EXPECT_EQ(run->resume(json_reply("{}")).error().code, "script_requests");
}

TEST(Script, depth_limit_ends_the_run) {
  EXPECT_THAT(outcome_of("local function f(n) return 1 + f(n + 1) end return f(1)"), StartsWith("error script_depth"));
  EXPECT_THAT(outcome_of("local function f() pcall(f) end f() return 1"), StartsWith("error script_depth"));
}

TEST(Script, too_small_a_memory_limit_is_an_error_not_a_crash) {
  for (std::size_t bytes = 0; bytes < 200'000; bytes += 1777) {
    ScriptLimits limits;
    limits.max_memory_bytes = bytes;
    const std::string outcome = outcome_of(
        "local r = {} for i = 1, 10 do r[i] = json.encode({a = text.split('a,b,c', ',')}) end "
        "return {http and #r, money.of('1', 'EUR')}",
        json::Object(), limits);
    EXPECT_TRUE(outcome == R"([10,{"amount":"1.00","currency":"EUR"}])" || outcome.starts_with("error script_memory"))
        << outcome;
  }
}

TEST(Script, memory_that_runs_out_at_any_point_around_a_request_is_an_error_not_a_crash) {
  int finished = 0;
  for (std::size_t bytes = 33'000; bytes < 120'000; bytes += 500) {
    ScriptLimits limits;
    limits.max_memory_bytes = bytes;
    auto run = open_check(R"(local ok, r = pcall(function() return http.post('/', {json = {a = 'b'}}) end)
                             local copy = json.decode(json.encode(r.json)) return copy.list[1])",
                          json::Object(), limits);
    auto step = run.ok() ? run->begin() : Result<ScriptStep>(run.error());
    if (step.ok()) step = run->resume(json_reply("{\"list\":[\"" + std::string(20'000, 'x') + "\",1,2,3]}"));
    if (step.ok())
      ++finished;
    else
      EXPECT_EQ(step.error().code, "script_memory");
  }
  EXPECT_GT(finished, 0);
}

TEST(Script, memory_and_instructions_can_be_read) {
  auto run = open_check("for i = 1, 5000 do end return 1");
  EXPECT_GT(run->memory_bytes(), 1000u);
  EXPECT_LT(run->memory_bytes(), 100'000u);
  ASSERT_TRUE(run->begin().ok());
  EXPECT_GE(run->instructions(), 4000);
  EXPECT_LE(run->instructions(), 20'000);
}

}  // namespace
}  // namespace till::plugin
