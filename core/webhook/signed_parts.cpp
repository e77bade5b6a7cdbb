// The pieces of a template and how each becomes bytes.
#include "core/webhook/signed_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/json/json.h"
#include "core/webhook/reason.h"

namespace till::webhook {
namespace {

Status add(SignedParts& parts, std::string_view part, const Piece* made_from = nullptr) {
  if (!parts.pieces.push(part) || !parts.made_from.push(made_from))
    return rejected(Reason::kTooMany, "more is signed than 64 pieces");
  return {};
}

// As the sender's formula has it: each name once for each distinct value, sorted.
Result<std::string> sorted_form(Reading& reading) {
  TILL_ASSIGN(const FormFields* form, reading.body_form());
  const std::set<std::pair<std::string_view, std::string_view>> sorted(form->begin(), form->end());
  std::string out;
  for (const auto& [name, value] : sorted) out.append(name).append(value);
  return out;
}

json::Value sorted(const json::Value& value) {
  if (const json::Array* array = value.array()) {
    json::Array out;
    for (const json::Value& element : *array) out.push_back(sorted(element));
    return out;
  }
  if (!value.object()) return value;
  std::vector<json::Object::Member> members;
  for (const auto& [key, member] : *value.object()) members.emplace_back(key, sorted(member));
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  json::Object out;
  for (auto& [key, member] : members) out.append(std::move(key), std::move(member));
  return out;
}

std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find('/', scheme == url.npos ? 0 : scheme + 3);
  if (path == url.npos) return "/";
  return url.substr(path, url.find_first_of("?#", path) - path);
}

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

// CRC-32 of ISO 3309, as zlib has it.
std::uint32_t crc32(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = 0xffffffffu;
  for (const std::uint8_t byte : byte_span(bytes)) crc = kTable[(crc ^ byte) & 0xffu] ^ (crc >> 8);
  return crc ^ 0xffffffffu;
}

Result<std::string> listed_headers(Reading& reading, const Piece& piece) {
  TILL_ASSIGN(const auto list, reading.find(piece.source));
  std::string out;
  std::string_view rest = list.value_or("");
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == kMaxSignedHeaders) return rejected(Reason::kTooMany, "the signature lists more than 64 headers");
    const std::string_view name = rest.substr(0, rest.find(piece.separator));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    TILL_ASSIGN(const auto value, reading.find_header(name));
    if (!value) return rejected(Reason::kMissingValue, "a header that the signature lists is missing");
    if (piece.with_names) out.append(name).append(piece.text);
    out.append(*value);
    if (!rest.empty() || piece.with_names) out.append(piece.joint);
  }
  return out;
}

Status add_pieces(Reading& reading, const std::vector<Piece>& pieces, SignedParts& parts);

// The pieces when every value in them is there, nothing otherwise.
Status add_if_present(Reading& reading, const std::vector<Piece>& pieces, SignedParts& parts) {
  for (const Piece& piece : pieces) {
    if (piece.kind != Piece::Kind::kSource) continue;
    TILL_ASSIGN(const auto value, reading.find(piece.source));
    if (!value || value->empty()) return {};
  }
  return add_pieces(reading, pieces, parts);
}

Status add_source(Reading& reading, const Piece& piece, SignedParts& parts) {
  if (!piece.optional) {
    TILL_ASSIGN(const std::string_view value, reading.require(piece.source));
    return add(parts, value, &piece);
  }
  TILL_ASSIGN(const auto value, reading.find(piece.source));
  return add(parts, value.value_or(""), &piece);
}

Status add_made(Reading& reading, const Piece& piece, Result<std::string> text, SignedParts& parts) {
  if (!text.ok()) return std::move(text).error();
  return add(parts, reading.keep(std::move(text).value()), &piece);
}

Status add_piece(Reading& reading, const Piece& piece, SignedParts& parts) {
  switch (piece.kind) {
    case Piece::Kind::kText:
      return add(parts, piece.text, &piece);
    case Piece::Kind::kSource:
      return add_source(reading, piece, parts);
    case Piece::Kind::kBody:
      return add(parts, reading.request().body, &piece);
    case Piece::Kind::kUrl: {
      TILL_ASSIGN(const std::string_view url, reading.url());
      return add(parts, url, &piece);
    }
    case Piece::Kind::kMethod: {
      TILL_ASSIGN(const std::string_view method, reading.method());
      return add(parts, method, &piece);
    }
    case Piece::Kind::kPath: {
      TILL_ASSIGN(const std::string_view url, reading.url());
      return add(parts, path_of(url), &piece);
    }
    case Piece::Kind::kSortedForm:
      return add_made(reading, piece, sorted_form(reading), parts);
    case Piece::Kind::kSortedJson: {
      TILL_ASSIGN(const json::Value* body, reading.body_json());
      return add_made(reading, piece, json::write(sorted(*body)), parts);
    }
    case Piece::Kind::kBodyCrc32:
      return add_made(reading, piece, std::to_string(crc32(reading.request().body)), parts);
    case Piece::Kind::kListedHeaders:
      return add_made(reading, piece, listed_headers(reading, piece), parts);
    case Piece::Kind::kSecret:
      parts.secret_at.push(parts.pieces.size());
      return add(parts, "", &piece);
    case Piece::Kind::kIfPresent:
      return add_if_present(reading, piece.inner, parts);
  }
  return {};
}

Status add_pieces(Reading& reading, const std::vector<Piece>& pieces, SignedParts& parts) {
  for (const Piece& piece : pieces) TILL_TRY(add_piece(reading, piece, parts));
  return {};
}

// RFC 7515: the JWS header, a dot, and the payload in base64url.
Status add_framed(Reading& reading, const SignedParts& payload, SignedParts& parts) {
  std::string text;
  for (const std::string_view part : payload.pieces.view()) text.append(part);
  TILL_TRY(add(parts, reading.jws_header()));
  TILL_TRY(add(parts, "."));
  return add(parts, reading.keep(base64url_encode(text)));
}

}  // namespace

Status fill_signed_parts(Reading& reading, SignedParts& parts) {
  const std::vector<Piece>& pieces = reading.scheme().signed_;
  if (reading.scheme().carrier.format != Carrier::Format::kJws) return add_pieces(reading, pieces, parts);
  SignedParts payload;
  TILL_TRY(add_pieces(reading, pieces, payload));
  return add_framed(reading, payload, parts);
}

}  // namespace till::webhook
