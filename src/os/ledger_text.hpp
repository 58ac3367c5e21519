#pragma once
// The port ledger's file, as text: `{ "instances": [ { "port", "instanceId", "pid", "createdAt", "lastHeartbeat", … } ]
// }`, times in Unix milliseconds. Other programs read and write it too: what they add is kept as it is, here and at the
// top, and what somebody has damaged is told and saved as far as it goes. Pure: no file is opened here.

#include <berth/port_ledger.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "core/ledger_host.hpp"

namespace berth::os {

// Larger is damage: a thousand entries take a third of a megabyte.
inline constexpr std::size_t largest_ledger = 16U << 20U;

// Of several entries for a port the one with the newest heartbeat stays. Of a text that is no JSON, as when its writer
// was killed half-way, the entries that are whole are saved.
core::LedgerReading read_ledger(std::string_view text);

// It is a ledger, or was one before it was damaged, or may have been: nothing that is somebody's for another purpose.
bool may_be_ledger(std::string_view text);

boost::json::object to_json(const LedgerEntry& entry);

// read_ledger(ledger_text(x)) is x, without damage.
std::string ledger_text(const Ledger& ledger);

}  // namespace berth::os
