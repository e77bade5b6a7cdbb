// The host API of scripts: what each function returns and refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/plugin/handle.h"
#include "tests/plugin/script_fixture.h"

namespace till::plugin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// The value of one Lua expression list, as a JSON array (or the error).
std::string value_of(const std::string& expressions, json::Value input = json::Object()) {
  return outcome_of("return json.array({" + expressions + "})", std::move(input));
}

std::string problem_of(const std::string& body) {
  const std::string outcome = outcome_of(body);
  return outcome.starts_with("error ") ? outcome : "no error, but " + outcome;
}

ScriptRequest request_of(const std::string& body, json::Value input = json::Object()) {
  const auto step = step_of(plugin_with_check(body), std::move(input));
  if (!step) ADD_FAILURE() << step.error().message;
  return step ? std::get<ScriptRequest>(*step) : ScriptRequest();
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string kHandle = make_handle(0x0123456789abcdef, 7);

json::Value handle_input() { return json::Object{{"h", kHandle}}; }

// ---- basics

TEST(HostBasics, assert_returns_its_values_or_raises_the_message) {
  EXPECT_EQ(value_of("assert(1, 2)"), "[1,2]");
  EXPECT_THAT(problem_of("assert(false, 'why')"), HasSubstr("script_error: why"));
  EXPECT_THAT(problem_of("assert(nil)"), HasSubstr("assertion failed!"));
}

TEST(HostBasics, error_adds_the_line_unless_level_is_zero) {
  EXPECT_EQ(value_of("pcall(error, 'x', 0)"), R"([false,"x"])");
  EXPECT_THAT(problem_of("error('boom')"), HasSubstr("provider.lua:2: boom"));
  EXPECT_EQ(outcome_of("local ok, e = pcall(error, {code = 7}) return e.code"), "7");
}

TEST(HostBasics, pairs_ipairs_and_next_walk_tables) {
  EXPECT_EQ(outcome_of("local n = 0 for k, v in pairs({a = 1, b = 2, 5}) do n = n + v end return n"), "8");
  EXPECT_EQ(outcome_of("local n = 0 for i, v in ipairs({1, 2, nil, 4}) do n = n + v end return n"), "3");
  EXPECT_EQ(value_of("next({}) == nil, next({7})"), "[true,1,7]");
  EXPECT_THAT(problem_of("pairs(nil)"), HasSubstr("bad argument #1 to 'pairs' (a table expected, got nil)"));
}

TEST(HostBasics, select_counts_and_cuts) {
  EXPECT_EQ(value_of("select('#', 1, nil, 3), select(2, 1, 2, 3)"), "[3,2,3]");
  EXPECT_EQ(value_of("select(-1, 1, 2, 3)"), "[3]");
  EXPECT_THAT(problem_of("select(0)"), HasSubstr("bad argument #1"));
}

TEST(HostBasics, tonumber_reads_whole_base_10_integers_only) {
  EXPECT_EQ(value_of("tonumber('42'), tonumber('-7'), tonumber(3)"), "[42,-7,3]");
  for (const char* text : {"1.5", "0x10", " 1", "1e3", "", "9223372036854775808", "+1"})
    EXPECT_EQ(value_of("tonumber('" + std::string(text) + "') == nil"), "[true]") << text;
  EXPECT_THAT(problem_of("return tonumber('10', 16)"), HasSubstr("base 10"));
}

TEST(HostBasics, tostring_never_shows_an_address_or_a_float) {
  EXPECT_EQ(value_of("tostring(nil), tostring(true), tostring(-5), tostring('s'), tostring({}), tostring(type), "
                     "tostring(json.null), tostring(json.number('1.50')), tostring(json.object())"),
            R"(["nil","true","-5","s","table","function","null","1.50","userdata"])");
  EXPECT_THAT(problem_of("return tostring(1/2)"), HasSubstr("float"));
}

TEST(HostBasics, type_names_types) {
  EXPECT_EQ(value_of("type(nil), type(1), type('s'), type({}), type(type), type(json.null)"),
            R"(["nil","number","string","table","function","userdata"])");
}

TEST(HostBasics, math_has_integer_limits) {
  EXPECT_EQ(value_of("math.max(3, 9, 2), math.min(3, 9, 2), math.maxinteger, math.mininteger, 7 // 2, -7 % 3"),
            "[9,2,9223372036854775807,-9223372036854775808,3,2]");
}

TEST(HostBasics, nothing_else_is_there) {
  for (const char* name :
       {"load",   "loadstring", "dofile",         "loadfile",     "require",      "package", "coroutine", "io",
        "os",     "debug",      "utf8",           "setmetatable", "getmetatable", "rawset",  "rawget",    "rawequal",
        "rawlen", "_G",         "collectgarbage", "print",        "xpcall",       "warn",    "newproxy",  "_VERSION"})
    EXPECT_EQ(value_of(std::string(name) + " == nil"), "[true]") << name;
  for (const char* name : {"format", "dump", "find", "match", "gmatch", "gsub", "pack", "unpack"})
    EXPECT_EQ(value_of("string." + std::string(name) + " == nil"), "[true]") << name;
}

// ---- string

TEST(HostString, functions_and_methods) {
  EXPECT_EQ(
      value_of("('hello'):sub(2, -2), ('hello'):sub(-3), ('hello'):sub(0), ('hello'):sub(9), ('hello'):sub(-99, 2)"),
      R"(["ell","llo","hello","","he"])");
  EXPECT_EQ(
      value_of(
          "('x'):sub(math.mininteger, math.maxinteger), ('x'):sub(math.maxinteger), ('x'):sub(1, math.mininteger)"),
      R"(["x","",""])");
  EXPECT_EQ(value_of("('aZ9'):upper(), ('aZ9'):lower(), ('abc'):reverse(), ('abc'):len(), #'abc'"),
            R"(["AZ9","az9","cba",3,3])");
  EXPECT_EQ(value_of("('ab'):rep(3), ('ab'):rep(2, '-'), ('ab'):rep(0), ('ab'):rep(-1), (''):rep(math.maxinteger)"),
            R"(["ababab","ab-ab","","",""])");
  EXPECT_EQ(value_of("('AB'):byte(1, -1), ('A'):byte(), string.char(72, 105)"), R"([65,65,"Hi"])");
  EXPECT_EQ(value_of("('AB'):byte(1, 2)"), "[65,66]");
}

TEST(HostString, oversized_results_are_refused_before_they_are_made) {
  EXPECT_THAT(problem_of("return #('x'):rep(4194305)"), HasSubstr("resulting string too large"));
  EXPECT_THAT(problem_of("return #('xx'):rep(math.maxinteger)"), HasSubstr("resulting string too large"));
  EXPECT_EQ(outcome_of("return #('x'):rep(4194304)"), "4194304");
  EXPECT_THAT(problem_of("return ('x'):rep(300):byte(1, -1)"), HasSubstr("at most 250"));
  EXPECT_THAT(problem_of("return string.char(256)"), HasSubstr("a byte from 0 to 255"));
}

// ---- table

TEST(HostTable, insert_and_remove_keep_the_list_whole) {
  EXPECT_EQ(outcome_of("local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return t"), "[0,1,2,3]");
  EXPECT_EQ(outcome_of("local t = {1, 2, 3} local r = table.remove(t, 1) local l = table.remove(t) return {r, l, t}"),
            "[1,3,[2]]");
  EXPECT_EQ(value_of("table.remove({}) == nil, table.remove({1}, 2) == nil"), "[true,true]");
  EXPECT_THAT(problem_of("table.insert({}, 3, 'x')"), HasSubstr("a position in the list"));
  EXPECT_THAT(problem_of("table.remove({1}, 3)"), HasSubstr("a position in the list"));
}

TEST(HostTable, concat_joins_texts_and_integers) {
  EXPECT_EQ(value_of("table.concat({1, 'a', 2}, ','), table.concat({}), table.concat({1, 2, 3}, '', 2), "
                     "text.join({'a', 'b'}, '/')"),
            R"(["1,a,2","","23","a/b"])");
  EXPECT_THAT(problem_of("return table.concat({{}})"), HasSubstr("no string or integer, at 1"));
  EXPECT_THAT(problem_of("return table.concat({1/2})"), HasSubstr("no string or integer, at 1"));
  EXPECT_THAT(problem_of("local s = ('x'):rep(3000000) return #table.concat({s, s})"), HasSubstr("too large"));
}

TEST(HostTable, unpack_is_bounded) {
  EXPECT_EQ(value_of("table.unpack({1, 2, 3})"), "[1,2,3]");
  EXPECT_EQ(value_of("table.unpack({1, 2, 3}, 2, 3)"), "[2,3]");
  EXPECT_THAT(problem_of("table.unpack({}, 1, 251)"), HasSubstr("at most 250"));
  EXPECT_THAT(problem_of("table.unpack({}, math.mininteger, math.maxinteger)"), HasSubstr("at most 250"));
}

TEST(HostTable, sort_orders_with_and_without_a_function) {
  EXPECT_EQ(outcome_of("local t = {3, 1, 2, 9, -4, 3} table.sort(t) return t"), "[-4,1,2,3,3,9]");
  EXPECT_EQ(outcome_of("local t = {'b', 'a', 'C'} table.sort(t) return t"), R"(["C","a","b"])");
  EXPECT_EQ(outcome_of("local t = {{n = 1}, {n = 3}, {n = 2}} table.sort(t, function(a, b) return a.n > b.n end) "
                       "return {t[1].n, t[2].n, t[3].n}"),
            "[3,2,1]");
  EXPECT_EQ(outcome_of("local t = {} for i = 1, 500 do t[i] = i * 7919 % 1009 end table.sort(t) "
                       "for i = 2, 500 do if t[i - 1] > t[i] then return 'wrong' end end return 'sorted'"),
            R"("sorted")");
  EXPECT_THAT(problem_of("table.sort({1, 'a'})"), HasSubstr("integers or strings"));
}

// ---- json

TEST(HostJson, decode_and_encode_keep_numbers_exact) {
  EXPECT_EQ(outcome_of("return json.decode('{\"a\":[1,2.50,-0.1,1e3,null,true,\"x\"],\"b\":{}}')"),
            R"({"a":[1,"2.50","-0.1","1e3",null,true,"x"],"b":{}})");
  EXPECT_EQ(outcome_of("return json.encode({b = 1, a = json.number('150.00'), c = json.array({}), d = {}})"),
            R"("{\"a\":150.00,\"b\":1,\"c\":[],\"d\":{}}")");
  EXPECT_EQ(outcome_of("return json.decode('[]')"), "[]");
  EXPECT_THAT(problem_of("json.decode('{\"a\":1,}')"), HasSubstr("script_error: provider.lua:2: json.decode: "));
  EXPECT_THAT(problem_of("json.decode(('['):rep(40) .. (']'):rep(40))"), HasSubstr("json.decode"));
  EXPECT_EQ(outcome_of("return pcall(json.decode, '{') == false"), "true");
}

TEST(HostJson, object_keeps_its_order_and_skips_nil) {
  EXPECT_EQ(outcome_of("return json.encode(json.object('method', 'm', 'params', nil, 'a', json.null, 'b', {1}))"),
            R"("{\"method\":\"m\",\"a\":null,\"b\":[1]}")");
  EXPECT_EQ(outcome_of("return {json.object('z', 1, 'a', json.object()), json.object('x', nil)}"),
            R"([{"z":1,"a":{}},{}])");
  EXPECT_THAT(problem_of("json.object('a', 1, 'a', 2)"), HasSubstr("a name not yet used"));
  EXPECT_THAT(problem_of("json.object(1, 2)"), HasSubstr("a string expected"));
}

TEST(HostJson, number_takes_only_json_numbers) {
  EXPECT_EQ(value_of("json.number('-1.50e+2'), json.number(7), json.number(json.number('2.0'))"), "[-1.50e+2,7,2.0]");
  for (const char* text : {"1.", "01", "+1", "NaN", "0x1", "", "1 "})
    EXPECT_THAT(problem_of("json.number('" + std::string(text) + "')"), HasSubstr("JSON number")) << text;
}

TEST(HostJson, encoding_a_float_ends_the_run) {
  EXPECT_THAT(problem_of("pcall(json.encode, {a = {1/3}}) return 'caught'"),
              AllOf(StartsWith("error script_output"), HasSubstr("$.a[1]"), HasSubstr("money.*")));
}

// ---- money

TEST(HostMoney, of_normalises_and_refuses_what_is_not_exact) {
  EXPECT_EQ(
      value_of(
          "money.of('150', 'BZD'), money.of(7, 'JPY'), money.of(json.number('1.5'), 'EUR'), money.of('1.500', 'EUR')"),
      R"([{"amount":"150.00","currency":"BZD"},{"amount":"7","currency":"JPY"},)"
      R"({"amount":"1.50","currency":"EUR"},{"amount":"1.50","currency":"EUR"}])");
  EXPECT_THAT(problem_of("money.of('1.005', 'EUR')"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("money.of('1', 'XXQ')"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("money.of('abc', 'EUR')"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("money.of(1/2, 'EUR')"), HasSubstr("got a float"));
  EXPECT_THAT(problem_of("money.of(nil, 'EUR')"), HasSubstr("got nil"));
}

TEST(HostMoney, minor_units_both_ways) {
  EXPECT_EQ(value_of("money.from_minor(4825, 'EUR'), money.minor({amount = '48.25', currency = 'EUR'}), "
                     "money.scaled(270000, 8, 'BTC'), money.scaled(15000, 4, 'USD')"),
            R"([{"amount":"48.25","currency":"EUR"},4825,{"amount":"0.00270000","currency":"BTC"},)"
            R"({"amount":"1.50","currency":"USD"}])");
  EXPECT_THAT(problem_of("money.scaled(1, 19, 'BTC')"), HasSubstr("a scale from 0 to 18"));
  EXPECT_THAT(problem_of("money.scaled(1, 4, 'USD')"), HasSubstr("script_error"));
}

TEST(HostMoney, arithmetic_and_comparison_need_one_currency) {
  const std::string a = "{amount = '1.50', currency = 'EUR'}", b = "{amount = '0.75', currency = 'EUR'}";
  EXPECT_EQ(value_of("money.add(" + a + "," + b + ").amount, money.sub(" + b + "," + a + ").amount"),
            R"(["2.25","-0.75"])");
  EXPECT_EQ(value_of("money.compare(" + a + "," + b + "), money.compare(" + b + "," + a + "), money.compare(" + a +
                     "," + a + ")"),
            "[1,-1,0]");
  EXPECT_EQ(value_of("money.is_zero(" + a + "), money.is_zero({amount = '0.00', currency = 'EUR'})"), "[false,true]");
  EXPECT_THAT(problem_of("money.add(" + a + ", {amount = '1', currency = 'USD'})"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("money.compare(" + a + ", {amount = '1', currency = 'USD'})"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("money.minor({amount = '1'})"), HasSubstr("{amount, currency} expected"));
}

TEST(HostMoney, decimal_is_a_json_number_with_the_same_text) {
  EXPECT_EQ(
      value_of(
          "money.decimal({amount = '150.00', currency = 'BZD'}), money.decimal({amount = '0.10', currency = 'USD'})"),
      "[150.00,0.10]");
}

// ---- time

TEST(HostTime, now_comes_from_the_clock_and_nonces_grow) {
  EXPECT_EQ(value_of("time.now()"), "[1795215000000]");
  EXPECT_EQ(
      outcome_of("local a, b, c = time.nonce(), time.nonce(), time.nonce() return a < b and b < c and a >= time.now()"),
      "true");
}

TEST(HostTime, counted_nonces_go_on_from_run_to_run) {
  Counter nonces;
  const auto count = [&nonces] {
    auto run = ScriptRun::open(plugin_with_check("return {time.nonce('count'), time.nonce('count')}"), "check",
                               json::Object(), json::Object(), test_clock(), {}, &nonces);
    return json::write(std::get<ScriptDone>(*run->begin()).output);
  };
  EXPECT_EQ(count(), "[0,1]");
  EXPECT_EQ(count(), "[2,3]");
  EXPECT_EQ(value_of("time.nonce('count')"), "[0]");
  EXPECT_THAT(problem_of("time.nonce('random')"), HasSubstr("nothing or \"count\" expected"));
}

TEST(HostTime, text_and_seconds) {
  EXPECT_EQ(
      value_of("time.parse('2026-11-20T22:50:00.000Z'), time.parse('2026-11-20 22:50:00'), time.iso(1795215000000), "
               "time.from_seconds(1795215000), time.from_seconds('1.5'), time.from_seconds(-1)"),
      R"([1795215000000,1795215000000,"2026-11-20T22:50:00.000Z",1795215000000,1500,-1000])");
  EXPECT_THAT(problem_of("time.parse('yesterday')"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("time.iso(math.maxinteger)"), HasSubstr("0000 to 9999"));
  EXPECT_THAT(problem_of("time.from_seconds(math.maxinteger)"), HasSubstr("0000 to 9999"));
}

// ---- text

TEST(HostText, plain_searching_and_cutting) {
  EXPECT_EQ(value_of("text.trim('  a b\\n'), text.trim(' '), text.starts('abc', 'ab'), text.ends('abc', 'bc'), "
                     "text.contains('a.c', '.'), text.contains('abc', '.'), text.contains('x', '')"),
            R"(["a b","",true,true,true,false,true])");
  EXPECT_EQ(value_of("text.split('a,,b', ','), text.split('', ','), text.replace('a.b.c', '.', '%1'), "
                     "text.replace('aaa', 'aa', 'b')"),
            R"([["a","","b"],[""],"a%1b%1c","ba"])");
  EXPECT_EQ(value_of("text.digits('0123'), text.digits(''), text.digits('1a')"), "[true,false,false]");
  EXPECT_THAT(problem_of("text.split('a', '')"), HasSubstr("not empty"));
  EXPECT_THAT(problem_of("text.replace('a', '', 'b')"), HasSubstr("not empty"));
  EXPECT_THAT(problem_of("text.split((','):rep(10000), ',')"), HasSubstr("more than 10000 pieces"));
  EXPECT_THAT(problem_of("text.replace(('a'):rep(100000), 'a', ('b'):rep(1000))"), HasSubstr("too large"));
}

TEST(HostText, encodings) {
  EXPECT_EQ(value_of("text.hex_encode('\\1\\xff'), text.hex_decode('4869'), text.base64_encode('Hi!'), "
                     "text.base64_decode('SGkh'), "
                     "text.url_encode('a b/ü~')"),
            R"(["01ff","Hi","SGkh","Hi!","a%20b%2F%C3%BC~"])");
  EXPECT_THAT(problem_of("text.hex_decode('4')"), HasSubstr("script_error"));
  EXPECT_THAT(problem_of("text.base64_decode('*')"), HasSubstr("script_error"));
}

// ---- http

TEST(HostHttp, methods_and_flags) {
  for (const char* method : {"get", "post", "put", "patch", "delete"}) {
    const auto request = request_of("http." + std::string(method) + "('/x')");
    EXPECT_EQ(request.read, std::string(method) == "get");
    EXPECT_TRUE(request.authenticate);
    EXPECT_EQ(request.body, "");
    EXPECT_EQ(request.content_type, "");
  }
  const auto request = request_of("http.post('/x', {auth = false, read = true, expect = {402, 404}})");
  EXPECT_FALSE(request.authenticate);
  EXPECT_TRUE(request.read);
  EXPECT_EQ(request.expect, (std::vector<int>{402, 404}));
  EXPECT_FALSE(request_of("http.get('/x', {read = false})").read);
}

TEST(HostHttp, path_values_are_encoded_as_one_segment) {
  EXPECT_EQ(request_of("http.get('/v1/{id}/{n}/x', {path = {id = 'a/b?c#d@e%ü', n = 7}})").path,
            "/v1/a%2Fb%3Fc%23d%40e%25%C3%BC/7/x");
  EXPECT_EQ(request_of("http.get('/api/{secret.token}')").path, "/api/{secret.token}");
  EXPECT_EQ(request_of("http.get('/a/b/')").path, "/a/b/");
}

TEST(HostHttp, query_keeps_the_order_of_a_list_and_sorts_a_map) {
  EXPECT_EQ(request_of("http.get('/', {query = {{'b', 1}, {'a', 'x y'}, {'c', nil}, {'b', true}}})").query,
            (Pairs{{"b", "1"}, {"a", "x y"}, {"b", "true"}}));
  EXPECT_EQ(request_of("http.get('/', {query = {b = 'x', a = json.number('1.50'), c = json.null}})").query,
            (Pairs{{"a", "1.50"}, {"b", "x"}}));
}

TEST(HostHttp, form_is_urlencoded) {
  const auto request = request_of("http.post('/', {form = {b = 'x y&z', a = 1}})");
  EXPECT_EQ(request.body, "a=1&b=x%20y%26z");
  EXPECT_EQ(request.content_type, "application/x-www-form-urlencoded");
}

TEST(HostHttp, multipart_fields_keep_their_text_and_stay_in_their_part) {
  const auto request = request_of("http.post('/', {multipart = {{'b\"\\r\\n', 'x y&z\\r\\n'}, {'a', 1}, {'c', nil}}})");
  EXPECT_EQ(request.content_type, "multipart/form-data; boundary=till-form-0");
  EXPECT_EQ(request.body,
            "--till-form-0\r\nContent-Disposition: form-data; name=\"b%22%0D%0A\"\r\n\r\nx y&z\r\n\r\n"
            "--till-form-0\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
            "--till-form-0--\r\n");
  EXPECT_EQ(request_of("http.post('/', {multipart = {a = '--till-form-0', ['till-form-1'] = ''}})").content_type,
            "multipart/form-data; boundary=till-form-2");
  EXPECT_EQ(request_of("http.post('/', {multipart = {}})").body, "--till-form-0--\r\n");
}

TEST(HostHttp, json_body_may_be_any_value) {
  EXPECT_EQ(request_of("http.post('/', {json = json.object('b', 1, 'a', json.encode({x = json.array({})}))})").body,
            R"({"b":1,"a":"{\"x\":[]}"})");
  EXPECT_EQ(request_of("http.post('/', {json = {}})").body, "{}");
  EXPECT_EQ(request_of("http.post('/', {json = json.null})").body, "null");
}

TEST(HostHttp, declared_headers_may_be_set) {
  EXPECT_EQ(request_of("http.get('/', {headers = {['x-accept-version'] = '2.0.0'}})").headers,
            (Pairs{{"x-accept-version", "2.0.0"}}));
}

TEST(HostHttp, wrong_options_are_named) {
  EXPECT_THAT(problem_of("http.get('/', {jsn = {}})"), HasSubstr("opts.jsn is unknown"));
  EXPECT_THAT(problem_of("http.get('/', {json = {}})"), HasSubstr("a GET request takes no body"));
  EXPECT_THAT(problem_of("http.post('/', {json = {}, form = {}})"),
              HasSubstr("one of opts.json, opts.form and opts.multipart"));
  EXPECT_THAT(problem_of("http.post('/', {multipart = {}, form = {}})"), HasSubstr("a request takes one of"));
  EXPECT_THAT(problem_of("http.get('/', {multipart = {}})"), HasSubstr("a GET request takes no body"));
  EXPECT_THAT(problem_of("http.post('/', {multipart = {a = {}}})"), HasSubstr("opts.multipart.a takes"));
  EXPECT_THAT(problem_of("http.get('/', {expect = {99}})"), HasSubstr("statuses from 100 to 599"));
  EXPECT_THAT(problem_of("http.get('/', {auth = 1})"), HasSubstr("true or false"));
  EXPECT_THAT(problem_of("http.get('/', {optional = 1})"), HasSubstr("true or false"));
  EXPECT_THAT(problem_of("http.get('/', {once = 1})"), HasSubstr("true or false"));
  EXPECT_THAT(problem_of("http.get('/', {optional = true})"), HasSubstr("a read after a write: there was none"));
  EXPECT_THAT(problem_of("http.post('/', {optional = true})"), HasSubstr("requests that change nothing"));
  EXPECT_THAT(problem_of("http.get('/', {optional = true, read = false})"), HasSubstr("requests that change nothing"));
  EXPECT_THAT(problem_of("http.get('/', {query = {a = {}}})"), HasSubstr("opts.query.a takes"));
  EXPECT_THAT(problem_of("http.get('/', 'x')"), HasSubstr("a table expected"));
  EXPECT_THAT(problem_of("http.post('/', {json = {a = 1/2}})"),
              AllOf(HasSubstr("script_output"), HasSubstr("$.json.a: a float")));
}

TEST(HostTopLevel, sees_nothing_that_may_differ_between_runs) {
  for (const char* line : {"http.get('/')", "time.now()", "time.nonce()", "time.nonce('count')", "log.warn('x')"}) {
    const auto step = step_of(plugin_of(std::string(line) + " function provider.check() end"));
    ASSERT_FALSE(step.ok()) << line;
    EXPECT_THAT(step.error().message, HasSubstr("inside an operation")) << line;
  }
  const auto step = step_of(plugin_of("local mode = settings.mode function provider.check() end"));
  EXPECT_THAT(step.error().message, HasSubstr("global 'settings'"));
}

TEST(HostHttp, requests_are_refused_in_comparisons) {
  EXPECT_THAT(problem_of("table.sort({2, 1}, function() http.get('/') end)"),
              HasSubstr("inside a comparison function"));
}

// ---- handles

TEST(HostHandles, a_handle_passes_whole_and_raw_through_bodies_paths_and_queries) {
  const auto input = handle_input();
  EXPECT_EQ(request_of("http.post('/', {json = {card = input.h}})", input).body, "{\"card\":\"" + kHandle + "\"}");
  EXPECT_EQ(request_of("http.post('/', {json = {params = json.encode({card = input.h})}})", input).body,
            "{\"params\":\"{\\\"card\\\":\\\"" + kHandle + "\\\"}\"}");
  EXPECT_EQ(request_of("http.post('/', {form = {card = input.h}})", input).body, "card=" + kHandle);
  EXPECT_THAT(request_of("http.post('/', {multipart = {card = input.h}})", input).body,
              HasSubstr("\r\n" + kHandle + "\r\n"));
  EXPECT_EQ(request_of("http.get('/{card}', {path = {card = input.h}})", input).path, "/" + kHandle);
  EXPECT_EQ(request_of("http.get('/', {query = {card = input.h}})", input).query, (Pairs{{"card", kHandle}}));
  EXPECT_EQ(request_of("http.get('/', {headers = {['X-Accept-Version'] = input.h}})", input).headers[0].second,
            kHandle);
  const auto step = step_of(plugin_with_check("return {token = input.h}"), input);
  EXPECT_EQ(std::get<ScriptDone>(*step).output.find_string("token"), kHandle);
}

TEST(HostHandles, a_handle_inside_longer_text_ends_the_run) {
  for (const char* body :
       {"http.post('/', {json = {card = 'x' .. input.h}})", "http.post('/', {form = {a = input.h .. ' '}})",
        "http.get('/', {query = {a = input.h .. input.h}})", "http.get('/{a}', {path = {a = input.h .. '/'}})",
        "http.get('/', {headers = {['X-Accept-Version'] = 'Bearer ' .. input.h}})",
        "pcall(json.encode, 'x' .. input.h)", "return {'\"' .. input.h}", "return {[input.h] = 1}"})
    EXPECT_THAT(outcome_of(body, handle_input()), StartsWith("error script_output")) << body;
}

TEST(HostHandles, a_handle_is_none_any_more_in_the_log_and_in_a_failure) {
  auto run = ScriptRun::open(plugin_with_check("log.info(input.h) log.warn('<' .. input.h .. '>') "
                                               "fail('ProviderError', input.h, {code = input.h})"),
                             "check", handle_input(), json::Object(), test_clock());
  ASSERT_TRUE(run.ok());
  const auto step = run->begin();
  ASSERT_FALSE(step.ok());
  ASSERT_EQ(run->log().size(), 2u);
  for (const std::string& text :
       {run->log()[0].text, run->log()[1].text, step.error().message, step.error().provider_code})
    EXPECT_EQ(find_handle(text), std::nullopt) << text;
}

TEST(Handle, form_is_strict) {
  EXPECT_TRUE(is_handle(kHandle));
  EXPECT_EQ(kHandle, "\x02h0123456789abcdef:7\x03");
  EXPECT_FALSE(is_handle(kHandle + " "));
  EXPECT_FALSE(is_handle("\x02h0123456789ABCDEF:7\x03"));
  EXPECT_FALSE(is_handle("\x02h0123456789abcdef:\x03"));
  EXPECT_FALSE(is_handle("\x02h0123456789abcdef:1234567\x03"));
  EXPECT_FALSE(is_handle("\x02h0123456789abcdef:7"));
  EXPECT_FALSE(is_handle(""));
  const auto span = find_handle("ab\x02" + kHandle + "c");
  ASSERT_TRUE(span.has_value());
  EXPECT_EQ(span->begin, 3u);
  EXPECT_EQ(span->size, kHandle.size());
  EXPECT_EQ(span->nonce, 0x0123456789abcdefu);
  EXPECT_EQ(span->index, 7u);
}

}  // namespace
}  // namespace till::plugin
