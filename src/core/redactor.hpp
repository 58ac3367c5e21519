#pragma once
// Keeps secrets out of everything that Berth says: replaces their values wherever they turn up in a text.

#include <string>
#include <string_view>
#include <vector>

namespace berth::core {

class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& secrets = {}) { add(secrets); }

  // More of them.
  void add(const std::vector<std::string>& secrets);

  [[nodiscard]] std::string operator()(std::string_view text) const;

  // A line of output, fit to be shown (`printable`): what is left out there must not put a secret together.
  [[nodiscard]] std::string shown(std::string_view line) const;

 private:
  std::vector<std::string> secrets_;  // longest first, so that one inside another does not leave a rest
};

}  // namespace berth::core
