#include "core/service/config_secrets.h"

#include <cstdlib>
#include <fstream>
#include <utility>

#include "core/base/file.h"
#include "core/json/path.h"
#include "core/service/config.h"

namespace till::service {
namespace {

Result<std::string> from_environment(const std::string& name, const std::string& place) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
  if (value == nullptr || *value == '\0')
    return configuration_error(place, "the environment variable " + name + " is not set");
  return std::string(value);
}

Result<std::string> from_file(const std::string& path, const std::string& place) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSecretFileBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto size = file.gcount();
  if (!file.is_open() || (size == 0 && !file.eof())) {
    const std::string why = why_unreadable(path);
    return configuration_error(place, "cannot read " + path + (why.empty() ? "" : ": " + why));
  }
  text.resize(static_cast<std::size_t>(size));
  if (text.size() > kMaxSecretFileBytes) return configuration_error(place, path + " is larger than 64 KiB");
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return configuration_error(place, path + " is empty");
  return text;
}

// Whether the value says where a secret is: an object with nothing but "env" or "file".
const json::Object::Member* reference_in(const json::Value& value) {
  const json::Object* const object = value.object();
  if (object == nullptr || object->size() != 1) return nullptr;
  const json::Object::Member& only = *object->begin();
  return (only.first == "env" || only.first == "file") && only.second.string() ? &only : nullptr;
}

Result<std::string> follow(const json::Object::Member& reference, const std::string& place) {
  const std::string& name = *reference.second.string();
  return reference.first == "env" ? from_environment(name, place) : from_file(name, place);
}

}  // namespace

Result<Secret> read_secret(const json::Value& value, const std::string& place) {
  if (value.string()) return Secret(*value.string());
  const auto* const reference = reference_in(value);
  if (reference == nullptr) return configuration_error(place, "expected " + std::string(kSecretShapes));
  TILL_ASSIGN(std::string text, follow(*reference, place));
  Secret secret(text);
  wipe(text);
  return secret;
}

Result<json::Value> with_secrets(const json::Value& value, const std::string& place) {
  if (const auto* const reference = reference_in(value)) {
    TILL_ASSIGN(std::string text, follow(*reference, place));
    return json::Value(std::move(text));
  }
  if (value.object()) {
    json::Object out;
    for (const auto& [key, member] : *value.object()) {
      TILL_ASSIGN(json::Value filled, with_secrets(member, json::member_path(place, key)));
      out.append(key, std::move(filled));
    }
    return json::Value(std::move(out));
  }
  if (value.array()) {
    json::Array out;
    for (std::size_t i = 0; i < value.array()->size(); ++i) {
      TILL_ASSIGN(json::Value filled, with_secrets((*value.array())[i], json::element_path(place, i)));
      out.push_back(std::move(filled));
    }
    return json::Value(std::move(out));
  }
  return value;
}

}  // namespace till::service
