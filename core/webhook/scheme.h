// Scheme: how one sender signs its webhooks, as data. docs/webhook-schemes.md explains the grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace till::webhook {

// A place in a request where one value stands.
struct Source {
  enum class Kind {
    kHeader,     // a request header
    kField,      // a field of the signature's own header, as `t` in "t=...,v1=..."
    kJwsMember,  // a member of the JWS header
    kQuery,      // a parameter of the URL
    kJson,       // a JSON pointer into the body
    kForm,       // a field of the form in the body
  };
  Kind kind = Kind::kHeader;
  std::string name;  // header names in lower case
  bool operator==(const Source&) const = default;
};

// One piece of what is signed.
struct Piece {
  enum class Kind {
    kText,           // `text` itself
    kSource,         // the value at `source`
    kBody,           // the raw body
    kUrl,            // the configured URL
    kMethod,         // the method, upper case
    kPath,           // the URL's path
    kSortedForm,     // names and values of the form's fields, sorted
    kSortedJson,     // the body's JSON, compact, keys sorted at every level
    kBodyCrc32,      // CRC-32 of the body in decimal digits; binds nothing
    kListedHeaders,  // the headers that `source` lists
    kSecret,         // the secret itself
    kIfPresent,      // `inner`, when the source inside is there
  };
  Kind kind = Kind::kText;
  std::string text;          // kText; kListedHeaders: between a name and its value
  Source source;             // kSource, kListedHeaders
  bool optional = false;     // kSource: absent counts as empty
  bool with_names = false;   // kListedHeaders: the names stand before the values
  char separator = ' ';      // kListedHeaders: between names in the list
  std::string joint;         // kListedHeaders: after each header but the last
  std::vector<Piece> inner;  // kIfPresent
};

// Where the signatures stand, and in which shape.
struct Carrier {
  enum class Format {
    kRaw,       // the whole value after `prefix`
    kVersions,  // "v1,AAA v1a,BBB": those of `pick`
    kPairs,     // "t=1,v1=AAA,v1=BBB": those named `pick`; the others are fields
    kList,      // `prefix`, then "AAA,BBB"
    kKeyed,     // "KEY/SHA256/AAA,KEY2/SHA256/BBB": `layout`
    kJws,       // a JSON Web Signature without its payload: "HEADER..SIGNATURE"
  };
  Source source;
  Format format = Format::kRaw;
  std::string prefix, pick;
  char separator = ' ', assign = ',';
  std::vector<std::string> layout;  // kKeyed: "key_id", "signature", or a text that must stand there
  Source key_id;                    // where the key's id stands; no name: nowhere else
};

enum class Algorithm {
  kHmacSha1,
  kHmacSha256,
  kHmacSha384,
  kHmacSha512,
  kRsaPkcs1Sha256,
  kRsaPkcs1Sha512,
  kEcdsaP256Der,
  kEcdsaP256Raw,
  kEcdsaP521Raw,
  kEcdsaSecp256k1Der,
  kEd25519,
  kSha1,  // a plain hash with the secret among the signed text: legacy
  kSha256,
  kSha512,
};

enum class KeyForm {
  kUtf8,  // the text's own bytes, whatever prefix it has
  kHex,
  kBase64,
  kWhsec,  // base64 after "whsec_", "whpk_" or nothing
  kSha1,   // the SHA-1 of the text
  kPem,    // a public key or a certificate
  kSpki,   // a public key: base64 of DER
  kJwk,    // a public key: JSON Web Key
};

enum class Encoding { kHex, kBase64, kBase64Url };

struct Freshness {
  enum class Unit { kSeconds, kMilliseconds, kRfc3339 };
  Source source;
  Unit unit = Unit::kSeconds;
  std::int64_t past_ms = 0, future_ms = 0;
};

// How much of what arrives a signature binds.
enum class Covers { kBody, kPartial, kNothing };

struct Scheme {
  enum class Method {
    kSignature,
    kToken,    // the sender shows a fixed word: it says who, and nothing about what
    kRefetch,  // nothing can be verified
  };
  enum class Dedupe { kNone, kSource, kSigned };

  std::string name, title;
  Method method = Method::kSignature;
  Carrier carrier;             // kSignature, kToken
  std::vector<Piece> signed_;  // kSignature
  Algorithm algorithm = Algorithm::kHmacSha256;
  KeyForm key = KeyForm::kUtf8;
  Encoding encoding = Encoding::kHex;
  std::optional<Freshness> freshness;  // nullopt: the scheme says "none"
  Covers covers = Covers::kNothing;
  Dedupe dedupe = Dedupe::kNone;
  Source dedupe_source;
};

// Reads a scheme against docs/schemas/webhook_scheme.json's rules; unknown keys are errors, and so is a scheme that
// contradicts itself (a time or a dedupe key that nothing signs, an HMAC with a public key, ...). kConfiguration, code
// "webhook_scheme", `field` is the place ("$.signed[2].header").
Result<Scheme> parse_scheme(std::string_view text);

// Whether verifying takes the address to which the webhook came, or a parameter in it.
bool needs_url(const Scheme& scheme);

bool is_hmac(Algorithm algorithm);
bool is_plain_hash(Algorithm algorithm);
// "hmac-sha256": the word in the JSON.
std::string_view algorithm_name(Algorithm algorithm);

}  // namespace till::webhook
