// Limits that several rooms share. Each has a name, so that an error can give it, and a reason.
#pragma once

#include <cstddef>

namespace till {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// One operation's input as JSON: far above any real order, far below what would hurt a worker process.
inline constexpr std::size_t kMaxInputBytes = 1 * kMiB;
// Any URL: what browsers and proxies are known to carry.
inline constexpr std::size_t kMaxUrlLength = 2048;
// An amount as text: more digits than any currency has, with room for a sign and a point.
inline constexpr std::size_t kMaxAmountLength = 64;
// A currency code: ISO 4217 has three letters, the longest crypto codes about ten.
inline constexpr std::size_t kMaxCurrencyCodeLength = 16;
// An id, ours or a provider's: what a database column of a provider or a shop commonly holds.
inline constexpr std::size_t kMaxIdLength = 255;
// A code, an order id, a time or another single word.
inline constexpr std::size_t kMaxWordLength = 255;
// A sentence for people: a description or a reason.
inline constexpr std::size_t kMaxSentenceLength = 2048;
// What the shop knows of its customer: a name; an e-mail address (RFC 5321); an IPv6 address with an IPv4 one inside
// (RFC 4291); a browser's User-Agent; a language tag (RFC 5646 recommends room for 35).
inline constexpr std::size_t kMaxCustomerNameLength = 255;
inline constexpr std::size_t kMaxEmailLength = 254;
inline constexpr std::size_t kMaxIpLength = 45;
inline constexpr std::size_t kMaxUserAgentLength = 1024;
inline constexpr std::size_t kMaxLocaleLength = 35;
// Refunds of one payment: money goes back in one piece or a few, and each change of the payment writes them all.
inline constexpr std::size_t kMaxRefunds = 1000;
// One page of a list, and the text that names the next one.
inline constexpr std::size_t kMaxPageSize = 1000;
inline constexpr std::size_t kMaxCursorLength = 1024;
// Longest text that a script may return in one member: URLs are the longest there are.
inline constexpr std::size_t kMaxObservedTextLength = 4096;
// A list that is given whole, as JSON: as much as one page of it may be.
inline constexpr std::size_t kMaxListBytes = 4 * kMiB;
// The shop's own data, kept with each payment and sent back with it.
inline constexpr std::size_t kMaxMetadataBytes = 16 * kKiB;
// An idempotency key: the largest that any known provider takes.
inline constexpr std::size_t kMaxIdempotencyKeyLength = 255;
// What a script may keep between the operations on one payment: tokens and addresses, not replies.
inline constexpr std::size_t kMaxStateBytes = 4 * kKiB;
// A provider's reply as it is kept in `raw`: documented replies stay under a tenth of it.
inline constexpr std::size_t kMaxRawBytes = 256 * kKiB;
// One plugin's files: small enough to be read by a person, and to be loaded within a millisecond.
inline constexpr std::size_t kMaxScriptBytes = 256 * kKiB;
inline constexpr std::size_t kMaxManifestBytes = 256 * kKiB;
// One gateway's settings as JSON, keys and certificates included.
inline constexpr std::size_t kMaxSettingsBytes = 64 * kKiB;
// The message of an error, outside text included: one screen of text.
inline constexpr std::size_t kMaxErrorMessageLength = 1024;
// The body of one HTTP reply: lists of a hundred payments stay under a tenth of it.
inline constexpr std::size_t kMaxResponseBytes = 4 * kMiB;
// All header fields of one HTTP reply, and their number: what common servers send at most.
inline constexpr std::size_t kMaxHeaderBytes = 64 * kKiB;
inline constexpr std::size_t kMaxHeaderFields = 256;
// A webhook's body: batches of a thousand events stay under it. What is larger is refused, never cut.
inline constexpr std::size_t kMaxSignedBodyBytes = 1 * kMiB;
// One header of a webhook that takes part in its verification, and the signatures and fields in it.
inline constexpr std::size_t kMaxSignatureBytes = 8 * kKiB;
inline constexpr std::size_t kMaxSignatureParts = 32;
// Headers that a signature may list as signed beside the body.
inline constexpr std::size_t kMaxSignedHeaders = 64;
// Pieces of what is signed, as a scheme declares them.
inline constexpr std::size_t kMaxSignedPieces = 64;
// Secrets that one webhook is tried with: rotations overlap by two or three.
inline constexpr std::size_t kMaxWebhookSecrets = 16;
// One webhook scheme as JSON.
inline constexpr std::size_t kMaxSchemeBytes = 16 * kKiB;

}  // namespace till
