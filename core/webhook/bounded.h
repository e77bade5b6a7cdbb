// Bounded: a list of at most kMax values without memory of its own: what a hostile request fills is limited by type.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace till::webhook {

template <class T, std::size_t kMax>
class Bounded {
 public:
  // False when it is full.
  bool push(T value) {
    if (size_ == kMax) return false;
    values_[size_++] = std::move(value);
    return true;
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::span<const T> view() const { return {values_.data(), size_}; }
  std::span<T> view() { return {values_.data(), size_}; }

 private:
  std::array<T, kMax> values_;
  std::size_t size_ = 0;
};

}  // namespace till::webhook
