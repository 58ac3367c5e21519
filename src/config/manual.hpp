#pragma once
// The manual page of the configuration, made from the table of keys.

#include <string>
#include <string_view>

namespace berth::config {

// berth.toml(5), as roff.
std::string manual_page(std::string_view version);

}  // namespace berth::config
