// Result<T>: a value or an Error. How every expected failure travels inside the core; exceptions do not cross its
// rooms.
#pragma once

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/base/error.h"

namespace till {

// Holds exactly one of T and Error. Reading the wrong one is a bug of the caller and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), std::get<0>(state_); }
  const T& value() const& { return assert(ok()), std::get<0>(state_); }
  T&& value() && { return assert(ok()), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return assert(!ok()), std::get<1>(state_); }
  const Error& error() const& { return assert(!ok()), std::get<1>(state_); }
  Error&& error() && { return assert(!ok()), std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  Error& error() & { return assert(!ok()), *error_; }
  const Error& error() const& { return assert(!ok()), *error_; }
  Error&& error() && { return assert(!ok()), *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace till

// TILL_TRY(expression): leaves the function with the error if the Status or Result failed.
#define TILL_TRY(expression)                                                                                   \
  do {                                                                                                         \
    if (auto till_try_result = (expression); !till_try_result.ok()) return std::move(till_try_result).error(); \
  } while (false)

// TILL_ASSIGN(auto x, expression): as TILL_TRY, then x is the value.
#define TILL_ASSIGN(declaration, expression) TILL_ASSIGN_AT(declaration, expression, __LINE__)
#define TILL_ASSIGN_AT(declaration, expression, line) TILL_ASSIGN_IN(declaration, expression, line)
#define TILL_ASSIGN_IN(declaration, expression, line)                         \
  auto till_result_##line = (expression);                                     \
  if (!till_result_##line.ok()) return std::move(till_result_##line).error(); \
  declaration = std::move(till_result_##line).value()
