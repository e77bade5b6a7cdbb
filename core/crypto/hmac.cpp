// HMAC through keyed contexts that are restarted with a NULL key: keying anew costs as much as 1 KiB of message.
#include "core/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "core/crypto/constant_time.h"

namespace till {
namespace {

struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

struct HashName {
  const char* name;
  std::size_t size;
};

HashName name_of(HmacHash hash) {
  switch (hash) {
    case HmacHash::kSha1:
      return {"SHA1", 20};
    case HmacHash::kSha256:
      return {"SHA2-256", 32};
    case HmacHash::kSha384:
      return {"SHA2-384", 48};
    case HmacHash::kSha512:
      return {"SHA2-512", 64};
  }
  std::abort();
}

// nullptr when OpenSSL cannot.
MacContext make_keyed_context(const char* hash_name, std::string_view key) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (hmac == nullptr) return nullptr;
  MacContext context(EVP_MAC_CTX_new(hmac));
  // OpenSSL takes a writable pointer and writes nothing.
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash_name), 0),
                               OSSL_PARAM_construct_end()};
  const auto bytes = byte_span(key);
  if (context == nullptr || EVP_MAC_init(context.get(), bytes.data(), bytes.size(), params) != 1) return nullptr;
  return context;
}

// A number for each thread, so that threads start their search at different places.
std::size_t thread_number() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

// One context for each of up to kSlots threads at work. A thread takes the first free slot from its own number on,
// which is almost always its own; where all are taken it keys a context of its own. No lock is waited for, so a fork in
// between costs the child one slot at worst.
struct HmacKey::Contexts {
  static constexpr std::size_t kSlots = 16;
  static constexpr std::size_t kCacheLine = 64;

  struct alignas(kCacheLine) Slot {
    std::atomic<bool> taken{false};
    MacContext context;
  };

  HashName hash;
  Secret key;
  std::array<Slot, kSlots> slots;

  Contexts(HashName hash_name, Secret secret) : hash(hash_name), key(std::move(secret)) {}

  Slot* take() {
    const std::size_t first = thread_number();
    for (std::size_t i = 0; i < kSlots; ++i) {
      Slot& slot = slots[(first + i) % kSlots];
      if (!slot.taken.exchange(true, std::memory_order_acquire)) return &slot;
    }
    return nullptr;
  }
  static void give_back(Slot* slot) {
    if (slot != nullptr) slot->taken.store(false, std::memory_order_release);
  }
};

HmacKey::HmacKey(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Result<HmacKey> HmacKey::create(HmacHash hash, const Secret& key) {
  if (key.empty()) return configuration_error("", "the signing secret is empty");
  auto contexts = std::make_unique<Contexts>(name_of(hash), key.clone());
  // Keyed here, so that what OpenSSL does not offer fails now and not at the first message.
  contexts->slots[0].context = make_keyed_context(contexts->hash.name, key.reveal());
  if (contexts->slots[0].context == nullptr)
    return Error{
        .kind = ErrorKind::kInternal, .code = "no_hmac", .message = "this OpenSSL offers no HMAC with this hash"};
  return HmacKey(std::move(contexts));
}

Mac HmacKey::sign_parts(std::span<const std::string_view> parts) const {
  Contexts::Slot* slot = contexts_->take();
  MacContext own;
  MacContext& context = slot != nullptr ? slot->context : own;
  bool good = true;
  if (context == nullptr)
    context = make_keyed_context(contexts_->hash.name, contexts_->key.reveal());
  else
    good = EVP_MAC_init(context.get(), nullptr, 0, nullptr) == 1;
  good = good && context != nullptr;
  for (const std::string_view part : parts)
    good = good && EVP_MAC_update(context.get(), byte_span(part).data(), part.size()) == 1;
  Mac mac;
  good = good && EVP_MAC_final(context.get(), mac.bytes_.data(), &mac.size_, mac.bytes_.size()) == 1;
  Contexts::give_back(slot);
  if (!good || mac.size_ != contexts_->hash.size) std::abort();
  return mac;
}

bool HmacKey::verify(std::string_view message, std::string_view mac) const {
  return constant_time_equal(sign(message).bytes(), mac);
}

}  // namespace till
