#pragma once
// Does a line of output say that the port was taken? The words that Berth knows, and the patterns of the configuration.

#include <berth/config.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace berth::app {

class ConflictWords {
 public:
  explicit ConflictWords(const std::vector<std::string>& patterns);
  ~ConflictWords();
  ConflictWords(ConflictWords&&) noexcept;
  ConflictWords& operator=(ConflictWords&&) noexcept;

  [[nodiscard]] bool match(std::string_view line, Port port) const;

 private:
  struct Patterns;
  std::unique_ptr<Patterns> patterns_;  // none in nearly every configuration
};

}  // namespace berth::app
