// Compiled by ctest once for each case: with REPAIRED=0 it must not compile, with REPAIRED=1 it must.
#include "core/money/money.h"

#if REPAIRED
#define AMOUNT(binary) till::Decimal::from_integer(1)
#define COUNT(binary) 1
#define TEXT(binary) "1.5"
#else
#define AMOUNT(binary) binary
#define COUNT(binary) binary
#define TEXT(binary) binary
#endif

#if defined(CASE_decimal_from_double)
const till::Decimal value(AMOUNT(1.5));
#elif defined(CASE_decimal_from_float)
const till::Decimal value(AMOUNT(1.5f));
#elif defined(CASE_decimal_assigned_double)
const till::Decimal value = AMOUNT(1.5);
#elif defined(CASE_decimal_from_integer_double)
const auto value = till::Decimal::from_integer(COUNT(1.0));
#elif defined(CASE_decimal_from_units_double)
const auto value = till::Decimal::from_units(COUNT(1.0), 2);
#elif defined(CASE_money_from_minor_double)
const auto value = till::Money::from_minor(COUNT(1.0), "EUR");
#elif defined(CASE_money_from_minor_float)
const auto value = till::Money::from_minor(COUNT(1.0f), "EUR");
#elif defined(CASE_money_parse_double)
const auto value = till::Money::parse(TEXT(1.5), "EUR");
#elif defined(CASE_money_of_double)
auto value(till::Currency currency) { return till::Money::of(AMOUNT(1.5), currency); }
#else
#error "no such case"
#endif
