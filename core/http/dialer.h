// Dialer: from a host and a port to a connected TCP socket, over whichever of the host's addresses answers first.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/http/lookups.h"

namespace till::http {

// Tries the addresses in turn, IPv6 and IPv4 alternating, each 250 ms after the one before or as soon as that failed,
// and all at once from then on (RFC 8305). One dial() per object.
class Dialer {
 public:
  Dialer(Loop& loop, Lookups& lookups);
  ~Dialer();

  // kTransport "resolve" or "connect". Runs until it has an answer; cancel() is how a time limit is kept.
  boost::asio::awaitable<Result<boost::asio::ip::tcp::socket>> dial(std::string host, std::uint16_t port);
  // dial() then returns an error soon. Harmless before and after.
  void cancel();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  struct Race;
  boost::asio::awaitable<Lookups::Addresses> look_up(std::string host);
  boost::asio::awaitable<void> pause();
  void start(const std::shared_ptr<Race>& race, std::size_t index);

  Loop& loop_;
  Lookups& lookups_;
  std::shared_ptr<Race> race_;
};

}  // namespace till::http
