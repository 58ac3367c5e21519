#pragma once
// A program run by a test: its output goes to files, so that no pipe can fill and nobody has to read along.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace harness {

using namespace std::chrono_literals;

// Generous on purpose: on a loaded machine a test must be slow, not red.
inline constexpr std::chrono::milliseconds patience = 30s;

struct Ended {
  int code = -1;  // -1: ended by a signal
  int signal = 0;

  friend bool operator==(const Ended&, const Ended&) = default;
};

enum class Stdin { null, pipe };

struct ProgramPlan {
  std::string path;  // absolute
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;  // the whole of it
  std::filesystem::path folder;                    // working directory
  std::filesystem::path output;                    // prefix of the files `.out` and `.err`
  Stdin stdin_is = Stdin::null;
};

// A running program. The destructor kills it: a test that stops half-way leaves nothing behind.
class Program {
 public:
  // Throws std::system_error when the program cannot be started.
  explicit Program(const ProgramPlan& plan);
  ~Program();
  Program(Program&& other) noexcept;
  Program& operator=(Program&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

  void signal(int number) const;
  void close_stdin();

  // Empty when the program still runs at the deadline.
  std::optional<Ended> wait(std::chrono::milliseconds deadline = patience);

 private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  int stdin_ = -1;
  std::optional<Ended> ended_;
  std::filesystem::path output_;
};

struct Result {
  int code = -1;  // 128 + N when ended by signal N, 124 when it had to be killed at the deadline
  std::string out;
  std::string err;
};

// Runs a program to its end.
Result run(const ProgramPlan& plan, std::chrono::milliseconds deadline = 2 * patience);

std::string read_file(const std::filesystem::path& path);  // empty when there is none
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace harness
