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

  // The same of a line that comes in pieces: what is cut in two by that is no less a secret. `before`: the last bytes
  // (`longest` of them will do) of the piece before this one; empty: it is the first. Of a beginning at the very end
  // of a piece, where the next one is not known yet, up to two bytes are shown.
  [[nodiscard]] std::string shown_piece(std::string_view piece, std::string_view before, bool goes_on) const;
  [[nodiscard]] std::size_t longest() const { return secrets_.empty() ? 0 : secrets_.front().size(); }

 private:
  std::vector<std::string> secrets_;  // longest first, so that one inside another does not leave a rest
};

}  // namespace berth::core
