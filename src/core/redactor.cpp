#include "core/redactor.hpp"

#include <algorithm>

#include "core/printable.hpp"

namespace berth::core {

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
      static constexpr std::string_view mask = "[redacted]";
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

}  // namespace berth::core
