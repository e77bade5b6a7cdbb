// Reading a scheme from its JSON.
#include <algorithm>
#include <array>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/webhook/scheme.h"
#include "core/webhook/scheme_checks.h"
#include "core/webhook/scheme_node.h"

namespace till::webhook {
namespace {

template <class T, std::size_t kCount>
using Words = std::array<std::pair<std::string_view, T>, kCount>;

constexpr Words<Source::Kind, 6> kSources{{{"header", Source::Kind::kHeader},
                                           {"field", Source::Kind::kField},
                                           {"jws", Source::Kind::kJwsMember},
                                           {"query", Source::Kind::kQuery},
                                           {"json", Source::Kind::kJson},
                                           {"form", Source::Kind::kForm}}};
constexpr Words<Piece::Kind, 8> kWholes{{{"body", Piece::Kind::kBody},
                                         {"url", Piece::Kind::kUrl},
                                         {"method", Piece::Kind::kMethod},
                                         {"path", Piece::Kind::kPath},
                                         {"sorted_form", Piece::Kind::kSortedForm},
                                         {"sorted_json", Piece::Kind::kSortedJson},
                                         {"body_crc32", Piece::Kind::kBodyCrc32},
                                         {"secret", Piece::Kind::kSecret}}};
constexpr Words<Carrier::Format, 6> kFormats{{{"raw", Carrier::Format::kRaw},
                                              {"versions", Carrier::Format::kVersions},
                                              {"pairs", Carrier::Format::kPairs},
                                              {"list", Carrier::Format::kList},
                                              {"keyed", Carrier::Format::kKeyed},
                                              {"jws", Carrier::Format::kJws}}};
constexpr Words<Algorithm, 14> kAlgorithms{{{"hmac-sha1", Algorithm::kHmacSha1},
                                            {"hmac-sha256", Algorithm::kHmacSha256},
                                            {"hmac-sha384", Algorithm::kHmacSha384},
                                            {"hmac-sha512", Algorithm::kHmacSha512},
                                            {"rsa-pkcs1-sha256", Algorithm::kRsaPkcs1Sha256},
                                            {"rsa-pkcs1-sha512", Algorithm::kRsaPkcs1Sha512},
                                            {"ecdsa-p256-der", Algorithm::kEcdsaP256Der},
                                            {"ecdsa-p256-raw", Algorithm::kEcdsaP256Raw},
                                            {"ecdsa-p521-raw", Algorithm::kEcdsaP521Raw},
                                            {"ecdsa-secp256k1-der", Algorithm::kEcdsaSecp256k1Der},
                                            {"ed25519", Algorithm::kEd25519},
                                            {"sha1", Algorithm::kSha1},
                                            {"sha256", Algorithm::kSha256},
                                            {"sha512", Algorithm::kSha512}}};
constexpr Words<KeyForm, 8> kKeyForms{{{"utf8", KeyForm::kUtf8},
                                       {"hex", KeyForm::kHex},
                                       {"base64", KeyForm::kBase64},
                                       {"whsec", KeyForm::kWhsec},
                                       {"sha1", KeyForm::kSha1},
                                       {"pem", KeyForm::kPem},
                                       {"spki", KeyForm::kSpki},
                                       {"jwk", KeyForm::kJwk}}};
constexpr Words<Encoding, 3> kEncodings{
    {{"hex", Encoding::kHex}, {"base64", Encoding::kBase64}, {"base64url", Encoding::kBase64Url}}};
constexpr Words<Freshness::Unit, 3> kUnits{{{"seconds", Freshness::Unit::kSeconds},
                                            {"milliseconds", Freshness::Unit::kMilliseconds},
                                            {"rfc3339", Freshness::Unit::kRfc3339}}};
constexpr Words<Covers, 3> kCovers{
    {{"body", Covers::kBody}, {"partial", Covers::kPartial}, {"nothing", Covers::kNothing}}};
constexpr Words<Scheme::Method, 3> kMethods{{{"signature", Scheme::Method::kSignature},
                                             {"token", Scheme::Method::kToken},
                                             {"refetch", Scheme::Method::kRefetch}}};
constexpr Words<int, 3> kStatuses{{{"current", 0}, {"legacy", 1}, {"conflicted", 2}}};

bool is_header_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

// The one member of `node` that says where a value stands.
Result<Source> read_source(const Node& node) {
  std::optional<Source> found;
  for (const auto& [word, kind] : kSources) {
    const auto member = node.find(word);
    if (!member) continue;
    if (found) return node.error("has two places for one value");
    TILL_ASSIGN(std::string name, member->text());
    if (kind == Source::Kind::kHeader && !is_header_name(name))
      return member->error("a header's name is written in lower case");
    if (kind == Source::Kind::kJson && !name.starts_with('/')) return member->error("a JSON pointer begins with /");
    found = Source{kind, std::move(name)};
  }
  if (!found) return node.error("names no place: header, field, jws, query, json or form");
  return *std::move(found);
}

Status only_source(const Node& node) { return node.only({"header", "field", "jws", "query", "json", "form"}); }

Result<Piece> read_piece(const Node& node, int depth);

Result<std::vector<Piece>> read_pieces(const Node& node, int depth) {
  TILL_ASSIGN(const auto elements, node.elements());
  if (elements.empty() || elements.size() > kMaxSignedPieces) return node.error("must have 1 to 64 pieces");
  std::vector<Piece> out;
  for (const Node& element : elements) {
    TILL_ASSIGN(Piece piece, read_piece(element, depth));
    out.push_back(std::move(piece));
  }
  return out;
}

Result<Piece> read_listed_headers(const Node& node) {
  TILL_TRY(node.only({"named_by", "separator", "with_names", "joint"}));
  Piece piece;
  piece.kind = Piece::Kind::kListedHeaders;
  TILL_ASSIGN(const Node list, node.required("named_by"));
  TILL_TRY(only_source(list));
  TILL_ASSIGN(piece.source, read_source(list));
  TILL_ASSIGN(piece.separator, node.character_of("separator", ' '));
  TILL_ASSIGN(piece.text, node.text_of("with_names", ""));
  piece.with_names = !piece.text.empty();
  TILL_ASSIGN(piece.joint, node.text_of("joint", ""));
  return piece;
}

Result<Piece> read_piece(const Node& node, int depth) {
  Piece piece;
  if (node.value().string()) {
    TILL_ASSIGN(piece.kind, node.one_of(kWholes));
    return piece;
  }
  if (const auto text = node.find("text")) {
    TILL_TRY(node.only({"text"}));
    TILL_ASSIGN(piece.text, text->text());
    return piece;
  }
  if (const auto headers = node.find("listed_headers")) {
    TILL_TRY(node.only({"listed_headers"}));
    return read_listed_headers(*headers);
  }
  if (const auto inner = node.find("if_present")) {
    TILL_TRY(node.only({"if_present"}));
    if (depth > 0) return inner->error("stands inside another one");
    piece.kind = Piece::Kind::kIfPresent;
    TILL_ASSIGN(piece.inner, read_pieces(*inner, depth + 1));
    return piece;
  }
  TILL_TRY(node.only({"header", "field", "jws", "query", "json", "form", "optional"}));
  piece.kind = Piece::Kind::kSource;
  TILL_ASSIGN(piece.source, read_source(node));
  TILL_ASSIGN(piece.optional, node.flag("optional"));
  return piece;
}

Status read_layout(const Node& node, Carrier& out) {
  TILL_ASSIGN(const Node layout, node.required("layout"));
  TILL_ASSIGN(const auto elements, layout.elements());
  for (const Node& element : elements) {
    TILL_ASSIGN(std::string text, element.text());
    out.layout.push_back(std::move(text));
  }
  const auto count = [&](std::string_view word) { return std::count(out.layout.begin(), out.layout.end(), word); };
  if (count("key_id") != 1 || count("signature") != 1) return layout.error("has key_id and signature once each");
  return {};
}

// What each format needs beside the place.
Status read_format(const Node& node, Carrier& out) {
  TILL_ASSIGN(out.prefix, node.text_of("prefix", ""));
  switch (out.format) {
    case Carrier::Format::kRaw:
    case Carrier::Format::kJws:
      return {};
    case Carrier::Format::kVersions:
    case Carrier::Format::kPairs: {
      const bool pairs = out.format == Carrier::Format::kPairs;
      TILL_ASSIGN(out.separator, node.character_of("separator", pairs ? ',' : ' '));
      TILL_ASSIGN(out.assign, node.character_of("assign", pairs ? '=' : ','));
      TILL_ASSIGN(const Node pick, node.required("pick"));
      TILL_ASSIGN(out.pick, pick.text());
      return {};
    }
    case Carrier::Format::kList: {
      TILL_ASSIGN(out.separator, node.character_of("separator", ','));
      return {};
    }
    case Carrier::Format::kKeyed: {
      TILL_ASSIGN(out.separator, node.character_of("separator", ','));
      TILL_ASSIGN(out.assign, node.character_of("assign", '/'));
      return read_layout(node, out);
    }
  }
  return {};
}

Result<Carrier> read_carrier(const Node& node) {
  TILL_TRY(node.only(
      {"header", "query", "json", "form", "format", "prefix", "pick", "separator", "assign", "layout", "key_id"}));
  Carrier out;
  TILL_ASSIGN(out.source, read_source(node));
  if (const auto format = node.find("format")) {
    TILL_ASSIGN(out.format, format->one_of(kFormats));
  }
  TILL_TRY(read_format(node, out));
  if (const auto key_id = node.find("key_id")) {
    TILL_TRY(only_source(*key_id));
    TILL_ASSIGN(out.key_id, read_source(*key_id));
  }
  return out;
}

Status read_freshness(const Node& root, Scheme& out) {
  TILL_ASSIGN(const Node node, root.required("freshness"));
  if (node.value().string()) {
    if (*node.value().string() != "none") return node.error("must be \"none\" or an object");
    return {};
  }
  TILL_TRY(node.only({"from", "unit", "past", "future"}));
  Freshness freshness;
  TILL_ASSIGN(const Node from, node.required("from"));
  TILL_TRY(only_source(from));
  TILL_ASSIGN(freshness.source, read_source(from));
  TILL_ASSIGN(const Node unit, node.required("unit"));
  TILL_ASSIGN(freshness.unit, unit.one_of(kUnits));
  TILL_ASSIGN(const std::int64_t past, node.seconds("past"));
  TILL_ASSIGN(const std::int64_t future, node.seconds("future"));
  freshness.past_ms = past * 1000;
  freshness.future_ms = future * 1000;
  out.freshness = std::move(freshness);
  return {};
}

Status read_dedupe(const Node& root, Scheme& out) {
  TILL_ASSIGN(const Node node, root.required("dedupe"));
  if (const std::string* word = node.value().string()) {
    if (*word != "none" && *word != "signed") return node.error("must be \"none\", \"signed\" or a place");
    out.dedupe = *word == "none" ? Scheme::Dedupe::kNone : Scheme::Dedupe::kSigned;
    return {};
  }
  TILL_TRY(only_source(node));
  out.dedupe = Scheme::Dedupe::kSource;
  TILL_ASSIGN(out.dedupe_source, read_source(node));
  return {};
}

// What is there for people: checked for its form, and not kept.
Status read_remarks(const Node& root) {
  if (const auto status = root.find("status")) TILL_TRY(status->one_of(kStatuses));
  for (const std::string_view key : {"evidence", "summary"})
    if (const auto text = root.find(key)) TILL_TRY(text->text());
  for (const std::string_view key : {"sources", "notes"}) {
    const auto list = root.find(key);
    if (!list) continue;
    TILL_ASSIGN(const auto elements, list->elements());
    for (const Node& element : elements) TILL_TRY(element.text());
  }
  return {};
}

Status read_signature(const Node& root, Scheme& out) {
  TILL_ASSIGN(const Node pieces, root.required("signed"));
  TILL_ASSIGN(out.signed_, read_pieces(pieces, 0));
  TILL_ASSIGN(const Node algorithm, root.required("algorithm"));
  TILL_ASSIGN(out.algorithm, algorithm.one_of(kAlgorithms));
  TILL_ASSIGN(const Node key, root.required("key"));
  TILL_ASSIGN(out.key, key.one_of(kKeyForms));
  TILL_ASSIGN(const Node encoding, root.required("encoding"));
  TILL_ASSIGN(out.encoding, encoding.one_of(kEncodings));
  return {};
}

Result<Scheme> read_scheme(const Node& root) {
  TILL_TRY(root.only({"name", "title", "status", "evidence", "summary", "sources", "notes", "verify", "signature",
                      "signed", "algorithm", "key", "encoding", "freshness", "signed_covers", "dedupe"}));
  TILL_TRY(read_remarks(root));
  Scheme out;
  TILL_ASSIGN(const Node name, root.required("name"));
  TILL_ASSIGN(out.name, name.text());
  TILL_ASSIGN(out.title, root.text_of("title", out.name));
  if (const auto method = root.find("verify")) {
    TILL_ASSIGN(out.method, method->one_of(kMethods));
  }
  if (out.method != Scheme::Method::kRefetch) {
    TILL_ASSIGN(const Node carrier, root.required("signature"));
    TILL_ASSIGN(out.carrier, read_carrier(carrier));
  }
  if (out.method == Scheme::Method::kSignature) TILL_TRY(read_signature(root, out));
  TILL_ASSIGN(const Node covers, root.required("signed_covers"));
  TILL_ASSIGN(out.covers, covers.one_of(kCovers));
  TILL_TRY(read_freshness(root, out));
  TILL_TRY(read_dedupe(root, out));
  TILL_TRY(check_consistent(root, out));
  return out;
}

}  // namespace

Result<Scheme> parse_scheme(std::string_view text) {
  auto value = json::parse(text, {.max_bytes = kMaxSchemeBytes, .max_depth = 8});
  if (!value.ok()) {
    Error error = std::move(value).error();
    error.kind = ErrorKind::kConfiguration;
    error.code = "webhook_scheme";
    return error;
  }
  return read_scheme(Node(*value, "$"));
}

bool needs_url(const Scheme& scheme) {
  const auto in_url = [](const Source& source) { return source.kind == Source::Kind::kQuery; };
  const auto piece_in_url = [&](const auto& self, const Piece& piece) -> bool {
    if (piece.kind == Piece::Kind::kUrl || piece.kind == Piece::Kind::kPath) return true;
    return in_url(piece.source) ||
           std::any_of(piece.inner.begin(), piece.inner.end(), [&](const Piece& inner) { return self(self, inner); });
  };
  if (in_url(scheme.carrier.source) || in_url(scheme.carrier.key_id) || in_url(scheme.dedupe_source)) return true;
  if (scheme.freshness && in_url(scheme.freshness->source)) return true;
  return std::any_of(scheme.signed_.begin(), scheme.signed_.end(),
                     [&](const Piece& piece) { return piece_in_url(piece_in_url, piece); });
}

bool is_hmac(Algorithm algorithm) { return algorithm <= Algorithm::kHmacSha512; }

bool is_plain_hash(Algorithm algorithm) { return algorithm >= Algorithm::kSha1; }

std::string_view algorithm_name(Algorithm algorithm) {
  for (const auto& [name, known] : kAlgorithms)
    if (known == algorithm) return name;
  return "";
}

}  // namespace till::webhook
