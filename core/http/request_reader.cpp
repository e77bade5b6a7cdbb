#include "core/http/request_reader.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/base/ascii.h"
#include "core/http/syntax.h"

namespace till::http {
namespace {

constexpr std::size_t kMaxBodyReserve = 256 * kKiB;  // a promised length is not believed further than this
constexpr std::size_t kMaxMethodLength = 32;
constexpr std::size_t kMaxChunkLine = 1 * kKiB;  // a chunk's size and its extensions, which are of no use to anyone

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Cuts "http://host" off an absolute target (RFC 9112, section 3.2.2); the Host field is there beside it.
std::string_view without_origin(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_word(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

// Whether a field's comma-separated list has this word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_word(trim(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// Digits and nothing else, also no sign. kFailed-free: nullopt when they are none, or too many.
template <int base>
bool read_digits(std::string_view text, std::uint64_t* number) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), base == 16 ? is_hex_digit : is_digit)) return false;
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, *number, base).ec == std::errc();
}

}  // namespace

void RequestReader::start() {
  stage_ = Stage::kRequestLine;
  request_ = {};
  scanned_ = head_bytes_ = fields_ = remaining_ = 0;
  hosts_ = lengths_ = codings_ = 0;
  skipped_empty_line_ = is_http_1_1_ = wants_close_ = expects_continue_ = false;
}

RequestReader::State RequestReader::fail(int status, std::string_view reason) {
  refusal_ = {status, reason};
  return State::kFailed;
}

RequestReader::State RequestReader::read(std::string_view bytes, std::size_t* taken) {
  *taken = 0;
  while (true) {
    if (stage_ == Stage::kSized || stage_ == Stage::kChunkData) {
      if (!take_bytes(bytes, taken)) return State::kMore;
      if (stage_ == Stage::kSized) return State::kDone;
      stage_ = Stage::kChunkEnd;
    }
    std::string_view line;
    const State found = next_line(bytes.substr(*taken), &line);
    if (found != State::kDone) return found;
    *taken += line.size() + 2;
    const State state = on_line(line);
    if (state != State::kMore) return state;
  }
}

// True when all of the body, or of the chunk, is there.
bool RequestReader::take_bytes(std::string_view bytes, std::size_t* taken) {
  const std::string_view part = bytes.substr(*taken, remaining_);
  request_.body.append(part);
  *taken += part.size();
  remaining_ -= part.size();
  return remaining_ == 0;
}

// kDone: a line without its CRLF.
RequestReader::State RequestReader::next_line(std::string_view bytes, std::string_view* line) {
  for (; scanned_ < bytes.size(); ++scanned_) {
    const char c = bytes[scanned_];
    const bool after_cr = scanned_ > 0 && bytes[scanned_ - 1] == '\r';
    if (c == '\n' && !after_cr) return fail(400, "bare_lf");
    if (after_cr && c != '\n') return fail(400, "bare_cr");
    if (is_control(c) && c != '\t' && c != '\r' && c != '\n') return fail(400, "control_character");
    if (!fits(scanned_ + 1)) return too_long();
    if (c != '\n') continue;
    *line = bytes.substr(0, scanned_ - 1);
    scanned_ = 0;
    return State::kDone;
  }
  return State::kMore;
}

bool RequestReader::fits(std::size_t line_size) const {
  const bool in_chunks = stage_ == Stage::kChunkSize || stage_ == Stage::kChunkEnd;
  return in_chunks ? line_size <= kMaxChunkLine : head_bytes_ + line_size <= limits_.header_bytes;
}

RequestReader::State RequestReader::too_long() {
  if (stage_ == Stage::kRequestLine) return fail(414, "target_too_long");
  if (stage_ == Stage::kField || stage_ == Stage::kTrailer) return fail(431, "header_too_large");
  return fail(400, "malformed_chunk");
}

// kMore: go on with what is behind the line.
RequestReader::State RequestReader::on_line(std::string_view line) {
  if (stage_ == Stage::kChunkSize) return chunk_size(line);
  if (stage_ == Stage::kChunkEnd) {
    stage_ = Stage::kChunkSize;
    return line.empty() ? State::kMore : fail(400, "malformed_chunk");
  }
  head_bytes_ += line.size() + 2;
  if (stage_ == Stage::kRequestLine) return request_line(line);
  if (!line.empty()) return field(line);
  return stage_ == Stage::kTrailer ? State::kDone : end_of_head();
}

