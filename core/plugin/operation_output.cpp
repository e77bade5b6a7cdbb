// Operation output: see operation_output.h.
#include "core/plugin/operation_output.h"

#include <string>
#include <utility>

#include "core/plugin/operations.h"
#include "core/plugin/schema.h"

namespace till::plugin {
namespace {

void settle_page(json::Object& page) {
  json::Value* items = page.find("items");
  if (items && items->object() && items->object()->empty()) *items = json::Array();
  json::Value* next = page.find("next");
  if (next && next->as_integer()) *next = next->number()->text;
}

}  // namespace

Status check_operation_output(std::string_view operation, json::Value& output) {
  const UnifiedOperation* unified = find_operation(operation);
  if (!unified || unified->output.is_null()) return {};
  if (output.object() && unified->output.find("properties")->find("items")) settle_page(*output.object());
  const Status fits = check(unified->output, output, "$");
  if (fits.ok()) return {};
  Error error =
      plugin_error("script_output", "what provider." + std::string(operation) + " returned: " + fits.error().message);
  error.field = fits.error().field;
  return error;
}

}  // namespace till::plugin
