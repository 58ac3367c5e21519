// How many ports a ledger can give and take back in a second, beside three simpler ways to share a file; see README.md.

#include <berth/port_ledger.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ledger/old_protocol.hpp"

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int first_port = 21'000;
constexpr int ports = 200;
constexpr int most_processes = 200;
constexpr int most_operations = 1000;

struct Options {
  std::vector<int> processes{1, 8, 50};
  int operations = 20;  // of each process; one is an allocation and its release
  int repeat = 3;
  std::string folder = "/tmp";
};

// ---- the ways
// --------------------------------------------------------------------------------------------------------

// One process's view of a shared file.
class Way {
 public:
  virtual ~Way() = default;
  virtual int allocate() = 0;
  virtual void release(int port) = 0;
};

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "berth_bench_ledger: " << what << std::endl;
  ::_exit(1);
}

class Berths : public Way {
 public:
  explicit Berths(const std::string& folder) : ledger_(open(folder)) {}
  // As the program does it: the port of the run before, else the lowest.
  int allocate() override {
    for (int port = first_port; !take(last_) && port < first_port + ports; ++port) last_ = port;
    return last_;
  }
  void release(int port) override {
    ledger_.release(static_cast<berth::Port>(port));
    write();
  }

 private:
  static berth::PortLedger open(const std::string& folder) {
    auto ledger = berth::PortLedger::open({.file = folder + "/ports.json", .project = "bench", .log = {}});
    if (!ledger) fail(ledger.error());
    return std::move(*ledger);
  }
  bool take(int number) {
    const auto port = static_cast<berth::Port>(number);
    if (!ledger_.lease(port)) return false;
    const auto name = "bench." + std::to_string(::getpid()) + "." + std::to_string(++count_);
    ledger_.tell(port, {name, ::getpid(), ledger::unix_ms(), "bench", "http://127.0.0.1/mcp", "ready"});
    write();
    return true;
  }
  void write() {
    auto written = ledger_.write(200ms);
    while (written == berth::PortLedger::Written::busy) written = ledger_.write(200ms);
    if (written != berth::PortLedger::Written::yes) fail("cannot write: " + ledger_.trouble());
  }
  berth::PortLedger ledger_;
  int count_ = 0;
  int last_ = first_port;
};

// flock on a file, read, change, write another, rename.
class Plain : public Way {
 public:
  Plain(const std::string& folder, bool flush)
      : file_(folder + "/ports.json"),
        lock_(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        flush_(flush) {}
  int allocate() override {
    int port = first_port;
    with_file([&](json::array& instances) {
      for (const json::value& entry : instances) {
        if (entry.at("port").as_int64() == port) ++port;  // they stand in order
      }
      const auto at = static_cast<std::size_t>(port - first_port);
      instances.insert(instances.begin() + std::min(at, instances.size()), ledger::entry_of_this_process(port));
    });
    return port;
  }
  void release(int port) override {
    with_file([&](json::array& instances) {
      for (std::size_t i = 0; i < instances.size(); ++i) {
        if (instances[i].at("port").as_int64() == port) {
          instances.erase(instances.begin() + i);
          return;
        }
      }
    });
  }

 private:
  void with_file(const std::function<void(json::array&)>& change) {
    while (::flock(lock_, LOCK_EX) != 0) {
    }
    json::value whole = json::parse(ledger::read_whole(file_).value_or(R"({"instances": []})"));
    change(whole.at("instances").as_array());
    const std::string next = file_ + ".new";
    const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = ledger::write_whole(file, json::serialize(whole)) && (!flush_ || ::fsync(file) == 0);
    ::close(file);
    if (!written || ::rename(next.c_str(), file_.c_str()) != 0) fail("cannot write " + file_);
    ::flock(lock_, LOCK_UN);
  }
  std::string file_;
  int lock_;
  bool flush_;
};

class Old : public Way {
 public:
  explicit Old(const std::string& folder) : protocol_(folder + "/ports.json") {}
  int allocate() override {
    int port = 0;
    until_done([&] { return protocol_.allocate(first_port, first_port + ports - 1, port); });
    return port;
  }
  void release(int port) override {
    until_done([&] { return protocol_.release(port); });
  }

 private:
  static void until_done(const std::function<ledger::OldProtocol::Done()>& step) {
    while (step() != ledger::OldProtocol::Done::yes) {
    }
  }
  ledger::OldProtocol protocol_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Way>(const std::string&)> make;
  int share;  // of the operations: one that waits much is measured with fewer
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"(a) Berth's ledger", [](const auto& folder) { return std::make_unique<Berths>(folder); }, 1},
      {"(b) flock, rename, no fsync", [](const auto& folder) { return std::make_unique<Plain>(folder, false); }, 1},
      {"(b) flock, rename, fsync", [](const auto& folder) { return std::make_unique<Plain>(folder, true); }, 1},
      {"(c) O_EXCL, asked each 50 ms", [](const auto& folder) { return std::make_unique<Old>(folder); }, 4},
  };
  return all;
}
constexpr std::size_t yardstick = 2;  // (b) with fsync

// ---- the measurement
// --------------------------------------------------------------------------------------------------------

