// What comes out of a call: replies and errors; and what the library says of itself.

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

#include "bindings/c/handles.h"
#include "core/runtime/error_json.h"

static_assert(TILL_INTERNAL == static_cast<int>(till::ErrorKind::kInternal));
static_assert(TILL_CONFIGURATION == static_cast<int>(till::ErrorKind::kConfiguration));
static_assert(TILL_INVALID_REQUEST == static_cast<int>(till::ErrorKind::kInvalidRequest));
static_assert(TILL_UNSUPPORTED == static_cast<int>(till::ErrorKind::kUnsupported));
static_assert(TILL_AUTHENTICATION == static_cast<int>(till::ErrorKind::kAuthentication));
static_assert(TILL_PERMISSION_DENIED == static_cast<int>(till::ErrorKind::kPermissionDenied));
static_assert(TILL_NOT_FOUND == static_cast<int>(till::ErrorKind::kNotFound));
static_assert(TILL_CONFLICT == static_cast<int>(till::ErrorKind::kConflict));
static_assert(TILL_RATE_LIMITED == static_cast<int>(till::ErrorKind::kRateLimited));
static_assert(TILL_BLOCKED == static_cast<int>(till::ErrorKind::kBlocked));
static_assert(TILL_PROVIDER == static_cast<int>(till::ErrorKind::kProvider));
static_assert(TILL_TRANSPORT == static_cast<int>(till::ErrorKind::kTransport));
static_assert(TILL_OUTCOME_UNKNOWN == static_cast<int>(till::ErrorKind::kOutcomeUnknown));
static_assert(TILL_WEBHOOK_REJECTED == static_cast<int>(till::ErrorKind::kWebhookRejected));
static_assert(TILL_PLUGIN == static_cast<int>(till::ErrorKind::kPlugin));
static_assert(TILL_SENT_NO == static_cast<int>(till::Sent::kNo));
static_assert(TILL_SENT_MAYBE == static_cast<int>(till::Sent::kMaybe));
static_assert(TILL_SENT_YES == static_cast<int>(till::Sent::kYes));

till_reply::~till_reply() { OPENSSL_cleanse(json.data(), json.size()); }

namespace till::c {

till_error* make_error(const Error& error) {
  return new till_error{static_cast<till_status>(error.kind), error.message, error_json(error)};
}

till_reply* make_reply(std::string json) { return new till_reply{std::move(json)}; }

Status required(const void* argument, const char* name) {
  if (argument != nullptr) return {};
  return Error{.kind = ErrorKind::kInvalidRequest,
               .code = "null_argument",
               .message = std::string("the argument `") + name + "` must not be NULL"};
}

std::string_view text_of(const char* text, size_t size) {
  if (text == nullptr) return {};
  return {text, size == TILL_NUL_TERMINATED ? std::strlen(text) : size};
}

std::string_view input_of(const char* input_json, size_t input_size) {
  return input_json == nullptr ? std::string_view("{}") : text_of(input_json, input_size);
}

}  // namespace till::c

const char* till_version(void) { return TILL_VERSION; }

int till_abi_version(void) { return TILL_ABI_VERSION; }

const char* till_status_name(int status) {
  if (status == TILL_OK) return "Ok";
  if (status < TILL_INTERNAL || status > TILL_PLUGIN) return "Unknown";
  return till::error_kind_name(static_cast<till::ErrorKind>(status)).data();
}

const char* till_reply_json(const till_reply* reply, size_t* size) {
  if (size != nullptr) *size = reply == nullptr ? 0 : reply->json.size();
  return reply == nullptr ? nullptr : reply->json.c_str();
}

void till_reply_free(till_reply* reply) { delete reply; }

till_status till_error_status(const till_error* error) { return error == nullptr ? TILL_OK : error->status; }

const char* till_error_message(const till_error* error) { return error == nullptr ? "" : error->message.c_str(); }

const char* till_error_json(const till_error* error, size_t* size) {
  if (size != nullptr) *size = error == nullptr ? 0 : error->json.size();
  return error == nullptr ? nullptr : error->json.c_str();
}

void till_error_free(till_error* error) { delete error; }
