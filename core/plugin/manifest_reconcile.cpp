// How a write can be settled whose answer never came: what the provider's documentation offers for it.
#include <algorithm>

#include "core/plugin/manifest_parts.h"

namespace till::plugin {
namespace {

constexpr std::int64_t kMaxKeyHours = 24LL * 366;

Status need(const Node& node, const Manifest& manifest, std::string_view operation) {
  if (manifest.capabilities.contains(operation)) return {};
  return node.error("needs the capability `" + std::string(operation) + "`");
}

Status read_by(const Node& node, const std::string& operation, const Manifest& manifest, Reconcile& out) {
  TILL_ASSIGN(const Node by, node.required("by"));
  TILL_ASSIGN(const std::string word, by.text());
  const bool creates = operation == "payments.create";
  if (word == "repeat") {
    out.by = Reconcile::By::kRepeat;
    if (manifest.idempotency_header.empty())
      return by.error("`repeat` needs `idempotency`: without a key it pays twice");
    return {};
  }
  if (word == "reference" && creates)
    out.by = Reconcile::By::kReference;
  else if (word == "list" && (creates || operation == "refunds.create"))
    out.by = Reconcile::By::kList;
  else
    return by.error(creates                         ? "must be `reference`, `list` or `repeat`"
                    : operation == "refunds.create" ? "must be `list` or `repeat`"
                                                    : "must be `repeat`");
  if (!creates) return need(by, manifest, "refunds.list");
  TILL_TRY(need(by, manifest, "payments.list"));
  return need(by, manifest, "payments.get");
}

Status read_hours(const Node& node, Reconcile& out) {
  const auto hours = node.find("keys_last_hours");
  if (out.by != Reconcile::By::kRepeat) return hours ? hours->error("goes with `repeat` only") : Status();
  TILL_ASSIGN(const Node given, node.required("keys_last_hours"));
  const auto count = given.value().as_integer();
  if (!count || *count < 1 || *count > kMaxKeyHours)
    return given.error("must be the whole hours for which the provider documents that it knows a key, at least 1");
  out.keys_last_hours = *count;
  return {};
}

// A flag that means something for one operation, asked about in one way.
Status read_flag(const Node& node, std::string_view key, bool allowed, std::string_view where, bool& out) {
  TILL_ASSIGN(out, node.flag(key));
  if (out && !allowed) return node.find(key)->error("goes with " + std::string(where) + " only");
  return {};
}

Status read_way(const Node& node, const std::string& operation, const Manifest& manifest, Reconcile& out) {
  TILL_TRY(node.only({"by", "window", "fetch", "untimed", "keys_last_hours"}));
  TILL_TRY(need(node, manifest, operation));
  TILL_TRY(read_by(node, operation, manifest, out));
  const bool lists = out.by != Reconcile::By::kRepeat;
  const bool lists_payments = lists && operation == "payments.create";
  TILL_TRY(read_flag(node, "window", lists_payments, "a list of payments", out.window));
  TILL_TRY(read_flag(node, "fetch", lists_payments, "a list of payments", out.fetch));
  TILL_TRY(read_flag(node, "untimed", lists && operation == "refunds.create", "a list of refunds", out.untimed));
  return read_hours(node, out);
}

}  // namespace

Status read_reconcile(const Node& root, Manifest& manifest) {
  const auto node = root.find("reconcile");
  if (!node) return {};
  TILL_ASSIGN(const auto members, node->members());
  for (const auto& [operation, way] : members) {
    if (operation != "payments.create" && operation != "payments.cancel" && operation != "payments.accept" &&
        operation != "refunds.create")
      return way.error("must be one of payments.create, payments.cancel, payments.accept and refunds.create");
    TILL_TRY(read_way(way, operation, manifest, manifest.reconcile[operation]));
  }
  return {};
}

}  // namespace till::plugin
