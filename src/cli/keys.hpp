#pragma once
// What a terminal sends when a key is pressed.

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

enum class Key { none, character, up, down, page_up, page_down, home, end, enter, escape };

struct KeyPress {
  Key key = Key::none;
  char character = 0;  // when it is one
  friend bool operator==(const KeyPress&, const KeyPress&) = default;
};

// The keys in what was read. A sequence that is not whole at its end is a key `escape` and what follows it: terminals
// send theirs in one piece. Unknown sequences are left out.
std::vector<KeyPress> keys_in(std::string_view bytes);

}  // namespace berth::cli
