// Money, cards, keys and the table of operations: what Python asks of the core without a gateway.
#include <pybind11/pybind11.h>

#include <utility>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/sin.h"
#include "core/json/json.h"
#include "core/money/money.h"
#include "core/plugin/operations.h"
#include "core/runtime/card.h"
#include "core/runtime/local_operation.h"

namespace py = pybind11;

namespace till::python {

namespace {

py::object plus(const Money& left, const Money& right) { return result_object(left.plus(right)); }
py::object minus(const Money& left, const Money& right) { return result_object(left.minus(right)); }
py::object minor(const Money& money) { return result_object(money.minor()); }

// -1, 0 or 1.
py::object compare(const Money& left, const Money& right) {
  const auto order = left.compare(right);
  if (!order.ok()) return error_tuple(order.error());
  if (order.value() == std::strong_ordering::equal) return py::int_(0);
  return py::int_(order.value() == std::strong_ordering::less ? -1 : 1);
}

py::object remember(std::string_view number, std::string_view cvv, std::string expiry_month, std::string expiry_year,
                    std::string holder_name) {
  return result_object(remember_card(
      CardData{Secret(number), Secret(cvv), std::move(expiry_month), std::move(expiry_year), std::move(holder_name)}));
}

py::str generate_private_key() { return py::str(std::string(SigningKey::generate().hex().reveal())); }

Result<std::pair<std::string, std::string>> public_side(std::string_view private_key) {
  TILL_ASSIGN(const SigningKey key, SigningKey::from_hex(Secret(private_key)));
  TILL_ASSIGN(std::string sin, sin_of(key.public_key()));
  return std::pair(key.public_key_hex(), std::move(sin));
}

// (public key in hex, SIN)
py::object identity_of(std::string_view private_key) { return result_object(public_side(private_key)); }

std::string_view card_use_name(plugin::CardUse use) {
  switch (use) {
    case plugin::CardUse::kNone:
      return "none";
    case plugin::CardUse::kOptional:
      return "optional";
    case plugin::CardUse::kRequired:
      return "required";
  }
  return "none";
}

// The table of unified operations as JSON: [{name, write, card, input, output}, ...].
py::bytes operations() {
  json::Array table;
  for (const plugin::UnifiedOperation& operation : plugin::unified_operations())
    table.push_back(json::Object{{"name", operation.name},
                                 {"write", operation.write},
                                 {"card", card_use_name(operation.card)},
                                 {"input", operation.input},
                                 {"output", operation.output}});
  return py::bytes(json::write(table));
}

// The table of local operations as JSON: [{name, input}, ...].
py::bytes local_operation_table() {
  json::Array table;
  for (const LocalOperation& operation : local_operations())
    table.push_back(json::Object{{"name", operation.name}, {"input", operation.input}});
  return py::bytes(json::write(table));
}

void bind_money(py::module_& module) {
  py::class_<Money>(module, "NativeMoney")
      .def_static(
          "parse",
          [](std::string_view amount, std::string_view currency) {
            return result_object(Money::parse(amount, currency));
          },
          py::arg("amount"), py::arg("currency"))
      .def_static(
          "from_minor",
          [](std::int64_t units, std::string_view currency) {
            return result_object(Money::from_minor(units, currency));
          },
          py::arg("minor"), py::arg("currency"))
      .def("amount_text", &Money::amount_text)
      .def("currency_code", [](const Money& money) { return money.currency().code(); })
      .def("minor", &minor)
      .def("plus", &plus)
      .def("minus", &minus)
      .def("compare", &compare);
}

}  // namespace

void bind_values(py::module_& module) {
  bind_money(module);
  module.def("remember_card", &remember, py::arg("number"), py::arg("cvv"), py::arg("expiry_month"),
             py::arg("expiry_year"), py::arg("holder_name"));
  module.def("forget_card", &forget_card, py::arg("handle"));
  module.def("generate_private_key", &generate_private_key);
  module.def("operations", &operations);
  module.def("local_operations", &local_operation_table);
  module.def("identity_of", &identity_of, py::arg("private_key"));
}

}  // namespace till::python
