// Reading: one request seen through one scheme: its signatures, and the values at the scheme's places. Inside the room
// only.
#pragma once

#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/webhook/bounded.h"
#include "core/webhook/form.h"
#include "core/webhook/request.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

// One signature that the request offers, as text.
struct Candidate {
  std::string_view text;
  std::string_view key_id;  // empty: it names none
};

// Borrows the scheme and the request. Every error is a refusal (see reason.h), but kInvalidRequest when the caller left
// out the URL or the method that the scheme needs.
class Reading {
 public:
  Reading(const Scheme& scheme, const Request& request) : scheme_(scheme), request_(request) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // Finds the signatures and the fields beside them. First of all.
  Status read_carrier();
  std::span<const Candidate> candidates() const { return candidates_.view(); }
  // The JWS header as it was sent; empty when the format has none.
  std::string_view jws_header() const { return jws_header_; }

  // The value at the source; nullopt when it is absent. Lives as long as this object and the request.
  Result<std::optional<std::string_view>> find(const Source& source);
  // As find(), and absent is a refusal.
  Result<std::string_view> require(const Source& source);
  Result<std::optional<std::string_view>> find_header(std::string_view name) const;
  Result<std::string_view> url() const;
  Result<std::string_view> method() const;
  // The body's JSON; the body's form.
  Result<const json::Value*> body_json();
  Result<const FormFields*> body_form();
  // Keeps a text that was made for as long as this object lives.
  std::string_view keep(std::string text);

  const Request& request() const { return request_; }
  const Scheme& scheme() const { return scheme_; }

 private:
  struct Field {
    std::string_view name, value;
  };
  Status read_versions(std::string_view value);
  Status read_pairs(std::string_view value);
  Status read_list(std::string_view value);
  Status read_keyed(std::string_view value);
  Status read_jws(std::string_view value);
  Status check_jws_header();
  Status add_candidate(std::string_view text, std::string_view key_id = {});
  Result<std::optional<std::string_view>> find_json(const json::Value& value, const std::string& pointer);
  Result<std::optional<std::string_view>> find_query(std::string_view name);
  Result<std::optional<std::string_view>> find_field(std::string_view name) const;

  const Scheme& scheme_;
  const Request& request_;
  Bounded<Candidate, kMaxSignatureParts> candidates_;
  Bounded<Field, kMaxSignatureParts> fields_;
  std::string_view jws_header_;
  std::optional<json::Value> jws_, body_json_;
  std::optional<FormFields> body_form_, query_;
  std::list<std::string> kept_;
};

// The name that a JWS gives the scheme's algorithm (RFC 7518).
std::string_view jws_name(Algorithm algorithm);

// What a source is called in a message: "the header webhook-id".
std::string describe(const Source& source);

}  // namespace till::webhook
