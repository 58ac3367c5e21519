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

  // The patterns see the first `longest_line` bytes. One that takes too long over a line (a child chooses its lines,
  // and some expressions take the square of their length, or worse) is asked no more: nobody else is served meanwhile.
  static constexpr std::size_t longest_line = 512;
  bool match(std::string_view line, Port port);

  // Patterns that were given up since this was asked last.
  std::vector<std::string> take_given_up();

 private:
  struct Patterns;
  std::unique_ptr<Patterns> patterns_;  // none in nearly every configuration
};

}  // namespace berth::app
