#include "core/http/response_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "core/base/limits.h"

namespace till::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;
using beast::http::error;

constexpr int kStreamedStatus = 200;
constexpr std::size_t kMaxReserve = 256 * 1024;  // a promised length is not believed further than this

}  // namespace

// Beast's rules, and ours on top: counted fields, "chunked" as the only transfer coding, no switch of protocols.
class ResponseReader::Parser final : public beast::http::basic_parser<false> {
 public:
  Parser(const ResponseLimits& limits, bool headers_only, const Sink* sink) : limits_(limits), sink_(sink) {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    header_limit(static_cast<std::uint32_t>(std::min(limits.header_bytes, kMost)));
    // Of a streamed body there is none; any other is held against the limit in on_body_impl().
    sink == nullptr ? body_limit(limits.body_bytes) : body_limit(boost::none);
    eager(true);
    skip(headers_only);
  }

  Response& response() { return response_; }
  bool stopped() const { return stopped_; }

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, ErrorCode&) override {}

  void on_response_impl(int code, beast::string_view, int, ErrorCode& failed) override {
    if (code < 100 || code == 101) failed = error::bad_status;
    response_.status = code;
  }

  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     ErrorCode& failed) override {
    // Beast bounds what waits in the buffer; this bounds the sum, and so a header that drips in.
    header_bytes_ += name.size() + value.size() + 4;
    if (header_bytes_ > limits_.header_bytes || ++fields_ > kMaxHeaderFields) {
      failed = error::header_limit;
      return;
    }
    if (field == beast::http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
      failed = error::bad_transfer_encoding;
      return;
    }
    if (!is_header_done()) {  // trailers are read and dropped
      response_.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
  }

  void on_header_impl(ErrorCode& failed) override {
    if (is_streamed()) pass_on({}, failed);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    if (length && !is_streamed())
      response_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kMaxReserve)));
  }

  std::size_t on_body_impl(beast::string_view body, ErrorCode& failed) override {
    if (is_streamed()) return pass_on({body.data(), body.size()}, failed);
    if (body.size() > limits_.body_bytes - response_.body.size()) {
      failed = error::body_limit;
      return 0;
    }
    response_.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode& failed) override {
    return on_body_impl(body, failed);
  }

  void on_finish_impl(ErrorCode&) override {}

  bool is_streamed() const { return sink_ != nullptr && response_.status == kStreamedStatus; }

  std::size_t pass_on(std::string_view bytes, ErrorCode& failed) {
    stopped_ = !(*sink_)(response_, bytes);
    if (stopped_) failed = error::end_of_stream;
    return stopped_ ? 0 : bytes.size();
  }

  ResponseLimits limits_;
  const Sink* sink_;
  bool stopped_ = false;
  Response response_;
  std::size_t header_bytes_ = 0;
  std::size_t fields_ = 0;
};

ResponseReader::ResponseReader(ResponseLimits limits) : limits_(limits) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::start(bool headers_only, const Sink* sink) {
  headers_only_ = headers_only;
  sink_ = sink;
  began_ = false;
  interim_ = 0;
  parser_ = std::make_unique<Parser>(limits_, headers_only, sink);
}

ResponseReader::State ResponseReader::read(std::string_view bytes, std::size_t* taken) {
  *taken = 0;
  while (*taken < bytes.size()) {
    began_ = true;
    const auto rest = bytes.substr(*taken);
    ErrorCode failed;
    *taken += parser_->put(boost::asio::const_buffer(rest.data(), rest.size()), failed);
    if (failed == error::need_more) {
      // What waits for more is one header or one chunk's header, never a body.
      if (bytes.size() - *taken < limits_.header_bytes) return State::kMore;
      return fail("too_large", "a header of the answer is over the limit");
    }
    if (parser_->stopped()) return fail("stopped", "the stream was ended by its reader");
    if (failed == error::body_limit) return fail("too_large", "the body of the answer is over the limit");
    if (failed == error::header_limit) return fail("too_large", "the header of the answer is over the limit");
    if (failed) return fail("malformed", "the answer is not well-formed HTTP: " + failed.message());
    if (!parser_->is_done()) continue;
    if (parser_->response().status >= 200) return State::kDone;
    if (++interim_ > kMaxInterim) return fail("malformed", "too many interim answers");
    parser_ = std::make_unique<Parser>(limits_, headers_only_, sink_);
  }
  return State::kMore;
}

ResponseReader::State ResponseReader::end() {
  ErrorCode failed;
  if (parser_->got_some()) parser_->put_eof(failed);
  if (parser_->got_some() && !failed && parser_->response().status >= 200) return State::kDone;
  return fail("truncated", "the connection ended in the middle of the answer");
}

bool ResponseReader::keep_alive() const { return parser_->keep_alive(); }

Response ResponseReader::take() { return std::move(parser_->response()); }

ResponseReader::State ResponseReader::fail(std::string code, std::string message) {
  error_ = Error{ErrorKind::kTransport, std::move(code), std::move(message)};
  error_.retryable = error_.code == "truncated";
  return State::kFailed;
}

}  // namespace till::http
