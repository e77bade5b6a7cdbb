#include "core/http/lookups.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/base/signals.h"

namespace till::http {

Result<std::vector<std::string>> SystemResolver::resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = failed == 0 ? found : nullptr; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  if (!addresses.empty()) return addresses;
  const char* why = failed != 0 ? ::gai_strerror(failed) : "no address";
  Error error{ErrorKind::kTransport, "resolve", "the host name could not be resolved: " + std::string(why)};
  error.retryable = failed == EAI_AGAIN;  // no verdict on the name: the name server could not be asked
  return error;
}

// What the helper threads share with the loop's thread; they keep it alive.
struct Lookups::Shared {
  Shared(std::weak_ptr<Loop> to, std::shared_ptr<Resolver> by) : loop(std::move(to)), resolver(std::move(by)) {}

  const std::weak_ptr<Loop> loop;
  const std::shared_ptr<Resolver> resolver;
  std::map<std::string, std::vector<Done>> waiting;  // the loop's thread only

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::string> queue;  // and all below: guarded by mutex
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool closed = false;

  static bool add_thread(const std::shared_ptr<Shared>& self);
  static void work(const std::shared_ptr<Shared>& self);
  static void deliver(const std::shared_ptr<Shared>& self, const std::string& host, const Addresses& addresses);
};

void Lookups::Shared::deliver(const std::shared_ptr<Shared>& self, const std::string& host,
                              const Addresses& addresses) {
  const auto loop = self->loop.lock();
  if (!loop) return;
  loop->post([self, host, addresses] {
    const auto found = self->waiting.find(host);
    if (found == self->waiting.end()) return;
    const std::vector<Done> callbacks = std::move(found->second);
    self->waiting.erase(found);
    for (const auto& done : callbacks) done(addresses);
  });
}

void Lookups::Shared::work(const std::shared_ptr<Shared>& self) {
  std::unique_lock lock(self->mutex);
  while (true) {
    ++self->idle;
    const bool more =
        self->wake.wait_for(lock, std::chrono::seconds(2), [&] { return self->closed || !self->queue.empty(); });
    --self->idle;
    if (!more || self->closed) break;
    const std::string host = std::move(self->queue.front());
    self->queue.pop_front();
    lock.unlock();
    deliver(self, host, self->resolver->resolve(host));
    lock.lock();
  }
  --self->threads;
}

Lookups::Lookups(std::shared_ptr<Loop> loop, std::shared_ptr<Resolver> resolver)
    : shared_(std::make_shared<Shared>(std::move(loop), std::move(resolver))) {}

Lookups::~Lookups() {
  shared_->waiting.clear();
  const std::lock_guard lock(shared_->mutex);
  shared_->closed = true;
  shared_->wake.notify_all();
}

// With the mutex held. False when the system has no thread to give. The thread is detached: nothing can interrupt
// getaddrinfo, and no one should wait for it. It holds all that it touches.
bool Lookups::Shared::add_thread(const std::shared_ptr<Shared>& self) {
  try {
    std::thread([self] {
      block_all_signals();
      work(self);
    }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  ++self->threads;
  return true;
}

void Lookups::start(const std::string& host, Done done) {
  auto& callbacks = shared_->waiting[host];
  callbacks.push_back(std::move(done));
  if (callbacks.size() > 1) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->queue.push_back(host);
  if (shared_->idle >= shared_->queue.size() || shared_->threads >= kMaxThreads) {
    shared_->wake.notify_one();
    return;
  }
  if (Shared::add_thread(shared_) || shared_->threads > 0) return;  // a busy thread takes it when it is done
  shared_->queue.pop_back();
  Error error{ErrorKind::kTransport, "resolve", "the system has no thread for the look-up"};
  error.retryable = true;
  Shared::deliver(shared_, host, error);
}

}  // namespace till::http
