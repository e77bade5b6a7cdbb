// play_fixture(): the same steps as an operation's, between a script and a document.
#include "core/runtime/fixture_player.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/http/challenge.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/json/pointer.h"
#include "core/plugin/operation_output.h"
#include "core/plugin/script.h"
#include "core/runtime/fixture.h"
#include "core/runtime/fixture_body.h"
#include "core/runtime/fixture_input.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"
#include "core/runtime/incoming.h"
#include "core/runtime/operation_input.h"
#include "core/runtime/outgoing.h"
#include "core/runtime/webhook.h"

namespace till {
namespace {

using Differences = std::vector<json::Difference>;

// The provider's whole answer stands in `raw`; what the script makes of it is what counts.
json::Value without_raw(json::Value value) {
  if (json::Array* items = value.array())
    for (json::Value& item : *items) item = without_raw(std::move(item));
  if (json::Object* object = value.object()) {
    object->erase("raw");
    for (auto& [key, inner] : *object) inner = without_raw(std::move(inner));
  }
  return value;
}

// A reply as scripts see it and pass it on: a number that is no integer is text, which loses no digit.
json::Value as_seen(json::Value value) {
  if (const json::Number* number = value.number(); number && !value.as_integer()) return number->text;
  if (json::Array* items = value.array())
    for (json::Value& item : *items) item = as_seen(std::move(item));
  if (json::Object* object = value.object())
    for (auto& [key, inner] : *object) inner = as_seen(std::move(inner));
  return value;
}

// Whether a text of what the script saw, whole, is this one.
bool holds_text(const json::Value& seen, std::string_view text) {
  if (const std::string* one = seen.string()) return *one == text;
  if (const json::Array* items = seen.array())
    return std::any_of(items->begin(), items->end(), [&](const json::Value& item) { return holds_text(item, text); });
  if (!seen.object()) return false;
  return std::any_of(seen.object()->begin(), seen.object()->end(),
                     [&](const auto& member) { return holds_text(member.second, text); });
}

// One fixture, played once.
class Player {
 public:
  Player(const Fixture& fixture, const GatewayConfig& config)
      : fixture_(fixture), config_(config), clock_(fixture.now_ms) {}

  Differences play() {
    const Result<json::Value> result = run();
    if (stopped_) return std::move(found_);
    if (result.ok())
      compare_output(*result);
    else
      compare_error(result.error());
    return std::move(found_);
  }

 private:
  void add(std::string place, std::string message) { found_.push_back({std::move(place), shown(std::move(message))}); }
  void add(Differences more) {
    for (json::Difference& one : more) add(std::move(one.path), std::move(one.message));
  }
  std::string shown(std::string text) const { return config_.redact(handles_.redact(std::move(text))); }

  // Card data behind handles, and how long the number is, as the core gives it to scripts.
  json::Value script_input() {
    json::Value input = fixture_.input;
    json::Value* card = input.object()->find("card");
    if (!card || !card->object()) return input;
    if (const auto number = card->find_string("number"))
      card->object()->set("number_length", json::Value::integer(static_cast<std::int64_t>(number->size())));
    for (const char* hidden : {"number", "cvv"})
      if (json::Value* value = card->object()->find(hidden); value && value->string())
        *value = handles_.add(Handles::Kind::kCardData, *value->string());
    return input;
  }

  // Steps the script through the exchanges; its output, or the error that it or a reply ended with.
  Result<json::Value> run() {
    TILL_ASSIGN(auto script, plugin::ScriptRun::open(config_.plugin, fixture_.operation, script_input(),
                                                     config_.script_settings, clock_));
    Result<plugin::ScriptStep> step = script.begin();
    bool again = false;  // a challenge was answered, so the same request comes once more
    std::string key;
    for (std::size_t i = 0; i < fixture_.exchanges.size(); ++i) {
      const std::string place = json::element_path("$.exchanges", i);
      if (!step.ok()) return failed_early(std::move(step).error(), i);
      const auto* wanted = std::get_if<plugin::ScriptRequest>(&*step);
      if (!wanted) return stop(place, "the script ended before it made this request");
      if (!again) key = idempotency_key(*wanted);
      TILL_TRY(compare_request(*wanted, key, fixture_.exchanges[i].request, place + ".request"));
      again = is_challenge(*wanted, fixture_.exchanges[i].reply.response);
      if (again) continue;
      Incoming incoming =
          incoming_reply(fixture_.exchanges[i].reply.response, wanted->expect, config_, handles_, clock_.now_ms());
      if (incoming.refusal && !wanted->optional) return failed_early(*std::move(incoming.refusal), i + 1);
      step = incoming.refusal ? script.resume(std::nullopt) : script.resume(std::move(incoming.reply));
    }
    if (!step.ok()) return std::move(step).error();
    if (const auto* more = std::get_if<plugin::ScriptRequest>(&*step))
      return stop("$.exchanges",
                  "the script makes one more request than the fixture has: " + more->method + " " + more->path);
    json::Value output = handles_.shown(std::move(std::get<plugin::ScriptDone>(*step).output), true);
    TILL_TRY(plugin::check_operation_output(fixture_.operation, output));
    if (fixture_.operation == "webhooks.receive") TILL_TRY(check_event(output));
    return output;
  }

