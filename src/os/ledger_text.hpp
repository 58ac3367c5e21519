#pragma once
// The port ledger's file, as text: `{ "instances": [ { "port", "instanceId", "pid", "createdAt", "lastHeartbeat", … } ]
// }`, times in Unix milliseconds. Other programs read and write it too: what they add is kept as it is, here and at the
// top, and what somebody has damaged is told and saved as far as it goes. Pure: no file is opened here.

#include <sys/types.h>

#include <berth/config.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::os {

struct LedgerEntry {
  Port port = 0;
  std::string instance_id;
  pid_t pid = 0;
  std::int64_t created_at = 0;      // Unix milliseconds
  std::int64_t last_heartbeat = 0;  // likewise
  boost::json::object others;       // fields beside these five
};

struct Ledger {
  std::vector<LedgerEntry> entries;  // by port; no port twice
  boost::json::object others;        // fields beside `instances`
};

struct LedgerReading {
  Ledger ledger;                      // what could be understood
  std::optional<std::string> damage;  // the first thing that could not, in words; nothing: the text is whole
};

// Larger is damage: a thousand entries take a third of a megabyte.
inline constexpr std::size_t largest_ledger = 16U << 20U;

// An empty text is an empty ledger: a file that was just made. Of several entries for a port the one with the newest
// heartbeat stays.
LedgerReading read_ledger(std::string_view text);

// read_ledger(ledger_text(x)) is x, without damage.
std::string ledger_text(const Ledger& ledger);

}  // namespace berth::os
