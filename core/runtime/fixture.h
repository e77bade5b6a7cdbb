// Fixture: one documented exchange with a provider, or several: what a script must send, and what it must make of the
// replies. The file format is docs/schemas/fixture.json.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/json/value.h"

namespace till {

using FixtureFields = std::vector<std::pair<std::string, std::string>>;

struct FixtureRequest {
  std::string method;
  std::string path;                   // below the base URL, as it is sent: percent-encoded
  FixtureFields query;                // in order, not encoded
  std::optional<bool> authenticated;  // "signed"; nullopt: when the manifest has an auth scheme
  std::map<std::string, std::optional<std::string>, std::less<>>
      headers;  // must be there with this value; nullopt: absent
  // At most one; none: no body. "NONCE" as the member `nonce` of `json` stands for any that is not before `now` and
  // grows, "COUNT" for any integer that grows.
  std::optional<json::Value> json;
  std::optional<FixtureFields> form;
  std::optional<FixtureFields> multipart;
};

struct FixtureReply {
  http::Response response;
  std::optional<json::Value> json;  // when the body was given as JSON
};

struct FixtureExchange {
  FixtureRequest request;
  FixtureReply reply;
};

// What is not given is not compared.
struct FixtureError {
  std::string kind;
  std::map<std::string, std::string, std::less<>> texts;  // code, message, field, provider_code, request_id
  std::optional<bool> retryable;
  std::optional<std::int64_t> retry_after_ms;
};

struct Fixture {
  std::string name, source, operation;
  json::Value settings;  // as a merchant gives them
  json::Value input;     // as the script gets it; card data in clear
  UnixMillis now_ms = 1'770'800'000'000;
  std::vector<FixtureExchange> exchanges;
  // One of the three.
  std::optional<json::Value> output;           // without `raw`
  std::optional<std::string> output_is_reply;  // JSON pointer into the last reply's JSON
  std::optional<FixtureError> error;
};

// Errors: kPlugin, code "fixture", with the place in `field`. A member that the format does not have is one.
Result<Fixture> read_fixture(const json::Value& document);

}  // namespace till
