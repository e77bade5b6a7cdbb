// The last step before a request leaves. Only here do secrets meet text.
#include "core/runtime/outgoing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/limits.h"

namespace till {
namespace {

constexpr std::string_view kSecretBegin = "{secret.";

Result<std::string> fill_path_secrets(std::string_view path, const GatewayConfig& config) {
  const auto& allowed = config.manifest().path_secrets;
  std::string out;
  for (std::size_t begin = path.find(kSecretBegin); begin != std::string_view::npos; begin = path.find(kSecretBegin)) {
    const std::size_t end = path.find('}', begin);
    if (end == std::string_view::npos) return plugin_error("handle", "a {secret.NAME} in a path is not closed");
    const std::string name(path.substr(begin + kSecretBegin.size(), end - begin - kSecretBegin.size()));
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      return plugin_error("handle", "the manifest's path_secrets do not allow `" + name + "` in a path");
    const Secret* secret = config.secret(name);
    if (!secret) return configuration_error("$." + name, "this operation needs the setting `" + name + "`");
    out.append(path.substr(0, begin)).append(percent_encode(secret->reveal()));
    path.remove_prefix(end + 1);
  }
  return out.append(path);
}

// Addresses and headers end up in logs that are not ours.
Status check_no_handle(std::string_view name, std::string_view value) {
  if (!plugin::find_handle(name) && !plugin::find_handle(value)) return {};
  return plugin_error("handle", "a card number or secret may stand in a path or a body, not in a query or a header");
}

Result<std::string> outgoing_url(const plugin::ScriptRequest& wanted, const GatewayConfig& config,
                                 const Handles& handles) {
  TILL_ASSIGN(std::string path, fill_path_secrets(wanted.path, config));
  TILL_ASSIGN(path, handles.fill(path, Handles::Place::kPath));
  if (!path.starts_with('/') || path.starts_with("//"))
    return plugin_error("path", "a request's path begins with one \"/\"");
  std::string url = config.base_url + path;
  char separator = '?';
  for (const auto& [name, value] : wanted.query) {
    TILL_TRY(check_no_handle(name, value));
    url += separator + percent_encode(name) + '=' + percent_encode(value);
    separator = '&';
  }
  return url;
}

Result<std::string> required_secret(const GatewayConfig& config, const std::string& setting) {
  const Secret* secret = config.secret(setting);
  if (!secret) return configuration_error("$." + setting, "this operation needs the setting `" + setting + "`");
  return std::string(secret->reveal());
}

// A username may be a plain setting.
Result<std::string> credential(const GatewayConfig& config, const std::string& setting) {
  if (const auto plain = config.script_settings.find_string(setting)) return std::string(*plain);
  return required_secret(config, setting);
}

Status sign(const GatewayConfig& config, http::Request& request) {
  const plugin::Auth& auth = config.manifest().auth;
  if (!config.identity)
    return configuration_error("$." + auth.secret,
                               "this operation is signed and needs the setting `" + auth.secret + "`");
  request.headers.add(auth.identity_header, config.identity->public_key_hex());
  request.headers.add(auth.signature_header, hex_encode(config.identity->sign(request.url + request.body)));
  return {};
}

std::string_view header_prefix(const GatewayConfig& config) {
  const plugin::Auth& auth = config.manifest().auth;
  if (auth.prefix_setting.empty()) return auth.prefix;
  const auto chosen = auth.prefixes.find(config.script_settings.find_string(auth.prefix_setting).value_or(""));
  return chosen == auth.prefixes.end() ? std::string_view() : std::string_view(chosen->second);
}

Status authenticate(const GatewayConfig& config, http::Request& request) {
  const plugin::Auth& auth = config.manifest().auth;
  switch (auth.scheme) {
    case plugin::Auth::Scheme::kNone:
      return {};
    case plugin::Auth::Scheme::kHeader: {
      TILL_ASSIGN(const std::string key, required_secret(config, auth.secret));
      request.headers.add(auth.header, std::string(header_prefix(config)) + key);
      return {};
    }
    case plugin::Auth::Scheme::kBasic: {
      TILL_ASSIGN(const std::string username, credential(config, auth.username));
      TILL_ASSIGN(const std::string password, credential(config, auth.password));
      request.headers.add("Authorization", "Basic " + base64_encode(username + ":" + password));
      return {};
    }
    case plugin::Auth::Scheme::kEcdsaSecp256k1:
      return sign(config, request);
  }
  return {};
}

}  // namespace

Result<http::Request> outgoing_request(const plugin::ScriptRequest& wanted, const GatewayConfig& config,
                                       const Handles& handles, std::string_view idempotency_key, bool authenticate_it) {
  http::Request request;
  request.method = wanted.method;
  TILL_ASSIGN(request.url, outgoing_url(wanted, config, handles));
  TILL_ASSIGN(request.body, handles.fill(wanted.body, Handles::Place::kBody));
  request.headers.add("Accept", "application/json");
  for (const auto& [name, value] : config.manifest().headers) request.headers.set(name, value);
  for (const auto& [name, value] : wanted.headers) {
    TILL_TRY(check_no_handle(name, value));
    request.headers.set(name, value);
  }
  if (!wanted.content_type.empty()) request.headers.set("Content-Type", wanted.content_type);
  if (wanted.idempotent && !idempotency_key.empty() && !config.manifest().idempotency_header.empty())
    request.headers.add(config.manifest().idempotency_header, std::string(idempotency_key));
  if (authenticate_it && wanted.authenticate) TILL_TRY(authenticate(config, request));
  TILL_TRY(http::check_request(request));
  return request;
}

// A secret of the settings stands in the path by its name still, and whatever else is secret as a handle.
std::string shown_url(const plugin::ScriptRequest& wanted, const GatewayConfig& config) {
  std::string path = wanted.path;
  while (const auto handle = plugin::find_handle(path)) path.replace(handle->begin, handle->size, "[secret]");
  return config.redact(config.base_url + path);
}

}  // namespace till
