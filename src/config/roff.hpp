#pragma once
// Text for manual pages (man(7), which mandoc and groff both read).

#include <string>
#include <string_view>

namespace berth::config {

// With everything escaped that roff would take for its own, characters beyond ASCII by their code points, and what
// stands in `backticks` in bold. Newlines stay; no line begins with a control character.
std::string roff(std::string_view text);

// For lines that are shown as they are (between .EX and .EE).
std::string roff_literal(std::string_view text);

// ".TH NAME SECTION …": the first line of a page, after a word about its origin.
std::string roff_title(std::string_view name, int section, std::string_view version, std::string_view manual);

}  // namespace berth::config
