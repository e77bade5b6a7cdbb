// The order of the steps: the key, the values beside the body, the bytes, the signature in its place.
#include "core/webhook/signer.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/base/id.h"
#include "core/base/time.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/private_key.h"
#include "core/webhook/carrier_writer.h"
#include "core/webhook/comparison.h"
#include "core/webhook/reading.h"
#include "core/webhook/signed_parts.h"

namespace till::webhook {
namespace {

constexpr std::string_view kPlaceholder = "00";

// A private key of Standard Webhooks; nullopt when the text is no such key.
std::optional<Result<PrivateKey>> read_whsk(std::string_view text) {
  constexpr std::string_view kPrefix = "whsk_";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  auto bytes = base64_decode(text.substr(kPrefix.size()));
  if (!bytes.ok() || (bytes->size() != kEd25519KeyBytes && bytes->size() != 2 * kEd25519KeyBytes))
    return configuration_error("", "the private key is not base64 of 32 or 64 bytes after its prefix");
  auto key = PrivateKey::from_ed25519(std::string_view(*bytes).substr(0, kEd25519KeyBytes));
  wipe(*bytes);
  return key;
}

Result<PrivateKey> read_private_key(const Scheme& scheme, const SecretText& secret) {
  if (secret.text.empty()) return configuration_error("$.secret", "the secret is empty");
  auto whsk = scheme.key == KeyForm::kWhsec ? read_whsk(secret.text.reveal()) : std::nullopt;
  auto key = whsk ? *std::move(whsk) : PrivateKey::from_pem(secret.text);
  if (!key.ok()) return configuration_error("$.secret", std::move(key).error().message);
  return key;
}

std::string encoded(Encoding encoding, std::string_view bytes) {
  switch (encoding) {
    case Encoding::kHex:
      return hex_encode(bytes);
    case Encoding::kBase64:
      return base64_encode(bytes);
    case Encoding::kBase64Url:
      return base64url_encode(bytes);
  }
  return {};
}

std::string time_text(UnixMillis time, Freshness::Unit unit) {
  if (unit == Freshness::Unit::kRfc3339) return format_iso_time(time);
  return std::to_string(unit == Freshness::Unit::kSeconds ? time / 1000 : time);
}

bool contains(const std::vector<Piece>& pieces, std::initializer_list<Piece::Kind> kinds) {
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
    return std::find(kinds.begin(), kinds.end(), piece.kind) != kinds.end();
  });
}

Status check_signable(const Scheme& scheme) {
  const Source::Kind place = scheme.carrier.source.kind;
  const bool in_body = place == Source::Kind::kJson || place == Source::Kind::kForm;
  if ((in_body && contains(scheme.signed_, {Piece::Kind::kBody, Piece::Kind::kSortedForm, Piece::Kind::kSortedJson,
                                            Piece::Kind::kBodyCrc32})) ||
      (place == Source::Kind::kQuery && contains(scheme.signed_, {Piece::Kind::kUrl})))
    return invalid_request("$.scheme", "the signature would be part of what it signs");
  return {};
}

// One draft on its way to be signed.
class Signing {
 public:
  Signing(const Scheme& scheme, std::string key_id, Draft draft, const SignOptions& options, const Clock& clock)
      : scheme_(scheme), key_id_(std::move(key_id)), draft_(std::move(draft)), options_(options), clock_(clock) {
    for (const auto& [name, value] : draft_.headers) given_.push_back(name);
  }

  // Makes the request with the signature that `make` gives for the signed parts, as bytes.
  template <class Make>
  Result<Draft> run(Make make) {
    TILL_ASSIGN(CarrierWriter writer, CarrierWriter::create(scheme_, key_id_, draft_));
    writer_ = &writer;
    TILL_TRY(fill_all());
    TILL_TRY(writer.write(kPlaceholder, draft_));
    std::string signature;
    TILL_TRY(with_parts([&](SignedParts& parts) -> Status {
      TILL_ASSIGN(signature, make(parts));
      return {};
    }));
    if (!options_.valid) signature.front() = static_cast<char>(signature.front() ^ 1);
    TILL_TRY(writer.write(encoded(scheme_.encoding, signature), draft_));
    return std::move(draft_);
  }

  // The same for a token, which signs nothing.
  Result<Draft> show(std::string token) {
    TILL_ASSIGN(const CarrierWriter writer, CarrierWriter::create(scheme_, key_id_, draft_));
    if (!options_.valid) token.front() = static_cast<char>(token.front() ^ 1);
    const Status written = writer.write(token, draft_);
    wipe(token);
    TILL_TRY(written);
    return std::move(draft_);
  }

 private:
  template <class Use>
  Status with_parts(Use use) {
    const std::vector<Header> headers(draft_.headers.begin(), draft_.headers.end());
    const Request request{.headers = headers, .body = draft_.body, .url = draft_.url, .method = draft_.method};
    Reading reading(scheme_, request);
    SignedParts parts;
    Status filled = reading.read_carrier();
    if (filled.ok()) filled = fill_signed_parts(reading, parts);
    if (filled.ok()) return use(parts);
    Error error = std::move(filled).error();
    return error.kind == ErrorKind::kWebhookRejected ? invalid_request("$", std::move(error.message)) : error;
  }

