// Operation output: see operation_output.h.
#include "core/plugin/operation_output.h"

#include <string>
#include <utility>
#include <vector>

#include "core/plugin/operations.h"
#include "core/plugin/plain_text.h"
#include "core/plugin/schema.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

// Of an event's name in a message.
constexpr std::size_t kMaxShownEvent = 60;

void settle_page(json::Object& page) {
  json::Value* items = page.find("items");
  if (items && items->object() && items->object()->empty()) *items = json::Array();
  json::Value* next = page.find("next");
  if (next && next->as_integer()) *next = next->number()->text;
}

Error output_error(std::string_view operation, const std::string& problem, std::string field) {
  Error error = plugin_error("script_output", "what provider." + std::string(operation) + " returned: " + problem);
  error.field = std::move(field);
  return error;
}

}  // namespace

Status check_operation_output(std::string_view operation, json::Value& output) {
  const UnifiedOperation* unified = find_operation(operation);
  if (!unified || unified->output.is_null()) return {};
  if (output.object() && unified->output.find("properties")->find("items")) settle_page(*output.object());
  const Status fits = check(unified->output, output, "$");
  if (fits.ok()) return {};
  return output_error(operation, fits.error().message, fits.error().field);
}

Status check_event(const Manifest& manifest, std::string_view event) {
  const auto& events = manifest.webhooks.events;
  if (events.contains(event)) return {};
  std::vector<std::string_view> names;
  names.reserve(events.size());
  for (const auto& [name, unused] : events) names.emplace_back(name);
  const std::string problem = "`" + plain_text(event, kMaxShownEvent) +
                              "` is not among the manifest's `webhooks.events`" + did_you_mean(event, names);
  return output_error("webhooks.receive", sentence("$.event", problem), "$.event");
}

}  // namespace till::plugin
