#include "config/strings.hpp"

#include <utility>

#include "config/secrets.hpp"

namespace berth::config {
namespace {

void expand_string(Node& node, bool templated, StringPass& pass) {
  if (node.string.find('\0') != std::string::npos) {
    pass.report.error(node.at, "a NUL character in a string");
    node.unknown = true;
    return;
  }
  Expansion expansion = expand(node.string, pass.lookup);
  for (Expansion::Problem& problem : expansion.problems) {
    if (problem.unset && pass.unset == Unset::ignored) continue;
    const bool harmless = problem.unset && pass.unset == Unset::warning;
    pass.report.add(harmless ? Severity::warning : Severity::error, node.at, std::move(problem.message),
                    std::move(problem.hint));
  }
  for (const Expansion::Use& use : expansion.used) {
    if (looks_secret(use.name)) pass.report.hide(use.value);
  }
  node.unknown = !expansion.problems.empty();
  node.expanded = !expansion.used.empty();
  node.string = std::move(templated ? expansion.escaped : expansion.plain);
  pass.used.insert(pass.used.end(), expansion.used.begin(), expansion.used.end());
}

}  // namespace

void StringPass::expand_below(Node& node, bool templated) {
  if (node.is(Node::Type::string)) expand_string(node, templated, *this);
  for (Node& item : node.items) expand_below(item, templated);
  for (Entry& entry : node.entries) expand_below(entry.value, templated);
}

}  // namespace berth::config
