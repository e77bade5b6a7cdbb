// Sandboxes that are used again: a run leaves nothing behind for the next one.
#include "core/plugin/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json/json.h"
#include "core/plugin/chunk.h"
#include "tests/plugin/script_fixture.h"

namespace till::plugin {
namespace {

using testing::HasSubstr;

// Counts in a global, in the provider's own table, in a shared library and in an upvalue of the file.
constexpr const char* kCounter = R"(
local upvalue = 0
local function bump(t, key) t[key] = (t[key] or 0) + 1 return t[key] end
function provider.check(input)
  upvalue = upvalue + 1
  seen = (seen or 0) + 1
  local counts = {upvalue, seen, bump(provider, "n"), bump(string, "n"), bump(money, "n"), bump(settings, "n")}
  if input.request then http.get("/") end
  if input.fail then fail("NotFound", "no") end
  if input.error then error("no") end
  if input.spin then while true do end end
  local text = "" for i = 1, 300 do text = text .. i end
  return {counts = counts, length = #text}
end)";

class SandboxTest : public testing::Test {
 protected:
  SandboxTest() {
    auto plugin = std::make_shared<Plugin>();
    plugin->script = kCounter;
    plugin->chunk = Chunk::compile(kCounter).value();
    plugin_ = std::move(plugin);
  }

  Result<ScriptStep> run(const char* input) const {
    auto run = ScriptRun::open(plugin_, "check", json::parse(input).value(), json::Object(), clock_);
    EXPECT_TRUE(run.ok());
    return run->begin();
  }

  std::string counts() const {
    auto step = run("{}");
    EXPECT_TRUE(step.ok()) << step.error().message;
    return json::write(std::get<ScriptDone>(*step).output);
  }

  ManualClock clock_{0};
  std::shared_ptr<const Plugin> plugin_;
};

constexpr const char* kFirstRun = R"({"counts":[1,1,1,1,1,1],"length":792})";

TEST_F(SandboxTest, each_run_is_the_first_one) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(counts(), kFirstRun);
}

TEST_F(SandboxTest, a_run_that_was_left_waiting_is_forgotten) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(std::holds_alternative<ScriptRequest>(*run(R"({"request":true})")));
    EXPECT_EQ(counts(), kFirstRun);
  }
}

TEST_F(SandboxTest, a_run_that_ended_badly_is_forgotten) {
  for (const char* input : {R"({"fail":true})", R"({"error":true})", R"({"spin":true})"}) {
    EXPECT_FALSE(run(input).ok()) << input;
    EXPECT_EQ(counts(), kFirstRun) << input;
  }
}

TEST_F(SandboxTest, many_at_once_are_as_good_as_one) {
  std::vector<ScriptRun> runs;
  for (int i = 0; i < 3 * SandboxPool::kMaxSandboxes; ++i) {
    auto opened = ScriptRun::open(plugin_, "check", json::parse(R"({"request":true})").value(), json::Object(), clock_);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(opened->begin().ok());
    runs.push_back(std::move(opened).value());
  }
  for (ScriptRun& run : runs) {
    const auto step =
        run.resume(ScriptReply{.status = 200, .headers = {}, .body = "{}", .json = json::Value(json::Object())});
    ASSERT_TRUE(step.ok()) << step.error().message;
    EXPECT_EQ(json::write(std::get<ScriptDone>(*step).output), kFirstRun);
  }
  runs.clear();
  EXPECT_EQ(counts(), kFirstRun);
}

TEST_F(SandboxTest, costs_the_same_work_the_second_time) {
  const auto spent = [&] {
    auto run = ScriptRun::open(plugin_, "check", json::Object(), json::Object(), clock_);
    EXPECT_TRUE(run->begin().ok());
    return run->instructions();
  };
  const auto first = spent();
  EXPECT_EQ(spent(), first);
}

// What a run drops and Lua collects is code that the next run needs.
TEST(Sandbox, code_that_one_run_dropped_is_whole_in_the_next) {
  auto plugin = std::make_shared<Plugin>();
  plugin->script = R"(
function provider.sum(n)
  local total = 0
  for i = 1, n do total = total + i * 2 - i end
  return "the sum is " .. total
end
function provider.check(input)
  local text = provider.sum(input.n)
  provider.sum = nil
  local kept = {}
  for i = 1, 40000 do kept[i % 100 + 1] = {i, tostring(i)} end
  return {text = text}
end)";
  plugin->chunk = Chunk::compile(plugin->script).value();
  const ManualClock clock(0);
  for (int i = 0; i < 5; ++i) {
    auto run = ScriptRun::open(plugin, "check", json::Object{{"n", json::Value::integer(100)}}, json::Object(), clock);
    ASSERT_TRUE(run.ok());
    const auto step = run->begin();
    ASSERT_TRUE(step.ok()) << step.error().message;
    EXPECT_EQ(json::write(std::get<ScriptDone>(*step).output), R"({"text":"the sum is 5050"})");
  }
}

