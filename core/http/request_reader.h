// RequestReader: bytes in, one InboundRequest out, within limits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/limits.h"
#include "core/http/message.h"

namespace till::http {

// A request as a server got it. A value.
struct InboundRequest {
  std::string method;        // as it came: "POST"
  std::string target;        // the path, and the query if there was one: "/webhooks/shop?x=1"; "*" for OPTIONS only
  Headers headers;           // in their order
  std::string body;          // whole, without the framing of chunks
  std::string peer;          // the address of whoever connected: "127.0.0.1", "::1"; "unix" over a Unix socket
  std::size_t listener = 0;  // which of ServerOptions::listen it came through
  bool secure = false;       // over TLS
};

// What common servers take: nginx has 8 KiB for a line and 32 KiB in all, Apache 8 KiB and 100 fields.
struct RequestLimits {
  std::size_t header_bytes = 32 * kKiB;  // request line and fields together; beyond it 431
  std::size_t header_fields = 100;       // beyond it 431
  std::size_t target_bytes = 8 * kKiB;   // beyond it 414
  std::size_t body_bytes = 1 * kMiB;     // without the framing of chunks; beyond it 413
};

// Reads one request after another by RFC 9112, and refuses what two readers could understand differently: a bare CR or
// LF, a folded or continued line, a control character, space before a colon, Content-Length beside Transfer-Encoding,
// twice, or as anything but digits, any transfer coding but "chunked", no Host or two. (Boost.Beast's parser takes some
// of that, and fails an assertion on some chunks: docs/decisions/0011-request-reader.md.) One thread at a time.
class RequestReader {
 public:
  enum class State {
    kMore,    // read() wants more bytes
    kBody,    // once for a request that has a body: its header is there, expects_continue() can be asked; read() on
    kDone,    // take() the request
    kFailed,  // refusal() says why; nothing more can be read from this connection
  };
  // The status to answer with, 400, 413, 414, 417, 431, 501 or 505, and a word for it: "bare_lf", "body_too_large".
  struct Refusal {
    int status = 0;
    std::string_view reason;
  };

  explicit RequestReader(const RequestLimits& limits) : limits_(limits) {}

  // A new request begins.
  void start();
  // Takes what it can from `bytes` and sets `*taken`; the rest must be offered again, with more behind it.
  State read(std::string_view bytes, std::size_t* taken);

  // Bytes of the request that are held.
  std::size_t held() const { return head_bytes_ + request_.body.size(); }
  // After kBody: the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  // After kDone: the client can take another answer on this connection.
  bool keep_alive() const { return is_http_1_1_ && !wants_close_; }
  // After kDone, once. `peer`, `listener` and `secure` are the caller's to fill in.
  InboundRequest take() { return std::move(request_); }
  // After kFailed.
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Stage { kRequestLine, kField, kSized, kChunkSize, kChunkData, kChunkEnd, kTrailer };

  State fail(int status, std::string_view reason);
  State next_line(std::string_view bytes, std::string_view* line);
  bool fits(std::size_t line_size) const;
  State too_long();
  State on_line(std::string_view line);
  State request_line(std::string_view line);
  State target(std::string_view text);
  State field(std::string_view line);
  State framing_field(std::string_view name, std::string_view value);
  State length(std::string_view text);
  State end_of_head();
  State chunk_size(std::string_view line);
  bool take_bytes(std::string_view bytes, std::size_t* taken);

  const RequestLimits limits_;
  Stage stage_ = Stage::kRequestLine;
  InboundRequest request_;
  Refusal refusal_;
  std::size_t scanned_ = 0;     // of a line that is not whole yet
  std::size_t head_bytes_ = 0;  // of whole lines, the trailer's included
  std::size_t fields_ = 0;      // those of the trailer included
  std::size_t remaining_ = 0;   // of the body or the chunk
  int hosts_ = 0, lengths_ = 0, codings_ = 0;
  bool skipped_empty_line_ = false;
  bool is_http_1_1_ = false;
  bool wants_close_ = false;
  bool expects_continue_ = false;
};

}  // namespace till::http
