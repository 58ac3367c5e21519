#include "app/redactor.hpp"

#include "app/output.hpp"

namespace berth::app {

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
