#pragma once
// One table of the document against its section of the table of keys: known keys go where they belong, unknown ones
// are reported with the key that was probably meant.

#include <berth/config.hpp>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "config/report.hpp"

namespace berth::config {

// What to make of a key that Berth does not know.
enum class Strictness {
  strict,   // an error
  foreign,  // the table is shared with another program: an error only when it looks like a slip
};

// Reads the entries of `table` that are fields of `section` or of one of its sub sections. Nothing is said about
// fields that are missing, and fields without a `read_…` are left to the caller.
void read_section(const Node& table, std::string_view section, Strictness strictness, Report& report, Config& out);
void read_section(const Node& table, std::string_view section, Strictness strictness, Report& report,
                  ServerConfig& out);

// Reports the key; `section` as in the table of keys.
void unknown_key(const Entry& entry, std::string_view section, Report& report);

}  // namespace berth::config
