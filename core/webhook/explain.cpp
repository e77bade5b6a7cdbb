// Explaining a verdict: the verifier's steps once more, with what each of them saw.
#include "core/webhook/explain.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/base/time.h"
#include "core/crypto/digest.h"
#include "core/webhook/comparison.h"
#include "core/webhook/freshness.h"
#include "core/webhook/reading.h"
#include "core/webhook/reason.h"
#include "core/webhook/signed_parts.h"

namespace till::webhook {
namespace {

constexpr std::size_t kMaxShown = 80;
constexpr std::size_t kShownOfSignature = 12;

json::Value count_of(std::size_t count) { return json::Value::integer(static_cast<std::int64_t>(count)); }

// Text from outside, short, and with what is no printable ASCII as "?".
std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxShown));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > kMaxShown) out += "...";
  return out;
}

std::string_view word_of(Piece::Kind kind) {
  switch (kind) {
    case Piece::Kind::kText:
      return "text";
    case Piece::Kind::kBody:
      return "body";
    case Piece::Kind::kUrl:
      return "url";
    case Piece::Kind::kMethod:
      return "method";
    case Piece::Kind::kPath:
      return "path";
    case Piece::Kind::kSortedForm:
      return "sorted form";
    case Piece::Kind::kSortedJson:
      return "sorted JSON";
    case Piece::Kind::kBodyCrc32:
      return "CRC-32 of the body";
    case Piece::Kind::kListedHeaders:
      return "listed headers";
    case Piece::Kind::kSecret:
      return "secret";
    default:
      return "value";
  }
}

// Bodies are told by their size and digest: they hold what customers wrote.
bool is_shown(Piece::Kind kind) {
  return kind != Piece::Kind::kBody && kind != Piece::Kind::kSortedForm && kind != Piece::Kind::kSortedJson &&
         kind != Piece::Kind::kSecret;
}

json::Value explain_piece(std::string_view bytes, const Piece* piece) {
  json::Object out;
  const bool is_source = piece && piece->kind == Piece::Kind::kSource;
  out.set("piece", is_source ? describe(piece->source) : std::string(piece ? word_of(piece->kind) : "JWS"));
  if (piece && piece->kind == Piece::Kind::kSecret) return out;
  out.set("bytes", count_of(bytes.size()));
  if (piece && is_shown(piece->kind))
    out.set("text", printable(bytes));
  else
    out.set("sha256", hex_encode(byte_view(sha256(bytes))));
  return out;
}

json::Value explain_signed(const SignedParts& parts) {
  json::Array pieces;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < parts.pieces.size(); ++i) {
    pieces.push_back(explain_piece(parts.pieces.view()[i], parts.made_from.view()[i]));
    bytes += parts.pieces.view()[i].size();
  }
  return json::Object{{"bytes", count_of(bytes)}, {"pieces", std::move(pieces)}};
}

bool is_signature(const Scheme& scheme, const Key& key, SignedParts& parts, const Decoded& candidate) {
  DecodedList alone;
  alone.push(candidate);
  return signed_by(scheme, key, parts, alone);
}

json::Value explain_candidates(const Verifier& verifier, const Reading& reading, SignedParts& parts) {
  json::Array out;
  DecodedList decoded;
  decode_candidates(reading, decoded);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const Decoded& candidate = decoded.view()[i];
    json::Array matches;
    for (const Key& key : verifier.keys()) matches.push_back(is_signature(verifier.scheme(), key, parts, candidate));
    json::Object shown{{"text", printable(reading.candidates()[i].text.substr(0, kShownOfSignature)) + "..."},
                       {"readable", candidate.readable},
                       {"bytes", count_of(candidate.bytes.size())},
                       {"matches", std::move(matches)}};
    if (!candidate.key_id.empty()) shown.set("key_id", printable(candidate.key_id));
    out.push_back(std::move(shown));
  }
  return out;
}

json::Value explain_keys(const Verifier& verifier, UnixMillis received_at) {
  json::Array out;
  for (const Key& key : verifier.keys())
    out.push_back(json::Object{{"id", key.id()}, {"in_force", key.in_force(received_at)}});
  return out;
}

json::Value explain_clock(Reading& reading, UnixMillis received_at) {
  const Freshness& freshness = *reading.scheme().freshness;
  json::Object out{{"received_at", format_iso_time(received_at)},
                   {"past_ms", json::Value::integer(freshness.past_ms)},
                   {"future_ms", json::Value::integer(freshness.future_ms)}};
  const auto text = reading.find(freshness.source);
  if (!text.ok() || !*text) return out;
  out.set("text", printable(**text));
  const auto signed_at = read_time(**text, freshness.unit);
  if (!signed_at) return out;
  out.set("signed_at", format_iso_time(*signed_at));
  out.set("difference_ms", json::Value::integer(received_at - *signed_at));
  return out;
}

// Which small change to the body would make the signature good: what frameworks are known to do to bodies.
json::Array body_hints(const Verifier& verifier, const Request& request, UnixMillis received_at) {
  json::Array out;
  const auto would_verify = [&](const std::string& body) {
    Request changed = request;
    changed.body = body;
    return verifier.verify(changed, received_at).ok();
  };
  const std::string body(request.body);
  if (body.ends_with('\n') && would_verify(body.substr(0, body.size() - 1)))
    out.push_back("The body has a newline at its end that was not signed: read it as bytes, without one being added.");
  if (would_verify(body + "\n")) out.push_back("The newline at the end of the body was signed and is missing.");
  std::string bare;
  std::remove_copy(body.begin(), body.end(), std::back_inserter(bare), '\r');
  if (bare != body && would_verify(bare)) out.push_back("The body's line ends were changed from LF to CRLF.");
  return out;
}

void add_verdict(const Result<Verified>& verdict, json::Object& out) {
  out.set("accepted", verdict.ok());
  if (verdict.ok()) return;
  out.set("reason", verdict.error().reason);
  out.set("message", verdict.error().message);
}

}  // namespace

json::Value explain(const Verifier& verifier, const Request& request, UnixMillis received_at) {
  received_at = std::clamp(received_at, kMinTime, kMaxTime);
  const Scheme& scheme = verifier.scheme();
  const auto verdict = verifier.verify(request, received_at);
  json::Object out{{"scheme", scheme.name}};
  add_verdict(verdict, out);
  out.set("keys", explain_keys(verifier, received_at));
  Reading reading(scheme, request);
  if (scheme.method != Scheme::Method::kSignature || !reading.read_carrier().ok()) return out;
  out.set("algorithm", algorithm_name(scheme.algorithm));
  if (scheme.freshness) out.set("clock", explain_clock(reading, received_at));
  SignedParts parts;
  if (!fill_signed_parts(reading, parts).ok()) return out;
  out.set("signed", explain_signed(parts));
  out.set("candidates", explain_candidates(verifier, reading, parts));
  if (!verdict.ok() && verdict.error().reason == reason_name(Reason::kMismatch))
    out.set("hints", body_hints(verifier, request, received_at));
  return out;
}

}  // namespace till::webhook
