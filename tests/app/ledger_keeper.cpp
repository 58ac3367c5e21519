// When the ledger of ports is written, and what is said when it cannot be.

#include "app/ledger_keeper.hpp"

#include <vector>

#include "os/memory_ledger.hpp"
#include "support/catch.hpp"

namespace berth::app {
namespace {

using namespace std::chrono_literals;

// A place where others are writing, or the disk is full, as often as a test says.
class TroubledPlace : public os::MemoryLedger {
 public:
  Lock enter(std::chrono::milliseconds patience, std::string& why) override {
    if (busy == 0) return MemoryLedger::enter(patience, why);
    --busy;
    why = "another supervisor is writing";
    return Lock::busy;
  }
  Expected<std::string, std::string> replace(const Ledger& ledger, bool keep_old) override {
    ++writes;
    if (full == 0) return MemoryLedger::replace(ledger, keep_old);
    --full;
    return Unexpected<std::string>("no space left");
  }

  int busy = 0;
  int full = 0;
  int writes = 0;
};

class Kept {
 public:
  explicit Kept(std::unique_ptr<TroubledPlace> at = std::make_unique<TroubledPlace>())
      : place(*at), ledger(std::move(at), {.file = {}, .project = "test", .shared = false, .log = {}}) {
    REQUIRE(ledger.lease(8765));
  }
  // A change, of which the keeper is told.
  void change() {
    ledger.tell(8765, {.instance_id = "test.web." + std::to_string(++changes_)});
    keeper.settled();
  }
  bool run_until_written() {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (ledger.due() && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
    return !ledger.due();
  }
  [[nodiscard]] std::string written() { return place.read()->ledger.entries.at(0).instance_id; }

  TroubledPlace& place;
  PortLedger ledger;
  boost::asio::io_context io;
  std::vector<std::string> warnings;
  std::vector<std::string> good_news;
  int mended = 0;
  LedgerKeeper keeper{io,
                      ledger,
                      {.warn = [this](const std::string& line) { warnings.push_back(line); },
                       .info = [this](const std::string& line) { good_news.push_back(line); },
                       .mend = [this] { ++mended; },
                       .descriptor = [] {}}};

 private:
  int changes_ = 0;
};

TEST_CASE("The first change is written at once, and those that follow close by in one go") {
  Kept kept;
  kept.change();
  CHECK(kept.place.writes == 1);
  CHECK(kept.written() == "test.web.1");
  for (int i = 0; i < 100; ++i) kept.change();
  REQUIRE(kept.run_until_written());
  CHECK(kept.written() == "test.web.101");
  CHECK(kept.place.writes < 50);  // two, unless this machine took its time over them
}

TEST_CASE("While another one writes it is tried again, without a word") {
  Kept kept;
  kept.place.busy = 5;
  kept.change();
  CHECK(kept.ledger.due());
  REQUIRE(kept.run_until_written());
  CHECK(kept.place.busy == 0);
  CHECK(kept.written() == "test.web.1");
  CHECK(kept.warnings.empty());
}

TEST_CASE("A trouble is told once, and that it is over") {
  Kept kept;
  kept.place.full = 3;
  kept.change();
  REQUIRE(kept.run_until_written());
  REQUIRE(kept.warnings.size() == 1);
  CHECK(kept.warnings[0].find("no space left") != std::string::npos);
  CHECK(kept.mended == 3);
  CHECK(kept.good_news.size() == 1);
  CHECK(kept.written() == "test.web.1");
}

TEST_CASE("At the end what is due is written, others or not") {
  Kept kept;
  kept.change();
  kept.ledger.release(8765);
  kept.keeper.finish();
  CHECK_FALSE(kept.ledger.due());
  CHECK(kept.place.read()->ledger.entries.empty());
}

}  // namespace
}  // namespace berth::app