  // What a fixture documents of a payment is to be declared; an event of something else need not be.
  Status check_event(const json::Value& output) const {
    const std::string event(output.find_string("event").value_or(""));
    const json::Value* payment = output.find("payment");
    if ((!payment || payment->is_null()) && holds_text(fixture_.input, event)) return {};
    return plugin::check_event(config_.manifest(), event);
  }

  // An error before the last exchange leaves documented requests unsent.
  Error failed_early(Error error, std::size_t played) {
    if (played < fixture_.exchanges.size())
      add(json::element_path("$.exchanges", played), "is never reached: " + described(error));
    return error;
  }

  Error stop(std::string place, std::string message) {
    add(std::move(place), std::move(message));
    stopped_ = true;
    return internal_error("the fixture was not played to its end");
  }

  static std::string described(const Error& error) {
    return std::string(error_kind_name(error.kind)) + " " + error.code + ": " +
           (error.field.empty() ? "" : error.field + ": ") + error.message;
  }

  // As the runtime does it: asked once for credentials that wait for it.
  bool is_challenge(const plugin::ScriptRequest& wanted, const http::Response& response) {
    constexpr int kUnauthorized = 401;
    if (challenged_ || !wanted.authenticate || !config_.waits_for_challenge()) return false;
    challenged_ = response.status == kUnauthorized && http::offers_scheme(response.headers, "Basic");
    return challenged_;
  }

  // As the runtime gives it: the caller's key for the first request that changes something, numbered from then on.
  std::string idempotency_key(const plugin::ScriptRequest& wanted) {
    if (wanted.read || !changes_something(config_.manifest(), fixture_.operation)) return {};
    const auto key = fixture_.input.find_string("idempotency_key");
    if (!key) return {};
    return std::string(*key) + (++writes_ > 1 ? "-" + std::to_string(writes_) : "");
  }

  Status compare_request(const plugin::ScriptRequest& wanted, const std::string& key, const FixtureRequest& expected,
                         const std::string& place) {
    const bool authenticate = challenged_ || !config_.waits_for_challenge();
    TILL_ASSIGN(const http::Request request, outgoing_request(wanted, config_, handles_, key, authenticate));
    if (request.method != expected.method)
      add(place + ".method", "expected " + expected.method + ", got " + request.method);
    compare_address(wanted, request, expected, place);
    compare_headers(request, expected, wanted.idempotent ? key : "", place);
    compare_authentication(request, expected, place + ".signed");
    add(body_differences(expected, request, clock_.now_ms(), last_nonce_, place));
    return {};
  }

  void compare_address(const plugin::ScriptRequest& wanted, const http::Request& request,
                       const FixtureRequest& expected, const std::string& place) {
    const std::string address = request.url.substr(0, request.url.find('?'));
    if (address != config_.base_url + expected.path)
      add(place + ".path", "expected " + config_.base_url + expected.path + ", got " + address);
    json::Array sent, documented;
    for (const auto& [name, value] : wanted.query) sent.push_back(json::Array{name, value});
    for (const auto& [name, value] : expected.query) documented.push_back(json::Array{name, value});
    add(json::differences(documented, sent, place + ".query"));
  }

  void compare_header(const http::Request& request, std::string_view name, const std::optional<std::string>& expected,
                      const std::string& place) {
    const auto sent = request.headers.find(name);
    if (!expected && sent) add(place, "the header " + std::string(name) + " must not be sent");
    if (!expected || sent == std::string_view(*expected)) return;
    add(place, "the header " + std::string(name) + " must be \"" + *expected + "\", but is " +
                   (sent ? "\"" + std::string(*sent) + "\"" : "not sent"));
  }

  void compare_headers(const http::Request& request, const FixtureRequest& expected, const std::string& key,
                       const std::string& place) {
    for (const auto& [name, value] : expected.headers)
      compare_header(request, name, value, json::member_path(place + ".headers", name));
    for (const auto& [name, value] : config_.manifest().headers)
      if (!expected.headers.contains(name)) compare_header(request, name, value, place);
    const std::string& idempotency = config_.manifest().idempotency_header;
    if (!idempotency.empty() && !expected.headers.contains(idempotency))
      compare_header(request, idempotency, key.empty() ? std::nullopt : std::optional(key), place);
  }

  // A setting as it was given, or its default.
  std::string setting(const std::string& name) const {
    if (const auto given = fixture_.settings.find_string(name)) return std::string(*given);
    return std::string(config_.script_settings.find_string(name).value_or(""));
  }

  std::string prefix() const {
    const plugin::Auth& auth = config_.manifest().auth;
    if (auth.prefix_setting.empty()) return auth.prefix;
    const auto chosen = auth.prefixes.find(setting(auth.prefix_setting));
    return chosen == auth.prefixes.end() ? "" : chosen->second;
  }

