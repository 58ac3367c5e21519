#pragma once
// Is what we print read by the journal of systemd?

#include <string_view>

namespace berth::os {

// The descriptor is the stream that $JOURNAL_STREAM names, as DEVICE:INODE (systemd.exec(5)): a variable that was
// inherited from somebody whose output goes elsewhere says nothing about ours.
bool is_journal(int fd);

// Before a line that the journal reads, sd-daemon(3): how bad it is.
namespace priority {
inline constexpr std::string_view error = "<3>";
inline constexpr std::string_view warning = "<4>";
inline constexpr std::string_view info = "<6>";
inline constexpr std::string_view debug = "<7>";
}  // namespace priority

}  // namespace berth::os
