// Currency: an ISO 4217 or crypto currency code with the number of decimals its smallest unit has.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/base/result.h"

namespace till {

// A value; `code` points into the static table.
class Currency {
 public:
  // Exact upper-case code ("EUR", "BTC", "USDC"). Error: kInvalidRequest, field "currency", naming near codes.
  static Result<Currency> find(std::string_view code);
  // All known currencies, sorted by code.
  static std::span<const Currency> all();

  constexpr Currency(std::string_view code, std::string_view name, int exponent, bool crypto)
      : code_(code), name_(name), exponent_(exponent), crypto_(crypto) {}
  constexpr std::string_view code() const { return code_; }
  constexpr std::string_view name() const { return name_; }
  // Digits after the point of the smallest unit: 2 for EUR, 0 for JPY, 3 for BHD, 8 for BTC, 18 for ETH.
  constexpr int exponent() const { return exponent_; }
  constexpr bool is_crypto() const { return crypto_; }
  constexpr bool operator==(const Currency& other) const { return code_ == other.code_; }

 private:
  std::string_view code_;
  std::string_view name_;
  int exponent_;
  bool crypto_;
};

}  // namespace till
