// Operation, lists that are given whole: the script is asked for page after page, within one operation's requests and
// time.
#include <algorithm>
#include <iterator>
#include <utility>

#include "core/plugin/operation_output.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

// A page that needed no request counts as one, so that a list ends in any case.
constexpr int kMaxRequests = plugin::ScriptLimits().max_requests;

Error endless_list(const std::string& operation) {
  return {.kind = ErrorKind::kProvider,
          .code = "endless_list",
          .message = operation + " has no end: a page names itself as the next one",
          .sent = Sent::kYes};
}

}  // namespace

Error Operation::list_too_long() const {
  return {.kind = ErrorKind::kProvider,
          .code = std::string(kListTooLong),
          .message = operation_ + " goes on after " + std::to_string(kMaxRequests) +
                     " requests, the most that one operation makes: nothing of the list is given rather than a part",
          .sent = Sent::kYes};
}

// What one run of the script may still ask for.
plugin::ScriptLimits Operation::script_limits() const {
  plugin::ScriptLimits limits;
  if (pages_ > 0) limits.max_requests -= requests_;
  return limits;
}

// A page that is none goes on as it is: the check of all output says what is wrong with it.
void Operation::take_page(json::Value page) {
  ++pages_;
  if (!plugin::check_operation_output(operation_, page).ok()) return take_result(std::move(page));
  json::Array& items = *page.object()->find("items")->array();
  std::move(items.begin(), items.end(), std::back_inserter(items_));
  const json::Value* next = page.find("next");
  if (next && !next->is_null()) return ask_for_page(*next);
  page.object()->set("items", std::move(items_));
  take_result(std::move(page));
}

void Operation::ask_for_page(json::Value cursor) {
  if (cursor == cursor_) return finish(endless_list(operation_));
  if (std::max(pages_, requests_) >= kMaxRequests) return finish(list_too_long());
  cursor_ = std::move(cursor);
  Status begun = run_script();
  if (!begun.ok()) finish(std::move(begun).error());
}

}  // namespace till