RequestReader::State RequestReader::request_line(std::string_view line) {
  // RFC 9112, section 2.2: some clients send an empty line behind the body before it.
  if (line.empty() && !std::exchange(skipped_empty_line_, true)) return State::kMore;
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return fail(400, "malformed_request_line");
  const std::string_view method = line.substr(0, first), version = line.substr(second + 1);
  const bool is_version = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                          version[6] == '.' && is_digit(version[7]);
  if (!is_version || !is_token(method)) return fail(400, "malformed_request_line");
  is_http_1_1_ = version == "HTTP/1.1";
  if (!is_http_1_1_ && version != "HTTP/1.0") return fail(505, "unknown_version");
  if (method.size() > kMaxMethodLength) return fail(501, "unknown_method");
  request_.method = method;
  stage_ = Stage::kField;
  return target(line.substr(first + 1, second - first - 1));
}

RequestReader::State RequestReader::target(std::string_view text) {
  if (text.size() > limits_.target_bytes) return fail(414, "target_too_long");
  const std::string_view path = without_origin(text);
  const bool is_asterisk = path == "*" && request_.method == "OPTIONS";
  if (!is_asterisk && !path.starts_with('/') && !path.starts_with('?')) return fail(400, "malformed_target");
  if (!is_visible(path)) return fail(400, "malformed_target");
  request_.target = path.front() == '?' ? "/" : "";
  request_.target += path;
  return State::kMore;
}

// One field of the header, or of the trailer: those are checked and dropped.
RequestReader::State RequestReader::field(std::string_view line) {
  if (++fields_ > limits_.header_fields) return fail(431, "too_many_fields");
  if (line.front() == ' ' || line.front() == '\t') return fail(400, "folded_line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return fail(400, "malformed_field");
  const std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
  const State state = framing_field(name, value);
  if (state == State::kMore && stage_ == Stage::kField) request_.headers.add(std::string(name), std::string(value));
  return state;
}

RequestReader::State RequestReader::framing_field(std::string_view name, std::string_view value) {
  const bool is_host = same_word(name, "Host"), is_length = same_word(name, "Content-Length");
  const bool is_coding = same_word(name, "Transfer-Encoding");
  if (stage_ == Stage::kTrailer && (is_host || is_length || is_coding)) return fail(400, "malformed_trailer");
  if (is_host && ++hosts_ > 1) return fail(400, "two_hosts");
  if (is_length) return length(value);
  if (is_coding) {
    if (++codings_ > 1 || !is_http_1_1_) return fail(400, "malformed_coding");
    if (!same_word(value, "chunked")) return fail(501, "unknown_coding");
  }
  if (same_word(name, "Connection")) wants_close_ = wants_close_ || lists(value, "close");
  if (same_word(name, "Expect") && stage_ == Stage::kField) {
    if (!same_word(value, "100-continue")) return fail(417, "unknown_expectation");
    expects_continue_ = is_http_1_1_;
  }
  return State::kMore;
}

RequestReader::State RequestReader::length(std::string_view text) {
  std::uint64_t number = 0;
  if (++lengths_ > 1 || !read_digits<10>(text, &number)) return fail(400, "malformed_length");
  if (number > limits_.body_bytes) return fail(413, "body_too_large");
  remaining_ = static_cast<std::size_t>(number);
  return State::kMore;
}

RequestReader::State RequestReader::end_of_head() {
  if (is_http_1_1_ && hosts_ == 0) return fail(400, "no_host");
  if (lengths_ > 0 && codings_ > 0) return fail(400, "length_and_coding");
  if (codings_ == 0 && remaining_ == 0) return State::kDone;
  request_.body.reserve(std::min(remaining_, kMaxBodyReserve));
  stage_ = codings_ > 0 ? Stage::kChunkSize : Stage::kSized;
  return State::kBody;
}

RequestReader::State RequestReader::chunk_size(std::string_view line) {
  std::uint64_t number = 0;
  if (!read_digits<16>(line.substr(0, line.find(';')), &number)) return fail(400, "malformed_chunk");
  if (number > limits_.body_bytes - request_.body.size()) return fail(413, "body_too_large");
  remaining_ = static_cast<std::size_t>(number);
  stage_ = number == 0 ? Stage::kTrailer : Stage::kChunkData;
  return State::kMore;
}

}  // namespace till::http
