// What the tests of the C surface share: owning wrappers of the handles, and a runtime with the provider "tiny".
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "bindings/c/till.h"
#include "tests/c_abi/loopback_server.h"

namespace till::test {

struct Free {
  void operator()(till_runtime* handle) const { till_runtime_free(handle); }
  void operator()(till_gateway* handle) const { till_gateway_free(handle); }
  void operator()(till_reply* handle) const { till_reply_free(handle); }
  void operator()(till_error* handle) const { till_error_free(handle); }
  void operator()(till_card* handle) const { till_card_free(handle); }
  void operator()(till_exchange* handle) const { till_exchange_free(handle); }
  void operator()(till_watch* handle) const { till_watch_free(handle); }
  void operator()(till_inbox* handle) const { till_inbox_free(handle); }
  void operator()(till_reconciler* handle) const { till_reconciler_free(handle); }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Free>;

// What one call gave: its status with a reply's JSON, or with an error's.
struct Outcome {
  till_status status;
  std::string json;
};

inline Outcome outcome_of(till_status status, till_reply* reply, till_error* error) {
  const Owned<till_reply> owned_reply(reply);
  const Owned<till_error> owned_error(error);
  EXPECT_EQ(status == TILL_OK, reply != nullptr);
  EXPECT_EQ(status == TILL_OK, error == nullptr);
  std::size_t size = 0;
  const char* json = reply != nullptr ? till_reply_json(reply, &size) : till_error_json(error, &size);
  return {status, json == nullptr ? std::string() : std::string(json, size)};
}

inline Outcome call(till_gateway* gateway, const char* operation, const std::string& input) {
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  const auto status = till_call(gateway, operation, input.data(), input.size(), &reply, &error);
  return outcome_of(status, reply, error);
}

// One operation of the store.
inline Outcome ask_store(till_runtime* runtime, const char* operation, const std::string& input) {
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  const auto status = till_store_call(runtime, operation, input.data(), input.size(), &reply, &error);
  return outcome_of(status, reply, error);
}

// A runtime that keeps nothing, unless it is given a store, and knows "tiny".
inline Owned<till_runtime> open_runtime(const std::string& further_options = "", const std::string& store = "memory") {
  const std::string options = R"({"store": ")" + store +
                              R"(", "plugin_path": [")" TILL_SOURCE_DIR R"(/tests/c_abi/providers"])" +
                              further_options + "}";
  till_runtime* runtime = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_runtime_open(options.c_str(), &runtime, &error), TILL_OK) << till_error_message(error);
  till_error_free(error);
  return Owned<till_runtime>(runtime);
}

inline Owned<till_gateway> open_gateway(till_runtime* runtime, const std::string& base_url,
                                        const std::string& further_settings = "") {
  const std::string settings =
      R"({"api_key": "secret-key-of-tiny", "base_url": ")" + base_url + "\"" + further_settings + "}";
  till_gateway* gateway = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_gateway_open(runtime, "tiny", settings.c_str(), &gateway, &error), TILL_OK)
      << till_error_message(error);
  till_error_free(error);
  return Owned<till_gateway>(gateway);
}

inline const std::string kPayment = R"({"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "1234"})";

inline testing::AssertionResult has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no " << part << " in " << text;
}

// A provider on the network, its server on a thread of its own.
class CAbi : public testing::Test {
 protected:
  ~CAbi() override {
    server_.stop();
    thread_.join();
  }
  Owned<till_gateway> gateway(std::string_view prefix = "/now") {
    return open_gateway(runtime_.get(), server_.base_url(prefix));
  }

  LoopbackServer server_;
  std::thread thread_{[this] { server_.run(); }};
  Owned<till_runtime> runtime_ = open_runtime();
};

}  // namespace till::test
