// ResponseReader: bytes in, one Response out, within limits; Boost.Beast's parser behind a small face.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace till::http {

struct ResponseLimits {
  std::size_t body_bytes = 0;
  std::size_t header_bytes = 0;
};

// Reads one answer after another; interim (1xx) answers are skipped. No thread of its own.
class ResponseReader {
 public:
  enum class State { kMore, kDone, kFailed };
  static constexpr int kMaxInterim = 16;

  explicit ResponseReader(ResponseLimits limits);
  ~ResponseReader();

  // Gets the body of an answer with status 200 instead of the answer itself; see Client::BytesCallback.
  using Sink = std::function<bool(const Response&, std::string_view)>;

  // A new answer begins. `headers_only`: its header ends it, as for HEAD and CONNECT. `sink` may be null, and must
  // outlive the answer.
  void start(bool headers_only, const Sink* sink = nullptr);
  // Takes what it can from `bytes` and sets `*taken`; the rest must be offered again, with more behind it.
  State read(std::string_view bytes, std::size_t* taken);
  // The peer sends no more: kDone only for a body that ends so.
  State end();

  bool began() const { return began_; }
  // After kDone: whether another answer may follow on this connection.
  bool keep_alive() const;
  // After kDone. Call once.
  Response take();
  // After kFailed: "malformed", "too_large", "truncated", or "stopped" by the sink; `sent` and the place are the
  // caller's to fill in.
  const Error& error() const { return error_; }

 private:
  class Parser;
  State fail(std::string code, std::string message);

  ResponseLimits limits_;
  std::unique_ptr<Parser> parser_;
  bool headers_only_ = false;
  const Sink* sink_ = nullptr;
  bool began_ = false;
  int interim_ = 0;
  Error error_;
};

}  // namespace till::http
