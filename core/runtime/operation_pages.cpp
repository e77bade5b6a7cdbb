// Operation, lists that are given whole: the script is asked for page after page, within one operation's requests and
// time.
#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/plugin/operation_output.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

// A page that needed no request counts as one, so that a list ends in any case.
constexpr int kMaxPages = plugin::ScriptLimits().max_requests;

}  // namespace

Error Operation::list_error(std::string_view code, const std::string& problem) const {
  return {.kind = ErrorKind::kProvider,
          .code = std::string(code),
          .message = operation_ + problem,
          .sent = requests_ > 0 ? Sent::kYes : Sent::kNo};
}

Error Operation::list_too_long() const {
  return list_error(kListTooLong, " goes on after all that one operation may ask for: " + std::to_string(kMaxPages) +
                                      " requests, " + std::to_string(kMaxListBytes) +
                                      " bytes, the work of one script and the gateway's time limit; nothing of the "
                                      "list is given rather than a part");
}

// What one run of the script may still do.
plugin::ScriptLimits Operation::script_limits() const {
  plugin::ScriptLimits limits;
  if (pages_ == 0) return limits;
  limits.max_requests -= requests_;
  limits.spent_instructions = script_->instructions();
  limits.spent_processor_ms = script_->processor_ms();
  return limits;
}

// A page that is none goes on as it is: the check of all output says what is wrong with it.
void Operation::take_page(json::Value page) {
  ++pages_;
  if (!plugin::check_operation_output(operation_, page).ok()) return take_result(std::move(page));
  json::Value* shown = page.object()->find("items");
  list_bytes_ += json::write(*shown).size();
  if (list_bytes_ > kMaxListBytes) return finish(list_too_long());
  json::Array& items = *shown->array();
  std::move(items.begin(), items.end(), std::back_inserter(items_));
  const json::Value* next = page.find("next");
  if (next && !next->is_null()) return ask_for_page(*next);
  page.object()->set("items", std::move(items_));
  take_result(std::move(page));
}

void Operation::ask_for_page(json::Value cursor) {
  if (cursor == cursor_) return finish(list_error("endless_list", " has no end: a page names itself as the next one"));
  if (std::max(pages_, requests_) >= kMaxPages || left_ms() <= 0) return finish(list_too_long());
  cursor_ = std::move(cursor);
  Status begun = run_script();
  if (!begun.ok()) take_step(std::move(begun).error());
}

}  // namespace till
