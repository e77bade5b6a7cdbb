// Formats: what counts as a URL, a host name, a header name and so on, in manifests and in settings.
#pragma once

#include <string>
#include <string_view>

namespace till::plugin {

// An even number of hexadecimal digits, at least two, in either case.
bool is_hex(std::string_view text);
// Decimal text: "-12.50"; digits on both sides of a point, no exponent.
bool is_decimal(std::string_view text);
// RFC 1123: dot-separated labels of letters, digits and inner hyphens; at most 253 characters, and no IP address.
bool is_hostname(std::string_view text);
// local@host.name, at most 254 characters, without spaces; whether mail arrives is not asked.
bool is_email(std::string_view text);
// An absolute URI (RFC 3986) of printable ASCII; http and https ones have a host, which may be an IP address.
bool is_uri(std::string_view text);
// "http://" or "https://" with a host name.
bool is_web_url(std::string_view text);
// Printable ASCII that neither begins nor ends with a space: what may be a header's value.
bool is_header_value(std::string_view text);
// RFC 6901: "" or "/a/0/b~1c".
bool is_json_pointer(std::string_view text);
// Semantic version 2.0.0: "1.0.0", "0.2.0-rc.1+build5".
bool is_semver(std::string_view text);
// [a-z][a-z0-9_]*, at most `max_size` characters and at least `min_size`.
bool is_word(std::string_view text, std::size_t min_size, std::size_t max_size);

// The lower-case host of an URL for which is_web_url() holds, without its port.
std::string url_host(std::string_view url);

}  // namespace till::plugin