  // What the manifest's scheme must put into its header, worked out apart from the core's own way.
  std::string credentials(const http::Request& request) const {
    const plugin::Auth& auth = config_.manifest().auth;
    switch (auth.scheme) {
      case plugin::Auth::Scheme::kHeader:
        return prefix() + setting(auth.secret);
      case plugin::Auth::Scheme::kBasic:
        return "Basic " + base64_encode(setting(auth.username) + ":" + setting(auth.password));
      case plugin::Auth::Scheme::kEcdsaSecp256k1:
        // Signatures are deterministic, so signing again is as good as verifying.
        return config_.identity ? hex_encode(config_.identity->sign(request.url + request.body)) : "";
      case plugin::Auth::Scheme::kNone:
        break;
    }
    return {};
  }

  void compare_authentication(const http::Request& request, const FixtureRequest& expected, const std::string& place) {
    const plugin::Auth& auth = config_.manifest().auth;
    const bool has_scheme = auth.scheme != plugin::Auth::Scheme::kNone;
    const bool wanted = expected.authenticated.value_or(has_scheme);
    if (!has_scheme) {
      if (wanted) add(place, "is true, but the manifest's auth scheme is \"none\"");
      return;
    }
    const bool by_signature = auth.scheme == plugin::Auth::Scheme::kEcdsaSecp256k1;
    const bool basic = auth.scheme == plugin::Auth::Scheme::kBasic;
    const std::string& header = by_signature ? auth.signature_header : auth.header;
    const auto sent = request.headers.find(basic ? "Authorization" : header);
    if (sent.has_value() != wanted)
      add(place, wanted ? "the request must be authenticated, but is not" : "the request must not be authenticated");
    else if (wanted && *sent != credentials(request))
      add(place, "the request is not authenticated by the fixture's settings");
    if (by_signature && wanted && config_.identity)
      compare_header(request, auth.identity_header, config_.identity->public_key_hex(), place);
  }

  void compare_output(const json::Value& output) {
    if (fixture_.error) {
      add("$.error",
          "expected " + fixture_.error->kind + ", but the operation succeeds with " + json::write(without_raw(output)));
    } else if (fixture_.output) {
      add(json::differences(*fixture_.output, without_raw(output), "$.output"));
    } else {
      const json::Value* expected = json::at_pointer(*fixture_.exchanges.back().reply.json, *fixture_.output_is_reply);
      if (!expected) return add("$.output_is_reply", "the last reply has no such place");
      add(json::differences(as_seen(*expected), output, "$.output_is_reply"));
    }
  }

  void compare_error(const Error& error) {
    if (!fixture_.error) return add("$.output", "the operation fails: " + described(error));
    const FixtureError& expected = *fixture_.error;
    if (error_kind_name(error.kind) != expected.kind)
      return add("$.error.kind", "expected " + expected.kind + ", got " + described(error));
    const std::pair<std::string_view, const std::string*> texts[] = {{"code", &error.code},
                                                                     {"message", &error.message},
                                                                     {"field", &error.field},
                                                                     {"provider_code", &error.provider_code},
                                                                     {"request_id", &error.request_id}};
    for (const auto& [name, text] : texts) {
      const auto wanted = expected.texts.find(name);
      if (wanted != expected.texts.end() && wanted->second != *text)
        add(json::member_path("$.error", name), "expected \"" + wanted->second + "\", got \"" + *text + "\"");
    }
    if (expected.retryable && *expected.retryable != error.retryable)
      add("$.error.retryable", error.retryable ? "expected false, got true" : "expected true, got false");
    if (expected.retry_after_ms && expected.retry_after_ms != error.retry_after_ms)
      add("$.error.retry_after_ms", "expected " + std::to_string(*expected.retry_after_ms) + ", got " +
                                        (error.retry_after_ms ? std::to_string(*error.retry_after_ms) : "none"));
  }

  const Fixture& fixture_;
  const GatewayConfig& config_;
  ManualClock clock_;
  Handles handles_;
  std::int64_t last_nonce_ = -1;
  int writes_ = 0;
  bool challenged_ = false;  // the server asked for credentials
  bool stopped_ = false;
  Differences found_;
};

// The messages of checks begin with their place.
json::Difference as_difference(const Error& error) {
  const std::string prefix = error.field + ": ";
  return {error.field, error.message.starts_with(prefix) ? error.message.substr(prefix.size()) : error.message};
}

json::Difference never_given(json::Difference wrong) {
  wrong.path.replace(0, 1, "$.input");
  wrong.message = "the core never gives this: " + wrong.message;
  return wrong;
}

}  // namespace

Differences play_fixture(std::shared_ptr<const plugin::Plugin> plugin, const json::Value& document) {
  auto fixture = read_fixture(document);
  if (!fixture.ok()) return {as_difference(fixture.error())};
  const auto config = read_gateway_config(std::move(plugin), json::write(fixture->settings));
  if (!config.ok()) {
    json::Difference wrong = as_difference(config.error());
    wrong.path.replace(0, wrong.path.empty() ? 0 : 1, "$.settings");
    return {wrong};
  }
  auto input = fixture_input((*config)->manifest(), fixture->operation, std::move(fixture->input));
  if (!input.ok()) return {never_given(as_difference(input.error()))};
  fixture->input = *std::move(input);
  return Player(*fixture, **config).play();
}

}  // namespace till
