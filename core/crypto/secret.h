// Secret: bytes that are wiped when they go, and that nothing can compare with ==, print or copy by accident.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace till {

// Move-only. The bytes live on the heap, never inside the object, so a move leaves no copy behind; they are cleansed
// before the memory is given back. Compare with constant_time_equal().
class Secret {
 public:
  Secret() = default;
  // Copies the bytes; wiping the original is the caller's part.
  explicit Secret(std::string_view bytes);
  // What was moved from is empty.
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // An explicit second owner.
  Secret clone() const { return Secret(reveal()); }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // The bytes, for the one place that uses them. The view dies with this object.
  std::string_view reveal() const { return {bytes_.get(), size_}; }

  bool operator==(const Secret&) const = delete;

 private:
  void wipe();

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

// Overwrites text that held a secret, and empties it.
void wipe(std::string& text);

}  // namespace till
