// till_key: the keys of merchants that providers know by a key.

#include <string>
#include <utility>

#include "bindings/c/handles.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/secret.h"
#include "core/crypto/sin.h"

using till::invalid_request;
using till::Result;
using till::Secret;
using till::SigningKey;
using till::Status;
using till::c::guarded;
using till::c::make_reply;
using till::c::required;

namespace {

// `"public_key":"...","sin":"..."}`; the end of both replies.
Result<std::string> public_members(const SigningKey& key) {
  TILL_ASSIGN(const auto sin, till::sin_of(key.public_key()));
  return "\"public_key\":\"" + key.public_key_hex() + "\",\"sin\":\"" + sin + "\"}";
}

}  // namespace

till_status till_key_generate(till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(out, "out"));
    const SigningKey key = SigningKey::generate();
    TILL_ASSIGN(const auto members, public_members(key));
    const Secret private_key = key.hex();
    std::string json;
    json.reserve(256);  // never moved while it grows: no copy of the private key stays behind
    json.append("{\"private_key\":\"").append(private_key.reveal()).append("\",").append(members);
    *out = make_reply(std::move(json));
    return {};
  });
}

till_status till_key_public(const char* private_key, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(private_key, "private_key"));
    TILL_TRY(required(out, "out"));
    const auto key = SigningKey::from_hex(Secret(private_key));
    if (!key.ok()) return invalid_request("$.private_key", key.error().message);
    TILL_ASSIGN(auto members, public_members(key.value()));
    *out = make_reply("{" + std::move(members));
    return {};
  });
}
