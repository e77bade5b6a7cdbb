// money: exact amounts. A Money is a table {amount = "150.00", currency = "BZD"}.
#include <string>

#include "core/money/money.h"
#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

// Longer texts are no amounts: 38 digits, a sign, a point, an exponent, and zeros that some providers pad with.
constexpr std::size_t kMaxAmountText = 80;

Result<Decimal> decimal_of(std::string_view text) {
  if (text.size() > kMaxAmountText)
    return Error{.kind = ErrorKind::kInvalidRequest, .code = "invalid_decimal", .message = "an amount is too long"};
  return Decimal::parse_json_number(text);
}

Result<Money> money_of(std::string_view amount, std::string_view code) {
  TILL_ASSIGN(const Decimal decimal, decimal_of(amount));
  TILL_ASSIGN(const Currency currency, Currency::find(code));
  return Money::of(decimal, currency);
}

Result<Money> money_of(const MoneyArgument& argument) { return money_of(argument.amount.text(), argument.currency); }

Outcome raise_error(RunState& run, const Error& error) { return raise_text(run, error.message); }

// Pushes {amount = <the text made>, currency = code}.
int settle_money(lua_State* state, Outcome outcome, std::string_view code) {
  settle(state, outcome);
  const std::string& amount = run_of(state).text;
  lua_createtable(state, 0, 2);
  lua_pushlstring(state, amount.data(), amount.size());
  lua_setfield(state, -2, "amount");
  lua_pushlstring(state, code.data(), code.size());
  lua_setfield(state, -2, "currency");
  return 1;
}

Outcome keep(RunState& run, const Result<Money>& money) {
  if (!money) return raise_error(run, money.error());
  run.text = money->amount_text();
  return Outcome::kDone;
}

int money_make(lua_State* state) {
  const DecimalArgument amount = decimal_argument(state, 1);
  const std::string_view code = text_argument(state, 2);
  return settle_money(state, guarded(state, [=](RunState& run) { return keep(run, money_of(amount.text(), code)); }),
                      code);
}

int money_from_minor(lua_State* state) {
  const std::int64_t minor = integer_argument(state, 1);
  const std::string_view code = text_argument(state, 2);
  return settle_money(state, guarded(state, [=](RunState& run) { return keep(run, Money::from_minor(minor, code)); }),
                      code);
}

Result<Money> scaled(std::int64_t units, int scale, std::string_view code) {
  TILL_ASSIGN(const Decimal decimal, Decimal::from_units(units, scale));
  TILL_ASSIGN(const Currency currency, Currency::find(code));
  return Money::of(decimal, currency);
}

int money_scaled(lua_State* state) {
  const std::int64_t units = integer_argument(state, 1);
  const std::int64_t scale = integer_argument(state, 2);
  const std::string_view code = text_argument(state, 3);
  if (scale < 0 || scale > Decimal::kMaxScale) raise_argument(state, 2, "a scale from 0 to 18");
  return settle_money(
      state, guarded(state, [=](RunState& run) { return keep(run, scaled(units, static_cast<int>(scale), code)); }),
      code);
}

int money_decimal(lua_State* state) {
  const MoneyArgument money = money_argument(state, 1);
  settle(state, guarded(state, [=](RunState& run) {
           // The text itself, exactly as it is: "150.00" stays "150.00".
           const auto checked = money_of(money);
           if (!checked) return raise_error(run, checked.error());
           const auto amount = decimal_of(money.amount.text());
           run.text = money.amount.is_integer ? checked->amount_text() : amount->text();
           return Outcome::kDone;
         }));
  push_json_number(state, run_of(state).text);
  return 1;
}

int money_minor(lua_State* state) {
  const MoneyArgument money = money_argument(state, 1);
  settle(state, guarded(state, [=](RunState& run) {
           const auto checked = money_of(money);
           if (!checked) return raise_error(run, checked.error());
           const auto minor = checked->minor();
           if (!minor) return raise_error(run, minor.error());
           run.value = json::Value::integer(*minor);
           return Outcome::kDone;
         }));
  push_json(state, run_of(state).value);
  return 1;
}

using Combine = Result<Money> (Money::*)(const Money&) const;

int combined(lua_State* state, Combine combine) {
  const MoneyArgument a = money_argument(state, 1);
  const MoneyArgument b = money_argument(state, 2);
  return settle_money(state,
                      guarded(state,
                              [=](RunState& run) {
                                const auto left = money_of(a), right = money_of(b);
                                if (!left || !right) return raise_error(run, left ? right.error() : left.error());
                                return keep(run, ((*left).*combine)(*right));
                              }),
                      a.currency);
}

int money_add(lua_State* state) { return combined(state, &Money::plus); }
int money_sub(lua_State* state) { return combined(state, &Money::minus); }

int money_compare(lua_State* state) {
  const MoneyArgument a = money_argument(state, 1);
  const MoneyArgument b = money_argument(state, 2);
  settle(state, guarded(state, [=](RunState& run) {
           const auto left = money_of(a), right = money_of(b);
           if (!left || !right) return raise_error(run, left ? right.error() : left.error());
           const auto order = left->compare(*right);
           if (!order) return raise_error(run, order.error());
           run.value = json::Value::integer(*order < 0 ? -1 : *order > 0 ? 1 : 0);
           return Outcome::kDone;
         }));
  push_json(state, run_of(state).value);
  return 1;
}

int money_is_zero(lua_State* state) {
  const MoneyArgument money = money_argument(state, 1);
  settle(state, guarded(state, [=](RunState& run) {
           const auto checked = money_of(money);
           if (!checked) return raise_error(run, checked.error());
           run.value = checked->is_zero();
           return Outcome::kDone;
         }));
  push_json(state, run_of(state).value);
  return 1;
}

constexpr HostFunction kMoneyFunctions[] = {
    {"add", money_add},         {"compare", money_compare},
    {"decimal", money_decimal}, {"from_minor", money_from_minor},
    {"is_zero", money_is_zero}, {"minor", money_minor},
    {"of", money_make},         {"scaled", money_scaled},
    {"sub", money_sub},
};

}  // namespace

constexpr HostLibrary kMoneyLibrary{"money", kMoneyFunctions, nullptr};

}  // namespace till::plugin
