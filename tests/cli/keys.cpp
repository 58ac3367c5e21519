#include "cli/keys.hpp"

#include "cli/terminal.hpp"
#include "support/catch.hpp"

namespace berth::cli {

TEST_CASE("Keys are told from what a terminal sends") {
  using Keys = std::vector<KeyPress>;
  CHECK(keys_in("jk") == Keys{{Key::character, 'j'}, {Key::character, 'k'}});
  CHECK(keys_in("\x1b[A\x1bOB") == Keys{{Key::up, 0}, {Key::down, 0}});
  CHECK(keys_in("\r") == Keys{{Key::enter, 0}});
  CHECK(keys_in("\x1b") == Keys{{Key::escape, 0}});
  CHECK(keys_in("\x1b[15~q") == Keys{{Key::character, 'q'}});
  CHECK(keys_in("\x1b[1;5Cq") == Keys{{Key::character, 'q'}});
  CHECK(keys_in("\x1b[").empty());
  CHECK(keys_in("\xc3\xa4").empty());
}

TEST_CASE("A frame writes the lines that differ, and nothing when none does") {
  const std::vector<std::string> before{"a", "b", "c"};
  CHECK(repaint(&before, before).empty());
  CHECK(repaint(&before, {"a", "x", "c"}) == "\x1b[?2026h\x1b[2;1H\x1b[Kx\x1b[0m\x1b[?2026l");
  CHECK(repaint(&before, {"a", "b"}) == "\x1b[?2026h\x1b[3;1H\x1b[K\x1b[0m\x1b[?2026l");
  CHECK(repaint(nullptr, {"a"}) == "\x1b[?2026h\x1b[2J\x1b[1;1H\x1b[Ka\x1b[0m\x1b[?2026l");
}

}  // namespace berth::cli
