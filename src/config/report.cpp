#include "config/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace berth::config {
namespace {

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::note: return "note";
  }
  return "error";
}

// A diagnostic is one line, whatever stands in the names that it repeats.
std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return text;
}

void mask(std::string& text, const std::vector<std::string>& secrets) {
  static constexpr std::string_view mask = "[redacted]";
  for (const std::string& secret : secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size())) {
      text.replace(at, secret.size(), mask);
    }
  }
}

}  // namespace

void Report::add(Severity severity, Position at, std::string message, std::string hint) {
  has_errors_ |= severity == Severity::error;
  entries_.push_back({at, {severity, file_, at.line, at.column, std::move(message), std::move(hint)}});
}

void Report::error(Position at, std::string message, std::string hint) {
  add(Severity::error, at, std::move(message), std::move(hint));
}

void Report::warning(Position at, std::string message, std::string hint) {
  add(Severity::warning, at, std::move(message), std::move(hint));
}

void Report::note(Position at, std::string message, std::string hint) {
  add(Severity::note, at, std::move(message), std::move(hint));
}

void Report::error_elsewhere(Position named_at, std::string file, Position at, std::string message, std::string hint) {
  has_errors_ = true;
  entries_.push_back(
      {named_at, {Severity::error, std::move(file), at.line, at.column, std::move(message), std::move(hint)}});
}

std::vector<Diagnostic> Report::take() {
  const auto secrets = secrets_.take();
  for (Entry& entry : entries_) {
    mask(entry.diagnostic.file, secrets);
    mask(entry.diagnostic.message, secrets);
    mask(entry.diagnostic.hint, secrets);
  }
  const auto key = [](const Entry& entry) {
    const Diagnostic& d = entry.diagnostic;
    return std::tie(entry.anchor, d.file, d.line, d.column, d.severity, d.message);
  };
  std::ranges::sort(entries_, {}, key);
  const auto repeated = std::ranges::unique(entries_, {}, key);
  entries_.erase(repeated.begin(), repeated.end());

  std::vector<Diagnostic> diagnostics;
  diagnostics.reserve(entries_.size());
  for (Entry& entry : entries_) diagnostics.push_back(std::move(entry.diagnostic));
  entries_.clear();
  return diagnostics;
}

std::string to_string(const Diagnostic& d) {
  std::string text = fmt::format("{}:{}:{}: {}: {}", d.file, d.line, d.column, word_of(d.severity), d.message);
  if (!d.hint.empty()) text += fmt::format(" ({})", d.hint);
  return one_line(std::move(text));
}

}  // namespace berth::config
