#pragma once
// Names: which are allowed, and which one was probably meant.

#include <span>
#include <string>
#include <string_view>

namespace berth::config {

// Of a server or project: [A-Za-z0-9][A-Za-z0-9_.-]{0,62}
bool is_valid_name(std::string_view name);
inline constexpr std::string_view name_rule =
    "1 to 63 letters, digits, `_`, `.` or `-`, the first one a letter or digit";

// Of an environment variable: [A-Za-z_][A-Za-z0-9_]*
bool is_valid_variable(std::string_view name);

// Of a header of HTTP, a token (RFC 9110, 5.6.2): letters, digits and !#$%&'*+-.^_`|~
bool is_http_token(std::string_view name);

// Without regard to upper and lower case, as names of headers are compared.
bool same_header(std::string_view a, std::string_view b);

// Insertions, deletions, replacements and swaps of neighbours between the two, upper and lower case being one.
unsigned edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "no server is called `nam`; did you mean `name`?"
std::string unknown_server(std::string_view name, std::span<const std::string_view> known);

// "`text`" for a message: cut when long, without control characters; an empty text is "".
std::string shown(std::string_view text);

}  // namespace berth::config
