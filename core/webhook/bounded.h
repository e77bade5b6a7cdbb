// Bounded: a list of at most kMax values without memory of its own: what a hostile request fills is limited by type.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace till::webhook {

// Costs what it holds: places that are not used are not touched.
template <class T, std::size_t kMax>
class Bounded {
 public:
  Bounded() = default;
  Bounded(const Bounded&) = delete;
  Bounded& operator=(const Bounded&) = delete;
  ~Bounded() { std::destroy_n(values(), size_); }

  // False when it is full.
  bool push(T value) {
    if (size_ == kMax) return false;
    new (values() + size_) T(std::move(value));
    ++size_;
    return true;
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::span<const T> view() const { return {std::launder(reinterpret_cast<const T*>(storage_)), size_}; }
  std::span<T> view() { return {values(), size_}; }

 private:
  T* values() { return std::launder(reinterpret_cast<T*>(storage_)); }

  alignas(T) std::byte storage_[sizeof(T) * kMax];  // NOLINT(bugprone-sizeof-expression): T may be a pointer
  std::size_t size_ = 0;
};

}  // namespace till::webhook
