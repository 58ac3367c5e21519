#include "core/redactor.hpp"

#include <algorithm>

#include "core/printable.hpp"

namespace berth::core {

namespace {
constexpr std::string_view mask = "[redacted]";
}

// As JSON writes it too: most logs are that.
void Redactor::add(const std::vector<std::string>& secrets) {
  const auto know = [this](std::string secret) {
    if (std::ranges::find(secrets_, secret) == secrets_.end()) secrets_.push_back(std::move(secret));
  };
  for (const std::string& secret : secrets) {
    std::string escaped;
    for (const char c : secret) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    know(secret);
    know(std::move(escaped));
  }
  std::ranges::sort(secrets_, [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out(text);
  for (const std::string& secret : secrets_) {
    if (secret.empty()) continue;
    for (std::size_t at = out.find(secret); at != std::string::npos; at = out.find(secret, at)) {
      out.replace(at, secret.size(), mask);
      at += mask.size();
    }
  }
  return out;
}

std::string Redactor::shown(std::string_view line) const {
  if (secrets_.empty()) return printable(line);
  return printable((*this)(printable((*this)(line))));
}

std::string Redactor::shown_piece(std::string_view piece, std::string_view before, bool goes_on) const {
  constexpr std::size_t telling = 3;  // fewer bytes stand at the end of many a line
  std::size_t at_begin = 0;
  std::size_t at_end = 0;
  for (const std::string_view secret : secrets_) {
    for (std::size_t split = 1; split < secret.size(); ++split) {
      const auto first = secret.substr(0, split);
      const auto second = secret.substr(split);
      if (before.ends_with(first) && piece.starts_with(second)) at_begin = std::max(at_begin, second.size());
      if (goes_on && split >= telling && piece.ends_with(first)) at_end = std::max(at_end, split);
    }
  }
  if (at_begin == 0 && at_end == 0) return shown(piece);
  at_end = std::min(at_end, piece.size() - at_begin);
  const auto middle = shown(piece.substr(at_begin, piece.size() - at_begin - at_end));
  return std::string(at_begin == 0 ? "" : mask) + middle + std::string(at_end == 0 ? "" : mask);
}

}  // namespace berth::core