  Status fill_all() {
    if (options_.signed_at && !scheme_.freshness)
      return invalid_request("$.at", "this scheme has no time that it judges: write it where the sender has it");
    if (scheme_.freshness) TILL_TRY(fill(scheme_.freshness->source));
    if (!scheme_.carrier.key_id.name.empty()) TILL_TRY(fill(scheme_.carrier.key_id));
    if (scheme_.carrier.format == Carrier::Format::kKeyed && key_id_.empty()) return no_key_id();
    if (scheme_.dedupe == Scheme::Dedupe::kSource && in_request(scheme_.dedupe_source))
      TILL_TRY(fill(scheme_.dedupe_source));
    else if (options_.id)
      return invalid_request("$.id", "this scheme has no place for an id beside the body");
    for (const Piece& piece : scheme_.signed_)
      if ((piece.kind == Piece::Kind::kSource && !piece.optional) || piece.kind == Piece::Kind::kListedHeaders)
        TILL_TRY(fill(piece.source));
    return {};
  }

  // Whether the value stands in the headers, and not in what the caller alone writes: the body and the URL.
  static bool in_request(const Source& source) {
    return source.kind == Source::Kind::kHeader || source.kind == Source::Kind::kField ||
           source.kind == Source::Kind::kJwsMember;
  }

  bool is_time(const Source& source) const { return scheme_.freshness && source == scheme_.freshness->source; }

  Status fill(const Source& source) {
    if (!in_request(source)) {
      if (is_time(source) && options_.signed_at)
        return invalid_request("$.at", "the time of this scheme is " + describe(source) + ": write it there");
      return {};
    }
    const bool is_header = source.kind == Source::Kind::kHeader;
    std::string* header = is_header ? find_header(draft_, source.name) : nullptr;
    if ((is_header ? header != nullptr : writer_->find(source).has_value()) && !(is_time(source) && options_.signed_at))
      return {};
    TILL_ASSIGN(std::string value, value_of(source));
    if (header)
      *header = std::move(value);
    else if (is_header)
      draft_.headers.emplace_back(source.name, std::move(value));
    else
      writer_->set(source, std::move(value));
    return {};
  }

  Result<std::string> value_of(const Source& source) const {
    if (is_time(source)) {
      const UnixMillis time = options_.signed_at.value_or(clock_.now_ms());
      if (time < 0 || time > kMaxTime) return invalid_request("$.at", "must be a time from 1970 to 9999");
      return time_text(time, scheme_.freshness->unit);
    }
    if (source == scheme_.carrier.key_id) return key_id_.empty() ? no_key_id() : Result<std::string>(key_id_);
    if (scheme_.dedupe == Scheme::Dedupe::kSource && source == scheme_.dedupe_source)
      return options_.id ? *options_.id : new_id("msg_", clock_);
    for (const Piece& piece : scheme_.signed_)
      if (piece.kind == Piece::Kind::kListedHeaders && piece.source == source) return names_of(piece);
    return invalid_request("$.headers", "this scheme signs " + describe(source) + ", and only the sender knows what " +
                                            "stands there: give " + example_of(source));
  }

  static Error no_key_id() {
    return configuration_error("$.secret", "this scheme names the key: give the secret with its `id`");
  }

  // All headers that the caller gave, as the signature lists them.
  Result<std::string> names_of(const Piece& piece) const {
    std::string out;
    for (const std::string& name : given_) {
      if (same_word(name, scheme_.carrier.source.name)) continue;
      if (!out.empty()) out += piece.separator;
      out.append(name);
    }
    if (out.empty() && piece.source.kind == Source::Kind::kField)
      return invalid_request("$.headers", "this scheme signs the headers that it lists: give at least one");
    return out;
  }

  std::string example_of(const Source& source) const {
    const bool is_header = source.kind == Source::Kind::kHeader;
    if (is_header) return "the header `" + source.name + "`";
    return "the header `" + scheme_.carrier.source.name + "` as `" + source.name + scheme_.carrier.assign + "...`";
  }

  const Scheme& scheme_;
  const std::string key_id_;
  Draft draft_;
  const SignOptions& options_;
  const Clock& clock_;
  std::vector<std::string> given_;
  CarrierWriter* writer_ = nullptr;
};

Result<Draft> sign_shared(Signing signing, const Scheme& scheme, SecretText secret) {
  TILL_ASSIGN(const Key key, Key::create(scheme, std::move(secret), "$.secret"));
  if (scheme.method == Scheme::Method::kToken) return signing.show(std::string(key.reveal()));
  return signing.run([&](SignedParts& parts) { return Result(shared_signature(scheme, key, parts)); });
}

Result<Draft> sign_private(Signing signing, const Scheme& scheme, const SecretText& secret) {
  TILL_ASSIGN(const PrivateKey key, read_private_key(scheme, secret));
  return signing.run([&](const SignedParts& parts) -> Result<std::string> {
    auto signature = key.sign(signature_algorithm(scheme.algorithm), joined(parts));
    if (!signature.ok()) return configuration_error("$.secret", std::move(signature).error().message);
    return signature;
  });
}

}  // namespace

Result<Draft> sign(const Scheme& scheme, std::optional<SecretText> secret, Draft draft, const SignOptions& options,
                   const Clock& clock) {
  if (scheme.method == Scheme::Method::kRefetch) {
    if (secret) return configuration_error("$.secret", "this sender signs nothing: there is no secret");
    return draft;
  }
  if (!secret) return configuration_error("$.secret", "there is no secret to sign with");
  TILL_TRY(check_signable(scheme));
  const bool shared =
      scheme.method == Scheme::Method::kToken || is_hmac(scheme.algorithm) || is_plain_hash(scheme.algorithm);
  Signing signing(scheme, secret->id, std::move(draft), options, clock);
  return shared ? sign_shared(std::move(signing), scheme, *std::move(secret))
                : sign_private(std::move(signing), scheme, *secret);
}

}  // namespace till::webhook
