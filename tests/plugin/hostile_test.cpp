// Hostile scripts: each is stopped within its limits with the expected error, and the next run works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "core/plugin/handle.h"
#include "tests/plugin/script_fixture.h"

namespace till::plugin {
namespace {

using testing::HasSubstr;

struct Hostile {
  const char* name;
  std::string body;  // of check(input); input.h is a handle
  const char* code;  // expected; "ok": the script does no harm and ends
  std::string detail = {};
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.name; }

// Tight, so that the tests are quick; the shape of each attack does not depend on the numbers. Processor time is short
// only where it may be what ends the run, so that a slow machine changes no other outcome.
ScriptLimits tight_limits(std::string_view expected_code) {
  ScriptLimits limits;
  limits.max_instructions = 2'000'000;
  limits.max_processor_ms = expected_code == "script_time" ? 200 : 60'000;
  limits.max_memory_bytes = 8u << 20;
  return limits;
}

std::string code_of(const std::shared_ptr<Plugin>& plugin, std::string_view expected_code,
                    std::string* message = nullptr) {
  const json::Value input = json::Object{{"h", make_handle(0xfeedfacecafebeef, 1)}};
  const auto step = step_of(plugin, input, tight_limits(expected_code));
  if (step.ok()) return std::holds_alternative<ScriptDone>(*step) ? "ok" : "request";
  if (message != nullptr) *message = step.error().message;
  return step.error().code;
}

void expect_next_run_works() {
  EXPECT_EQ(code_of(plugin_with_check("return {ok = true, n = text.split('a,b', ',')}"), "ok"), "ok");
}

class HostileScript : public testing::TestWithParam<Hostile> {};

TEST_P(HostileScript, is_stopped_and_the_next_run_works) {
  std::string message;
  EXPECT_EQ(code_of(plugin_with_check(GetParam().body), GetParam().code, &message), GetParam().code) << message;
  EXPECT_THAT(message, HasSubstr(GetParam().detail));
  expect_next_run_works();
}

std::string name_of(const testing::TestParamInfo<Hostile>& info) { return info.param.name; }

std::vector<Hostile> loops() {
  return {
      {"loop_while", "while true do end", "script_time"},
      {"loop_repeat", "repeat until false", "script_time"},
      {"loop_goto", "::again:: goto again", "script_time"},
      {"loop_goto_in_closures", "::top:: do local function f() return f end f() end goto top", "script_time"},
      {"loop_huge_for", "for i = 1, math.maxinteger do end", "script_time"},
      {"loop_for_of_huge_step", "for i = math.mininteger, math.maxinteger, 1 do end", "script_time"},
      {"loop_float_for", "for i = 1, 1/0 do end", "script_time"},
      {"loop_tail_call", "local function f() return f() end f()", "script_time"},
      {"loop_endless_iterator", "for x in function() return 1 end do end", "script_time"},
      {"loop_pairs_growing_table",
       "local t = {} for i = 1, 10 do t[i] = i end while true do for k in pairs(t) do end end", "script_time"},
      {"loop_in_pcall", "pcall(function() while true do end end) return 'caught'", "script_time"},
      {"loop_in_pcall_in_loop", "while true do pcall(function() while true do end end) end", "script_time"},
      {"loop_of_pcalls", "while true do pcall(error, 'x') end", "script_time"},
      {"loop_of_host_calls", "while true do text.trim('x') end", "script_time"},
      {"loop_of_log_lines", "while true do log.info(('x'):rep(1000)) end", "script_time"},
      {"loop_of_nonces", "while true do time.nonce() end", "script_time"},
      {"loop_at_top_of_error_handling",
       "local function f() local ok, e = pcall(f2 or error, 'x') return f() end return f()", "script_time"},
      {"loop_of_long_comparisons",
       "local a, b = ('x'):rep(1000000), ('x'):rep(1000000) a = a .. 'y' b = b .. 'y' local n = 0 "
       "while true do if a == b then n = n + 1 end end",
       "script_time"},
      {"loop_of_long_less_than",
       "local a, b = ('x'):rep(1000000) .. 'a', ('x'):rep(1000000) .. 'b' while true do local c = a < b end",
       "script_time"},
      {"loop_of_plain_search",
       "local s = ('a'):rep(2000000) local p = ('a'):rep(500000) .. 'b' while true do text.contains(s, p) end",
       "script_time"},
      {"loop_of_next_over_an_emptied_table",
       "local t = {} for i = 1, 30000 do t['k' .. i] = i end for i = 1, 29999 do t['k' .. i] = nil end "
       "while true do next(t) end",
       "script_time"},
      {"loop_of_encodes_of_an_emptied_table",
       "local t = {} for i = 1, 30000 do t['k' .. i] = i end for i = 1, 30000 do t['k' .. i] = nil end "
       "while true do json.encode(t) end",
       "script_time"},
  };
}

std::vector<Hostile> memory() {
  return {
      {"bomb_string_doubling", "local s = 'x' while true do s = s .. s end", "script_memory"},
      {"bomb_string_doubling_in_pcall",
       "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end", "script_memory"},
      {"bomb_rep_flood", "local t = {} while true do t[#t + 1] = ('x'):rep(4000000) end", "script_memory"},
      {"bomb_rep_too_large", "return ('x'):rep(1 << 40)", "script_error", "resulting string too large"},
      {"bomb_rep_overflow", "return ('xx'):rep(math.maxinteger, 'yy')", "script_error", "resulting string too large"},
      {"bomb_rep_flood_dropped", "while true do local s = ('x'):rep(4000000) end", "script_time"},
      {"bomb_concat_dropped", "local s = ('x'):rep(4000000) while true do local u = s .. 'y' end", "script_time"},
      {"bomb_table_array", "local t = {} while true do t[#t + 1] = 1 end", "script_memory"},
      {"bomb_table_of_tables", "local t = {} while true do t[#t + 1] = {{}} end", "script_memory"},
      {"bomb_table_hash", "local t, i = {}, 0 while true do i = i + 1 t['k' .. i] = i end", "script_memory"},
      {"bomb_table_of_colliding_keys", "local t = {} for i = 1, 131073 do t[i * 262143] = 1 end", "script_memory"},
      {"table_as_large_as_may_be",
       "local t, n = {}, 0 for i = 1, 32768 do t[-i] = i end for k in pairs(t) do n = n + 1 end return {n = n}", "ok"},
      {"bomb_linked_list", "local l while true do l = {l} end", "script_memory"},
      {"bomb_closures", "local t = {} while true do local v = #t t[v + 1] = function() return v end end",
       "script_memory"},
      {"bomb_table_sparse", "local t = {} t[1 << 40] = 1 for i = 1, 62 do t[1 << i] = i end return #t >= 0", "ok"},
      {"bomb_table_concat", "local t = {} for i = 1, 10000 do t[i] = ('x'):rep(10000) end return #table.concat(t)",
       "script_memory"},
      {"bomb_concat_of_one_string_many_times",
       "local s, t = ('x'):rep(10000), {} for i = 1, 10000 do t[i] = s end return #table.concat(t)", "script_error",
       "too large"},
      {"bomb_replace", "return #text.replace(('a'):rep(1000000), 'a', ('b'):rep(1000))", "script_error", "too large"},
      {"bomb_split", "return #text.split((','):rep(1000000), ',')", "script_error", "10000 pieces"},
      {"bomb_unpack", "return table.unpack({}, 1, 1 << 30)", "script_error", "at most 250"},
      {"bomb_varargs", "local function f(...) return f(1, ...) end return f()", "script_time"},
      {"bomb_json_nesting", "local s = ('['):rep(500000) .. (']'):rep(500000) while true do pcall(json.decode, s) end",
       "script_time"},
      {"bomb_json_wide", "return #json.decode('[' .. ('0,'):rep(400000) .. '0]')", "script_error", "json.decode"},
      {"bomb_json_encode_shared", "local t = {1} for i = 1, 31 do t = {t, t} end return json.encode(t)",
       "script_output", "more than 100000 values"},
      {"bomb_json_object_arguments", "while true do json.object(table.unpack(text.split(('k,'):rep(200), ','))) end",
       "script_error"},
      {"bomb_memory_error_swallowed_repeatedly",
       "local keep = {} while true do pcall(function() while true do keep[#keep + 1] = {} end end) end",
       "script_memory"},
      {"bomb_sort_values", "local t = {} for i = 1, 100000 do t[i] = i end table.sort(t)", "script_error", "10000"},
      {"sort_by_a_lying_function",
       "local t = {} for i = 1, 9999 do t[i] = i end while true do table.sort(t, function() return true end) end",
       "script_time"},
      {"sort_emptied_while_sorting",
       "local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function(a, b) for i = 1, 100 do t[i] = nil end "
       "return (a or 0) < (b or 0) end)",
       "ok"},
      {"insert_in_front_of_a_long_list", "local t = {} while true do table.insert(t, 1, 1) end", "script_time"},
  };
}

std::vector<Hostile> depth() {
  return {
      {"deep_recursion", "local function f() return 1 + f() end return f()", "script_depth"},
      {"deep_recursion_in_pcall", "local function f() return 1 + f() end return pcall(f)", "script_depth"},
      {"deep_recursion_swallowed", "local function f() return 1 + f() end while true do pcall(f) end", "script_depth"},
      {"deep_pcall", "local function f() return pcall(f) end return f()", "script_depth"},
      {"deep_pcall_of_pcall", "return pcall(pcall, pcall, pcall, pcall, error, 'x')", "ok"},
      {"deep_sort", "local function f() table.sort({2, 1}, f) end f()", "script_depth"},
      {"deep_mutual", "local g local function f() return 1 + g() end g = function() return 1 + f() end return f()",
       "script_depth"},
      {"deep_output", "local t = {} local u = t for i = 1, 100 do u.a = {} u = u.a end return t", "script_output",
       "$.a.a.a"},
      {"cyclic_output", "local t = {} t[1] = t return t", "script_output", "contains itself"},
      {"cyclic_error_value", "local t = {} t.t = t error(t)", "script_error", "of type table"},
      {"cyclic_through_json_object", "local t = {} t.o = json.object('t', t) return t", "script_output",
       "contains itself"},
  };
}

std::vector<Hostile> reaches() {
  const char* nil_call = "attempt to";
  return {
      {"reach_io", "return io.open('/etc/passwd')", "script_error", nil_call},
      {"reach_os", "return os.execute('true')", "script_error", nil_call},
      {"reach_debug", "return debug.getregistry()", "script_error", nil_call},
      {"reach_load", "return load('return 1')()", "script_error", nil_call},
      {"reach_require", "return require('os')", "script_error", nil_call},
      {"reach_dump", "return string.dump(function() end)", "script_error", nil_call},
      {"reach_G", "return _G.io", "script_error", nil_call},
      {"reach_setmetatable", "return setmetatable({}, {__gc = function() end})", "script_error", nil_call},
      {"reach_getmetatable", "return getmetatable('').__index", "script_error", nil_call},
      {"reach_coroutine", "return coroutine.wrap(function() end)()", "script_error", nil_call},
      {"reach_collectgarbage", "collectgarbage('stop')", "script_error", nil_call},
      {"reach_string_metatable_by_field", "return (''):getmetatable()", "script_error", nil_call},
      {"reach_metatable_field", "local t = json.array({}) return t.__name == nil and t.__metatable == nil", "ok"},
      {"reach_close_variable", "local x <close> = {} return 1", "script_error", "non-closable"},
      {"tamper_string_methods", "string.sub = function() return 'mine' end return ('abc'):sub(1, 1) == 'mine'", "ok"},
      {"tamper_string_with_numbers", "string.rep = nil for k in pairs(string) do string[k] = 7 end return ('x'):sub(1)",
       "script_error", nil_call},
      {"tamper_provider", "provider = nil http = nil return 1", "ok"},
      {"index_of_null", "return json.null.x", "script_error", "attempt to index"},
      {"index_of_number", "return json.number('1').x", "script_error", "attempt to index"},
      {"write_to_number", "json.number('1').x = 1", "script_error", "attempt to index"},
      {"arithmetic_on_text", "return '10' + 1", "script_error", "arithmetic"},
      {"error_of_nil", "error()", "script_error", "of type nil"},
      {"error_of_a_function", "error(error)", "script_error", "of type function"},
      {"error_with_a_huge_text", "error(('x'):rep(4000000))", "script_error"},
      {"error_chain",
       "local e = 'x' for i = 1, 100000 do local _, m = pcall(error, e) e = m .. '' if #e > 9000 then e = 'x' end end "
       "error(e)",
       "script_error"},
      {"error_level_tricks",
       "pcall(error, 'x', math.maxinteger) pcall(error, 'x', math.mininteger) error('x', 1 << 40)", "script_error"},
      {"error_pretends_a_limit", "pcall(error, 'C stack overflow', 0) return 'caught'", "script_depth"},
      {"next_with_a_foreign_key", "next({}, 'nowhere')", "script_error"},
      {"next_while_inserting",
       "local t = {a = 1} for k in pairs(t) do for i = 1, 100 do t['x' .. i .. k] = 1 end break end return 1", "ok"},
      {"integer_division_by_zero", "return 1 // 0", "script_error", "divide"},
      {"integer_overflow", "return math.maxinteger + 1 == math.mininteger", "ok"},
      {"shift_tricks", "return (1 << 64) == 0 and (1 << -1) == 0 and (-1 >> 1) > 0", "ok"},
      {"yield_through_a_comparison", "table.sort({2, 1}, function() pcall(http.get, '/') return true end) return 1",
       "ok"},
  };
}

std::vector<Hostile> requests() {
  const auto get = [](const std::string& path) { return "http.get('" + path + "')"; };
  return {
      {"path_without_slash", get("evil.example/x"), "script_error", "does not begin"},
      {"path_absolute_url", get("https://evil.example/"), "script_error", "does not begin"},
      {"path_double_slash", get("//evil.example/x"), "script_error", "segment"},
      {"path_inner_double_slash", get("/a//b"), "script_error", "segment"},
      {"path_dotdot", get("/a/../../admin"), "script_error", "segment"},
      {"path_dotdot_at_end", get("/a/.."), "script_error", "segment"},
      {"path_dot", get("/./a"), "script_error", "segment"},
      {"path_encoded_dotdot", get("/%2e%2e/admin"), "script_error", "may hold"},
      {"path_at", get("/@evil.example"), "script_error", "may hold"},
      {"path_userinfo", get("@evil.example/"), "script_error", "does not begin"},
      {"path_query", get("/a?b=c"), "script_error", "may hold"},
      {"path_fragment", get("/a#b"), "script_error", "may hold"},
      {"path_backslash", get("/\\\\evil.example"), "script_error", "may hold"},
      {"path_crlf", get("/a\\r\\nHost: evil"), "script_error", "may hold"},
      {"path_nul", get("/a\\0b"), "script_error", "may hold"},
      {"path_not_ascii", get("/\\xff"), "script_error", "may hold"},
      {"path_brace", get("/{a"), "script_error", "without"},
      {"path_missing_value", get("/{a}"), "script_error", "no value"},
      {"path_unknown_secret", get("/{secret.api_key}"), "script_error", "path_secrets"},
      {"path_secret_as_value", "http.get('/{secret.x}', {path = {['secret.x'] = 'y'}})", "script_error",
       "path_secrets"},
      {"path_empty", get(""), "script_error", "does not begin"},
      {"path_too_long", "http.get('/' .. ('a'):rep(10000))", "script_error", "too long"},
      {"path_value_dotdot", "http.get('/{a}/b', {path = {a = '..'}})", "script_error", "takes no"},
      {"path_value_dot", "http.get('/{a}', {path = {a = '.'}})", "script_error", "takes no"},
      {"path_value_empty", "http.get('/{a}/b', {path = {a = ''}})", "script_error", "takes no"},
      {"path_value_crlf", "http.get('/{a}', {path = {a = 'x\\r\\ny'}})", "script_error", "takes no"},
      {"path_value_table", "http.get('/{a}', {path = {a = {}}})", "script_error", "string or an integer"},
      {"path_values_that_join_to_dotdot", "http.get('/.{a}', {path = {a = '.'}})", "script_error", "takes no"},
      {"header_not_declared", "http.get('/', {headers = {Authorization = 'x'}})", "script_error", "script_headers"},
      {"header_host", "http.get('/', {headers = {Host = 'evil.example'}})", "script_error", "script_headers"},
      {"header_crlf", "http.get('/', {headers = {['X-Accept-Version'] = '1\\r\\nHost: evil'}})", "script_error",
       "control"},
      {"header_name_crlf", "http.get('/', {headers = {['X-Accept-Version\\r\\nHost'] = 'evil'}})", "script_error",
       "script_headers"},
      {"header_too_long", "http.get('/', {headers = {['X-Accept-Version'] = ('x'):rep(10000)}})", "script_error",
       "too long"},
      {"query_flood", "local q = {} for i = 1, 1000 do q[i] = {'a', i} end http.get('/', {query = q})", "script_error",
       "200"},
      {"body_flood", "http.post('/', {form = {a = ('%'):rep(4000000)}})", "script_error", "larger"},
      {"option_host", "http.get('/', {host = 'evil.example'})", "script_error", "unknown"},
      {"option_base_url", "http.get('/', {base_url = 'https://evil.example'})", "script_error", "unknown"},
      {"handle_cut", "return input.h:sub(1, 5)", "ok"},
      {"handle_in_text", "return 'card ' .. input.h", "script_output", "passed on whole"},
      {"handle_hidden_in_an_error", "error('card ' .. input.h)", "script_error", "card  hfeedface"},
  };
}

INSTANTIATE_TEST_SUITE_P(Loops, HostileScript, testing::ValuesIn(loops()), name_of);
INSTANTIATE_TEST_SUITE_P(Memory, HostileScript, testing::ValuesIn(memory()), name_of);
INSTANTIATE_TEST_SUITE_P(Depth, HostileScript, testing::ValuesIn(depth()), name_of);
INSTANTIATE_TEST_SUITE_P(Reaches, HostileScript, testing::ValuesIn(reaches()), name_of);
INSTANTIATE_TEST_SUITE_P(Requests, HostileScript, testing::ValuesIn(requests()), name_of);

// ---- at compile time

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::string numbered(const std::string& before, int count, const std::string& after) {
  std::string out;
  for (int i = 0; i < count; ++i) out += before + std::to_string(i) + after;
  return out;
}

std::vector<Hostile> sources() {
  return {
      {"source_bytecode", std::string("\x1bLua\x54\0\x19\x93\r\n\x1a\n", 12), "script_syntax", "binary chunk"},
      {"source_env", "local _ENV <const> = {} X = 1", "script_syntax", "_ENV"},
      {"source_deep_parentheses", "x = " + repeated("(", 100'000) + "1" + repeated(")", 100'000), "script_syntax",
       "overflow"},
      {"source_deep_braces", "x = " + repeated("{", 100'000), "script_syntax", "overflow"},
      {"source_deep_functions", repeated("function f() ", 10'000), "script_syntax", "overflow"},
      {"source_deep_blocks", repeated("do ", 50'000), "script_syntax", "overflow"},
      {"source_deep_minus", "x = " + repeated("- ", 100'000) + "1", "script_syntax", "overflow"},
      {"source_many_locals", numbered("local a", 300, " = 1 "), "script_syntax", "local variables"},
      {"source_many_upvalues",
       numbered("local a", 150, " = 1 ") + "function g() " + numbered("local b", 150, " = 1 ") +
           "function f() return {" + numbered("a", 150, ",") + numbered("b", 150, ",") + "} end end",
       "script_syntax", "upvalues"},
      {"source_huge_constants", "x = {" + numbered("'k", 20'000, "',") + "} function provider.check() return #x end",
       "ok"},
      {"source_long_concatenation", "x = " + repeated("'a' .. ", 20'000) + "'a'", "script_syntax", ""},
      {"source_many_labels", numbered("x = 1 ::l", 12'000, ":: "), "script_error", "no function"},
      {"source_deep_labels", numbered("::l", 20'000, ":: "), "script_syntax", "overflow"},
      {"source_many_gotos", repeated("goto l ", 30'000) + "::l::", "script_error", "no function"},
      {"source_many_functions", numbered("function f", 8'000, "() end "), "script_error", "no function"},
      {"source_unfinished_string", "x = '", "script_syntax", "unfinished string"},
      {"source_unfinished_comment", "--[==[ " + repeated("x", 100'000), "script_syntax", "unfinished long comment"},
      {"source_too_long", repeated(" ", 300'000), "script_syntax", "longer than"},
      {"source_nul_bytes", std::string("x = 1\0y", 7), "script_syntax", ""},
      {"source_not_utf8", "x = \xff\xfe", "script_syntax", ""},
      {"source_loops_at_the_top", "while true do end", "script_time"},
      {"source_overwrites_provider", "provider = 7", "script_error", "no function"},
      {"source_empty", "", "script_error", "no function"},
      {"source_bad_escape", "x = '\\400'", "script_syntax", "escape"},
      {"source_huge_numeral", "x = " + repeated("9", 100'000) + " function provider.check() return 1 end", "ok"},
  };
}

class HostileSource : public testing::TestWithParam<Hostile> {};

TEST_P(HostileSource, is_refused_and_the_next_run_works) {
  std::string message;
  EXPECT_EQ(code_of(plugin_of(GetParam().body), GetParam().code, &message), GetParam().code) << message;
  EXPECT_THAT(message, HasSubstr(GetParam().detail));
  EXPECT_LE(message.size(), 600u);
  expect_next_run_works();
}

INSTANTIATE_TEST_SUITE_P(Sources, HostileSource, testing::ValuesIn(sources()), name_of);

// ---- what the runs leave behind

std::size_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(HostileRuns, memory_returns_to_its_baseline) {
  const auto run_all = [] {
    for (const auto& hostile : memory())
      if (std::string_view(hostile.code) == "script_memory") code_of(plugin_with_check(hostile.body), hostile.code);
    for (const auto& hostile : depth()) code_of(plugin_with_check(hostile.body), hostile.code);
    for (const auto& hostile : requests()) code_of(plugin_with_check(hostile.body), hostile.code);
  };
  run_all();
  const std::size_t before = heap_in_use();
  run_all();
  EXPECT_LE(heap_in_use(), before + 64 * 1024);
}

TEST(HostileRuns, processor_time_is_bounded_where_no_instruction_counts) {
  ScriptLimits limits;
  limits.max_processor_ms = 200;
  const std::string body =
      "local a, b = ('x'):rep(3000000), ('x'):rep(3000000) a = a .. 'y' b = b .. 'y' while true do local c = a == b "
      "end";
  const auto begin = std::clock();
  EXPECT_THAT(outcome_of(body, json::Object(), limits), HasSubstr("script_time"));
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 5.0);
}

TEST(HostileRuns, memory_stays_below_its_cap_whatever_sizes_are_mixed) {
  ScriptLimits limits;
  limits.max_memory_bytes = 2u << 20;
  auto run = ScriptRun::open(plugin_with_check(R"(
    local keep = {}
    for size = 1, 60 do
      keep = {}
      pcall(function() for i = 1, 2000 do keep[i] = ('x'):rep(size * 16) .. i end end)
    end
    return 1)"),
                             "check", json::Object(), json::Object(), test_clock(), limits);
  ASSERT_TRUE(run.ok());
  const auto step = run->begin();
  EXPECT_TRUE(step.ok() || step.error().code == "script_memory");
  EXPECT_LE(run->memory_bytes(), limits.max_memory_bytes);
}

// ---- time that neither instructions nor allocations count, with the other limits of real runs

struct Slow {
  const char* name;
  std::string body;  // of check(input)
};

void PrintTo(const Slow& slow, std::ostream* out) { *out << slow.name; }

class SlowScript : public testing::TestWithParam<Slow> {};

// And little more than that, for what passes between two looks at the processor time.
TEST_P(SlowScript, ends_within_its_processor_time) {
  ScriptLimits limits;
  limits.max_processor_ms = 500;
  const auto begin = std::clock();
  EXPECT_THAT(outcome_of(GetParam().body, json::Object(), limits), HasSubstr("script_time"));
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 1.5);
  expect_next_run_works();
}

std::vector<Slow> slow_scripts() {
  // Room for half a million entries, and one in use.
  const std::string sparse = "local b = {x = 1} for i = 1, 524288 do b[i] = 1 end for i = 1, 524288 do b[i] = nil end ";
  const std::string many = sparse + "local t = {} for i = 1, 49000 do t[i] = b end ";
  const std::string emptied = sparse + "b.x = nil local t = {} for i = 1, 49000 do t[i] = b end ";
  // An object has up to 1,000 members, and each name is compared with those before it.
  const std::string wide = "local o = {} for i = 1, 1000 do o[('x'):rep(LENGTH) .. (1000 + i)] = 1 end ";
  const auto named = [&](const char* length) { return std::string(wide).replace(wide.find("LENGTH"), 6, length); };
  return {
      {"sparse_table_encoded_many_times_over", many + "return json.encode(t)"},
      {"sparse_table_in_pcall", many + "while true do pcall(json.encode, t) end"},
      {"sparse_table_as_body", many + "http.post('/x', {json = t})"},
      {"sparse_table_as_output", many + "return t"},
      {"sparse_table_as_details_of_an_error", many + "fail('Conflict', 'x', t)"},
      {"sparse_table_as_members", many + "for i = 1, 49000 do t[i] = {b = b} end return json.encode(t)"},
      {"sparse_table_in_ordered_objects",
       many + "for i = 1, 20000 do t[i] = json.object('b', b) end for i = 20001, 49000 do t[i] = nil end return t"},
      {"emptied_table_encoded_many_times_over", emptied + "return json.encode(t)"},
      {"emptied_table_as_output", emptied + "return t"},
      {"next_over_a_sparse_table", sparse + "while true do next(b) end"},
      {"pairs_over_a_sparse_table", sparse + "while true do for k in pairs(b) do end end"},
      {"pairs_over_a_sparse_table_a_fixed_number_of_times",
       sparse + "for i = 1, 100000 do for k in pairs(b) do end end return 1"},
      {"members_of_many_wide_objects",
       named("30") + "local t = {} for i = 1, 90 do t[i] = o end while true do pcall(json.encode, t) end"},
      {"members_with_long_names", named("3990") + "while true do pcall(json.encode, o) end"},
      {"ordered_members_with_long_names",
       "local p, a = ('x'):rep(60000), {} for i = 1, 240 do a[i] = p .. (1000 + i) end "
       "while true do pcall(json.object, table.unpack(a)) end"},
  };
}

INSTANTIATE_TEST_SUITE_P(Slow, SlowScript, testing::ValuesIn(slow_scripts()),
                         [](const auto& slow) { return std::string(slow.param.name); });

}  // namespace
}  // namespace till::plugin
