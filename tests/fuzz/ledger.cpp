// The reader of the port ledger's file: whatever stands there, what is read is in range, and is read again as it is
// written.

#include "fuzz/support.hpp"
#include "os/ledger_text.hpp"

using namespace berth;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reading = os::read_ledger(text);
  Port before = 0;
  for (const LedgerEntry& entry : reading.ledger.entries) {
    FUZZ_CHECK(entry.port > before, std::to_string(entry.port));
    FUZZ_CHECK(entry.pid > 0 && entry.created_at >= 0 && entry.last_heartbeat >= 0, std::to_string(entry.pid));
    before = entry.port;
  }
  FUZZ_CHECK(!reading.damage || !reading.damage->empty(), "damage without a word");
  const std::string written = os::ledger_text(reading.ledger);
  const auto again = os::read_ledger(written);
  FUZZ_CHECK(!again.damage, *again.damage + ": " + fuzz::visible(written));
  FUZZ_CHECK(again.ledger == reading.ledger, fuzz::visible(written));
  return 0;
}