// Each iteration is some instructions; the limit leaves room for one loop and not for two.
TEST(Sandbox, top_level_has_the_limits_of_a_run_to_itself) {
  constexpr const char* kLoop = "for i = 1, 60000 do end ";
  const ScriptLimits limits{.max_instructions = 100'000};
  const auto ends = [&](const std::string& top, const std::string& body) {
    return step_of(plugin_of(top + "function provider.check() " + body + "return 1 end"), json::Object(), limits).ok();
  };
  EXPECT_TRUE(ends(kLoop, kLoop));
  EXPECT_FALSE(ends(std::string(kLoop) + kLoop, ""));
  EXPECT_FALSE(ends("", std::string(kLoop) + kLoop));
}

// A list's later pages begin with what the earlier ones spent.
TEST(Sandbox, is_used_again_by_a_run_that_begins_with_something_spent) {
  auto plugin = plugin_of("for i = 1, 60000 do end function provider.check() for i = 1, 60000 do end return 1 end");
  plugin->chunk = Chunk::compile(plugin->script).value();
  const auto spent_by = [&](std::int64_t earlier, std::int64_t earlier_ms = 0) {
    const ScriptLimits limits{
        .max_instructions = 100'000, .spent_instructions = earlier, .spent_processor_ms = earlier_ms};
    auto run = ScriptRun::open(plugin, "check", json::Object(), json::Object(), test_clock(), limits);
    const auto step = run->begin();
    return step.ok() ? run->instructions() : -1;
  };
  const auto alone = spent_by(0);
  EXPECT_GT(alone, 60'000);
  EXPECT_EQ(spent_by(1'000), alone + 1'000);
  EXPECT_EQ(spent_by(0), alone);
  SandboxPool& pool = plugin->chunk->sandboxes();
  const auto waiting = pool.take(ScriptLimits().max_memory_bytes, 100'000 * 64);
  EXPECT_NE(waiting, nullptr);
  EXPECT_EQ(pool.take(ScriptLimits().max_memory_bytes, 100'000 * 64), nullptr) << "three runs took one";
  EXPECT_EQ(spent_by(60'000), -1) << "the top level has its own limits, and the operation what is left";
  EXPECT_EQ(spent_by(0, ScriptLimits().max_processor_ms), -1);
  EXPECT_EQ(spent_by(0), alone);
}

TEST(Sandbox, top_level_has_its_allocations_to_itself) {
  const std::string making = "for i = 1, 60 do local s = ('x'):rep(50000) end ";
  const ScriptLimits limits{.max_instructions = 100'000};
  const auto ends = [&](const std::string& top, const std::string& body) {
    return step_of(plugin_of(top + "function provider.check() " + body + "return 1 end"), json::Object(), limits).ok();
  };
  EXPECT_TRUE(ends(making, making));
  EXPECT_FALSE(ends(making + making, ""));
  EXPECT_FALSE(ends("", making + making));
}

TEST(SandboxPool, has_one_at_hand_only_after_a_run_that_ended_well) {
  SandboxPool pool;
  EXPECT_EQ(pool.take(1000, 1000), nullptr);
  const auto loaded = [&] {
    auto sandbox = std::make_unique<Sandbox>(1000, 1000);
    pool.admit(*sandbox);
    return sandbox;
  };
  pool.give_back(loaded(), false);
  EXPECT_EQ(pool.take(1000, 1000), nullptr);
  pool.give_back(loaded(), true);
  EXPECT_EQ(pool.take(2000, 1000), nullptr) << "it has other limits";
  EXPECT_NE(pool.take(1000, 1000), nullptr);
  EXPECT_EQ(pool.take(1000, 1000), nullptr);
}

TEST(SandboxPool, keeps_no_more_than_its_number) {
  SandboxPool pool;
  std::vector<std::unique_ptr<Sandbox>> all;
  for (int i = 0; i < SandboxPool::kMaxSandboxes + 5; ++i) {
    all.push_back(std::make_unique<Sandbox>(1000, 1000));
    pool.admit(*all.back());
    EXPECT_EQ(all.back()->pooled, i < SandboxPool::kMaxSandboxes);
  }
  for (auto& sandbox : all) pool.give_back(std::move(sandbox), true);
  int waiting = 0;
  while (pool.take(1000, 1000)) ++waiting;
  EXPECT_EQ(waiting, SandboxPool::kMaxSandboxes);
}

TEST(SandboxPool, keeps_none_whose_top_level_made_too_much) {
  SandboxPool pool;
  for (const std::size_t bytes : {SandboxPool::kMaxSealedBytes, SandboxPool::kMaxSealedBytes + 1}) {
    Sandbox sandbox(2 * SandboxPool::kMaxSealedBytes, 2 * SandboxPool::kMaxSealedBytes);
    ASSERT_NE(ScriptHeap::allocate(&sandbox.heap, nullptr, 0, bytes), nullptr);
    pool.admit(sandbox);
    EXPECT_EQ(sandbox.pooled, bytes == SandboxPool::kMaxSealedBytes);
  }
}

}  // namespace
}  // namespace till::plugin
