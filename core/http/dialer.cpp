#include "core/http/dialer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "core/http/message.h"

namespace till::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kStagger = std::chrono::milliseconds(250);
constexpr std::size_t kMaxAddresses = 16;

Error dial_error(const char* code, std::string message) {
  Error error{ErrorKind::kTransport, code, std::move(message)};
  error.retryable = true;
  return error;
}

// In the resolver's order, but the two families take turns.
std::vector<tcp::endpoint> interleave(const std::vector<std::string>& addresses, std::uint16_t port) {
  std::vector<tcp::endpoint> first, second;
  for (const auto& text : addresses) {
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(text, bad);
    if (bad || first.size() + second.size() >= kMaxAddresses) continue;
    const bool same = first.empty() || first.front().address().is_v6() == address.is_v6();
    (same ? first : second).emplace_back(address, port);
  }
  std::vector<tcp::endpoint> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

bool is_address(const std::string& host) {
  boost::system::error_code bad;
  asio::ip::make_address(host, bad);
  return !bad;
}

}  // namespace

// Shared with the handlers of the attempts, which may run after the dialer has gone.
struct Dialer::Race {
  explicit Race(asio::io_context& io) : wake(io) {}

  asio::steady_timer wake;  // cancelled by whoever has news
  std::optional<Lookups::Addresses> addresses;
  std::vector<tcp::endpoint> endpoints;
  std::vector<Socket> sockets;
  std::size_t failed = 0;
  std::optional<std::size_t> winner;
  boost::system::error_code last_error;
  bool cancelled = false;
};

Dialer::Dialer(Loop& loop, Lookups& lookups)
    : loop_(loop), lookups_(lookups), race_(std::make_shared<Race>(loop.io())) {}

Dialer::~Dialer() = default;

void Dialer::cancel() {
  race_->cancelled = true;
  race_->wake.cancel();
  for (auto& socket : race_->sockets) {
    boost::system::error_code ignored;
    socket.close(ignored);
  }
}

asio::awaitable<void> Dialer::pause() {
  boost::system::error_code woken;
  co_await race_->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<Lookups::Addresses> Dialer::look_up(std::string host) {
  if (is_address(host)) co_return std::vector<std::string>{host};
  // Never asked of DNS: plain http is trusted to stay on this machine (RFC 6761, section 6.3).
  if (is_loopback_host(host)) co_return std::vector<std::string>{"127.0.0.1", "::1"};
  lookups_.start(host, [race = race_](const Lookups::Addresses& found) {
    race->addresses = found;
    race->wake.cancel();
  });
  race_->wake.expires_at(TimePoint::max());
  while (!race_->addresses && !race_->cancelled) co_await pause();
  if (race_->cancelled) co_return dial_error("resolve", "the look-up was given up");
  co_return *std::move(race_->addresses);
}

void Dialer::start(const std::shared_ptr<Race>& race, std::size_t index) {
  race->sockets.emplace_back(loop_.io());
  race->sockets.back().async_connect(race->endpoints[index], [race, index](const boost::system::error_code& error) {
    if (error) {
      ++race->failed;
      race->last_error = error;
    } else if (!race->winner) {
      race->winner = index;
    }
    race->wake.cancel();
  });
}

asio::awaitable<Result<tcp::socket>> Dialer::dial(std::string host, std::uint16_t port) {
  const auto race = race_;
  const Lookups::Addresses addresses = co_await look_up(std::move(host));
  if (!addresses.ok()) co_return addresses.error();
  race->endpoints = interleave(*addresses, port);
  race->sockets.reserve(race->endpoints.size());
  if (race->endpoints.empty()) co_return dial_error("resolve", "the host name has no usable address");
  while (!race->winner && !race->cancelled && race->failed < race->endpoints.size()) {
    if (race->sockets.size() < race->endpoints.size()) start(race, race->sockets.size());
    const bool last = race->sockets.size() == race->endpoints.size();
    race->wake.expires_at(last ? TimePoint::max() : std::chrono::steady_clock::now() + kStagger);
    co_await pause();
  }
  if (race->cancelled) co_return dial_error("connect", "connecting was given up");
  if (!race->winner) co_return dial_error("connect", "no connection: " + race->last_error.message());
  Socket won = std::move(race->sockets[*race->winner]);
  cancel();
  co_return won;
}

}  // namespace till::http
