// The fuzzers' corpora as tests: every input that once was interesting stays harmless.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/webhook/schemes.h"
#include "tests/fuzz/http_properties.h"
#include "tests/fuzz/package_properties.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/script_properties.h"
#include "tests/fuzz/webhook_properties.h"

namespace till::fuzz {
namespace {

template <class Check>
void run_corpus(const char* name, Check check) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TILL_SOURCE_DIR "/tests/fuzz/corpus/" + std::string(name))) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    SCOPED_TRACE(entry.path().string());
    check(bytes);
    ++count;
  }
  EXPECT_GT(count, 0) << "no corpus for " << name;
}

TEST(Corpus, json_properties_hold) { run_corpus("json", check_json); }
TEST(Corpus, event_stream_properties_hold) { run_corpus("event_stream", check_event_stream); }
TEST(Corpus, http_request_properties_hold) { run_corpus("http_request", check_http_request); }
TEST(Corpus, manifest_properties_hold) { run_corpus("manifest", check_manifest); }
TEST(Corpus, lint_properties_hold) { run_corpus("manifest", check_lint); }
TEST(Corpus, script_lint_properties_hold) { run_corpus("script", check_script_lint); }
TEST(Corpus, package_properties_hold) { run_corpus("package", check_package); }
TEST(Corpus, script_properties_hold) { run_corpus("script", check_script); }
TEST(Corpus, host_call_properties_hold) { run_corpus("host_calls", check_host_calls); }

TEST(Corpus, webhook_properties_hold) { run_corpus("webhook", check_webhook); }

// Every known scheme meets every request of the corpus.
TEST(Corpus, known_schemes_hold) {
  run_corpus("webhook", [](const std::string& bytes) {
    const std::size_t mark = bytes.find("\n%%\n");
    if (mark == bytes.npos) return;
    for (const auto& [name, text] : webhook::named_schemes()) check_webhook(std::string(name) + bytes.substr(mark));
  });
}

// Every provider that ships is a seed too.
TEST(Corpus, shipped_plugins_hold) {
  for (const auto& entry : std::filesystem::directory_iterator(TILL_SOURCE_DIR "/plugins/providers")) {
    std::ifstream stream(entry.path() / "manifest.json", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    check_manifest(bytes);
    check_json(bytes);
    std::ifstream script(entry.path() / "provider.lua", std::ios::binary);
    check_script_lint(std::string{std::istreambuf_iterator<char>(script), {}});
  }
}

}  // namespace
}  // namespace till::fuzz
