#include "app/redactor.hpp"

#include <algorithm>

#include "app/output.hpp"

namespace berth::app {

// As JSON writes it too: most logs are that.
Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  const std::size_t many = secrets_.size();
  for (std::size_t i = 0; i < many; ++i) {
    std::string escaped;
    for (const char c : secrets_[i]) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    if (escaped != secrets_[i]) secrets_.push_back(std::move(escaped));
  }
  std::sort(secrets_.begin(), secrets_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
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

}  // namespace berth::app
