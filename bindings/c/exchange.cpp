// till_exchange: one operation stepped by a host that sends the requests itself.

#include "core/runtime/exchange.h"

#include <iterator>
#include <utility>

#include "bindings/c/handles.h"
#include "core/json/json.h"

using till::Error;
using till::ErrorKind;
using till::invalid_request;
using till::Result;
using till::Status;
using till::c::guarded;
using till::c::make_reply;
using till::c::required;
namespace http = till::http;
namespace json = till::json;

namespace {

const http::Request* request_of(const till_exchange* exchange) {
  return exchange == nullptr ? nullptr : exchange->exchange->request();
}

// The request must be waiting for its answer.
Status require_pending(const till_exchange* exchange) {
  TILL_TRY(required(exchange, "exchange"));
  if (request_of(exchange) != nullptr) return {};
  return Error{.kind = ErrorKind::kInvalidRequest,
               .code = "done",
               .message = "the exchange has ended: there is no request that could be answered"};
}

Status header_error(std::string field) {
  return invalid_request(std::move(field), "headers are [[\"Name\", \"value\"], ...] or {\"Name\": \"value\"}");
}

Status add_pairs(const json::Array& pairs, http::Headers& headers) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const json::Array* pair = pairs[i].array();
    const bool two_texts = pair != nullptr && pair->size() == 2 && (*pair)[0].string() && (*pair)[1].string();
    if (!two_texts) return header_error("$.headers[" + std::to_string(i) + "]");
    headers.add(*(*pair)[0].string(), *(*pair)[1].string());
  }
  return {};
}

Status add_members(const json::Object& members, http::Headers& headers) {
  for (const auto& [name, value] : members) {
    if (value.string() == nullptr) return header_error("$.headers." + name);
    headers.add(name, *value.string());
  }
  return {};
}

Result<http::Headers> parse_headers(const char* headers_json) {
  http::Headers headers;
  if (headers_json == nullptr) return headers;
  TILL_ASSIGN(const auto value, json::parse(headers_json));
  if (value.array() != nullptr) {
    TILL_TRY(add_pairs(*value.array(), headers));
  } else if (value.object() != nullptr) {
    TILL_TRY(add_members(*value.object(), headers));
  } else {
    TILL_TRY(header_error("$.headers"));
  }
  return headers;
}

}  // namespace

int till_exchange_done(const till_exchange* exchange) { return request_of(exchange) == nullptr ? 1 : 0; }

const char* till_exchange_method(const till_exchange* exchange) {
  const auto* request = request_of(exchange);
  return request == nullptr ? nullptr : request->method.c_str();
}

const char* till_exchange_url(const till_exchange* exchange) {
  const auto* request = request_of(exchange);
  return request == nullptr ? nullptr : request->url.c_str();
}

int till_exchange_header(const till_exchange* exchange, size_t index, const char** name, const char** value) {
  if (name != nullptr) *name = nullptr;
  if (value != nullptr) *value = nullptr;
  const auto* request = request_of(exchange);
  if (request == nullptr || name == nullptr || value == nullptr || index >= request->headers.size()) return 0;
  const auto field = std::next(request->headers.begin(), static_cast<std::ptrdiff_t>(index));
  *name = field->first.c_str();
  *value = field->second.c_str();
  return 1;
}

const char* till_exchange_body(const till_exchange* exchange, size_t* size) {
  const auto* request = request_of(exchange);
  if (size != nullptr) *size = request == nullptr ? 0 : request->body.size();
  return request == nullptr ? nullptr : request->body.c_str();
}

int64_t till_exchange_wait_ms(const till_exchange* exchange) {
  return exchange == nullptr ? 0 : exchange->exchange->wait_ms();
}

int64_t till_exchange_timeout_ms(const till_exchange* exchange) {
  return request_of(exchange) == nullptr ? 0 : exchange->exchange->timeout_ms();
}

till_status till_exchange_reply(till_exchange* exchange, int http_status, const char* headers_json, const char* body,
                                size_t body_size, till_error** error) {
  return guarded(error, [&]() -> Status {
    TILL_TRY(require_pending(exchange));
    TILL_ASSIGN(auto headers, parse_headers(headers_json));
    return exchange->exchange->reply({http_status, std::move(headers), std::string(till::c::text_of(body, body_size))});
  });
}

till_status till_exchange_fail(till_exchange* exchange, till_sent sent, const char* message, till_error** error) {
  return guarded(error, [&]() -> Status {
    TILL_TRY(require_pending(exchange));
    if (sent != TILL_SENT_NO && sent != TILL_SENT_MAYBE && sent != TILL_SENT_YES) {
      return invalid_request("$.sent", "sent is TILL_SENT_NO, TILL_SENT_MAYBE or TILL_SENT_YES");
    }
    exchange->exchange->fail(static_cast<till::Sent>(sent),
                             message == nullptr ? "the host got no answer to its request" : message);
    return {};
  });
}

till_status till_exchange_result(const till_exchange* exchange, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(exchange, "exchange"));
    TILL_TRY(required(out, "out"));
    if (request_of(exchange) != nullptr) {
      return Error{.kind = ErrorKind::kInvalidRequest,
                   .code = "not_done",
                   .message = "the exchange still has a request to send"};
    }
    const auto& result = exchange->exchange->result();
    if (!result.ok()) return result.error();
    *out = make_reply(result.value());
    return {};
  });
}

void till_exchange_free(till_exchange* exchange) { delete exchange; }
