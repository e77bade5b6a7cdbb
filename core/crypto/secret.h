// Secret: bytes that are wiped when they go, and that nothing can compare with ==, print or copy by accident.
#pragma once

#include <string>
#include <string_view>

namespace till {

// Move-only. The bytes live on the heap and are cleansed before the memory is given back.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // An explicit second owner.
  Secret clone() const;
  bool empty() const { return bytes_.empty(); }
  // The bytes, for the one place that uses them. The view dies with this object.
  std::string_view reveal() const { return bytes_; }

  bool operator==(const Secret&) const = delete;

 private:
  std::string bytes_;
};

}  // namespace till
