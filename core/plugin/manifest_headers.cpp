// Header fields: those sent with every request, those a script may set, and those nobody but the core may touch.
#include <algorithm>

#include "core/base/ascii.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"

namespace till::plugin {
namespace {

// Framing, routing and the connection belong to the HTTP client (RFC 9110, section 7.6.1, and RFC 9112); the type of
// the body follows from what the script sends.
constexpr std::string_view kReservedHeaders[] = {"host",
                                                 "content-length",
                                                 "transfer-encoding",
                                                 "connection",
                                                 "keep-alive",
                                                 "proxy-authorization",
                                                 "proxy-connection",
                                                 "te",
                                                 "trailer",
                                                 "upgrade",
                                                 "expect",
                                                 "content-type"};

bool same(std::string_view a, std::string_view b) { return !a.empty() && same_word(a, b); }

bool belongs_to_auth(const Auth& auth, std::string_view name) {
  return same(name, "authorization") || same(name, auth.header) || same(name, auth.identity_header) ||
         same(name, auth.signature_header);
}

Status check_name(const Node& node, std::string_view name, const Manifest& manifest) {
  if (!is_token(name)) return node.error("the name must be a header name such as X-Accept-Version");
  if (is_reserved_header(name)) return node.error("is a header that the core itself sets");
  if (belongs_to_auth(manifest.auth, name)) return node.error("is a header that only `auth` may set");
  if (same(name, manifest.idempotency_header)) return node.error("is the header of `idempotency`");
  for (const auto& [other, value] : manifest.headers)
    if (same(name, other)) return node.error("is among `headers` already");
  return {};
}

Status read_idempotency(const Node& root, Manifest& manifest) {
  const auto idempotency = root.find("idempotency");
  if (!idempotency || idempotency->value().is_null()) return {};
  TILL_TRY(idempotency->only({"header"}));
  TILL_ASSIGN(const Node header, idempotency->required("header"));
  TILL_ASSIGN(const std::string name, header.text());
  TILL_TRY(check_name(header, name, manifest));
  manifest.idempotency_header = name;
  return {};
}

Status read_fixed_headers(const Node& root, Manifest& manifest) {
  const auto headers = root.find("headers");
  if (!headers) return {};
  TILL_ASSIGN(const auto members, headers->members());
  for (const auto& [name, node] : members) {
    TILL_TRY(check_name(node, name, manifest));
    TILL_ASSIGN(const std::string value, node.text());
    if (!is_header_value(value)) return node.error("must be printable ASCII without spaces at its ends");
    manifest.headers[name] = value;
  }
  return {};
}

}  // namespace

bool is_reserved_header(std::string_view name) {
  return std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), to_lower(name)) !=
         std::end(kReservedHeaders);
}

Status read_headers(const Node& root, Manifest& manifest) {
  TILL_TRY(read_idempotency(root, manifest));
  TILL_TRY(read_fixed_headers(root, manifest));
  TILL_ASSIGN(manifest.script_headers,
              read_texts(root, "script_headers",
                         [&](const Node& node, const std::string& name) { return check_name(node, name, manifest); }));
  return {};
}

}  // namespace till::plugin
