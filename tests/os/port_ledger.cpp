// The port ledger with real files, locks and processes: who gets a port, what others read, and who is evicted.

#include <berth/port_ledger.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "os/ledger_text.hpp"
#include "os/ledger_witness.hpp"
#include "os/support.hpp"
#include "support/catch.hpp"

namespace berth::os::test {
namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Place {
 public:
  [[nodiscard]] std::string file() const { return (folder_.path() / "ports.json").string(); }
  PortLedger open(const std::string& project, bool shared = false) {
    auto ledger = PortLedger::open({file(), project, shared, [this](const std::string& line) { log.push_back(line); }});
    if (!ledger) FAIL(ledger.error());
    return std::move(*ledger);
  }
  [[nodiscard]] std::vector<LedgerEntry> entries() const {
    const auto reading = read_ledger(read(file()));
    CHECK_FALSE(reading.damage);
    return reading.ledger.entries;
  }
  void write(const std::string& text) const { std::ofstream(file()) << text; }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().starts_with("ports.json.corrupt-")) names.push_back(entry.path().string());
    }
    return names;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  std::vector<std::string> log;

 private:
  Folder folder_;
};

PortLedger::Instance instance_of(pid_t pid, const std::string& server) {
  return {"test." + server + ".1", pid, 1'790'000'000'000, server, "http://127.0.0.1:1/mcp", "ready"};
}

TEST_CASE("A lease is written with all that others want to know") {
  Place place;
  auto ledger = place.open("alpha");
  REQUIRE(ledger.lease(8765));
  ledger.tell(8765, instance_of(::getpid(), "web"));
  CHECK(ledger.write() == PortLedger::Written::yes);
  const auto entries = place.entries();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].port == 8765);
  CHECK(entries[0].instance_id == "test.web.1");
  CHECK(entries[0].pid == ::getpid());
  CHECK(entries[0].project == "alpha");
  CHECK(entries[0].supervisor_pid == ::getpid());
  CHECK(life_of(entries[0]) == core::Life::alive);
  CHECK_FALSE(ledger.due());

  ledger.release(8765);
  CHECK(ledger.write() == PortLedger::Written::yes);
  CHECK(place.entries().empty());
}

TEST_CASE("Nobody leases what another one has, and is told whose it is") {
  Place place;
  auto alpha = place.open("alpha");
  auto beta = place.open("beta");
  REQUIRE(alpha.lease(8765));
  CHECK_FALSE(beta.lease(8765));
  alpha.tell(8765, instance_of(::getpid(), "web"));
  alpha.write();
  const auto refused = beta.lease(8765);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "port 8765 is leased to `alpha.web`, " + describe_process(::getpid()));
  CHECK(refused.error().holder == describe_process(::getpid()));
  alpha.release(8765);
  CHECK_FALSE(beta.lease(8765));  // until that is written
  alpha.write();
  CHECK(beta.lease(8765));
}

}  // namespace
}  // namespace berth::os::test