struct Board {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  struct Process {
    Clock::duration total;
    Clock::duration operations[most_operations];
  } processes[most_processes];
};

struct Result {
  double per_second = 0;
  Clock::duration slowest_process{}, median_process{}, slowest_operation{}, median_operation{}, processor{};
};

Clock::duration middle(std::vector<Clock::duration> list) {
  std::sort(list.begin(), list.end());
  return list[list.size() / 2];
}

Clock::duration processor_time_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void work(const Kind& kind, const std::string& folder, Board& board, Board::Process& own, int operations) {
  const auto way = kind.make(folder);
  ++board.ready;
  while (!board.go) std::this_thread::sleep_for(1ms);
  const auto began = Clock::now();
  for (int i = 0; i < operations; ++i) {
    const auto start = Clock::now();
    way->release(way->allocate());
    own.operations[i] = Clock::now() - start;
  }
  own.total = Clock::now() - began;
}

Result measure(const Options& options, const Kind& kind, int processes) {
  std::string folder = options.folder + "/berth-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + options.folder);
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& board = *new (memory) Board;
  // A process alone would be done before the clock has moved.
  const int more = processes == 1 ? 10 : processes < 20 ? 2 : 1;
  const int operations = std::clamp(options.operations * more / kind.share, 1, most_operations);
  const auto before = processor_time_of_children();
  for (int i = 0; i < processes; ++i) {
    if (const pid_t pid = ::fork(); pid == 0) {
      work(kind, folder, board, board.processes[i], operations);
      ::_exit(0);
    } else if (pid < 0) {
      throw std::runtime_error("cannot fork");
    }
  }
  while (board.ready < processes) std::this_thread::sleep_for(1ms);
  const auto began = Clock::now();
  board.go = true;
  int status = 0;
  bool good = true;
  while (::wait(&status) > 0) good = good && status == 0;
  const std::chrono::duration<double> took = Clock::now() - began;
  if (!good) throw std::runtime_error(std::string(kind.name) + " has failed");
  std::vector<Clock::duration> totals;
  std::vector<Clock::duration> each;
  for (int i = 0; i < processes; ++i) {
    totals.push_back(board.processes[i].total);
    each.insert(each.end(), board.processes[i].operations, board.processes[i].operations + operations);
  }
  ::munmap(memory, sizeof(Board));
  std::filesystem::remove_all(folder);
  return {processes * operations / took.count(),
          *std::max_element(totals.begin(), totals.end()),
          middle(totals),
          *std::max_element(each.begin(), each.end()),
          middle(each),
          (processor_time_of_children() - before) / (processes * operations)};
}

// Of several runs the one in the middle, by speed.
Result typical(std::vector<Result> results) {
  std::sort(results.begin(), results.end(),
            [](const Result& a, const Result& b) { return a.per_second < b.per_second; });
  return results[results.size() / 2];
}

double ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void print(int processes, const std::vector<std::vector<Result>>& results) {
  const double one = typical(results[yardstick]).per_second;
  std::printf(
      "\n| %d process%s | ops/s | to (b) fsync | slowest process / median | slowest op / median | CPU an op |\n",
      processes, processes == 1 ? "" : "es");
  std::printf("|---|---:|---:|---:|---:|---:|\n");
  for (std::size_t i = 0; i < kinds().size(); ++i) {
    const Result result = typical(results[i]);
    std::printf("| %s | %.0f | %.2f | %.0f / %.0f ms = %.2f | %.1f / %.1f ms = %.1f | %.2f ms |\n", kinds()[i].name,
                result.per_second, result.per_second / one, ms(result.slowest_process), ms(result.median_process),
                ms(result.slowest_process) / ms(result.median_process), ms(result.slowest_operation),
                ms(result.median_operation), ms(result.slowest_operation) / ms(result.median_operation),
                ms(result.processor));
  }
  std::fflush(stdout);
}

int to_number(const std::string& text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > most) {
    throw std::invalid_argument("not a number from 1 to " + std::to_string(most) + ": " + text);
  }
  return value;
}

Options parse(const std::vector<std::string>& words) {
  Options options;
  bool own_processes = false;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) throw std::invalid_argument(words[i] + " needs a value, or is unknown");
    const std::string& value = words[i + 1];
    if (words[i] == "--processes") {
      if (!std::exchange(own_processes, true)) options.processes.clear();
      options.processes.push_back(to_number(value, most_processes));
    } else if (words[i] == "--operations") {
      options.operations = to_number(value, most_operations);
    } else if (words[i] == "--repeat") {
      options.repeat = to_number(value, 1000);
    } else if (words[i] == "--folder") {
      options.folder = value;
    } else {
      throw std::invalid_argument(
          "unknown option " + words[i] +
          "; there are --processes N (may be repeated), --operations N, --repeat N, --folder PATH");
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse({argv + 1, argv + argc});
    for (const int processes : options.processes) {
      std::vector<std::vector<Result>> results(kinds().size());
      for (int i = 0; i < options.repeat; ++i) {
        for (std::size_t kind = 0; kind < kinds().size(); ++kind) {
          results[kind].push_back(measure(options, kinds()[kind], processes));
        }
      }
      print(processes, results);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "berth_bench_ledger: " << error.what() << "\n";
    return 1;
  }
}
