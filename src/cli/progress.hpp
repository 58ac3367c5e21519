#pragma once
// Commands that wait show on a terminal (stderr) which servers are where.

#include <chrono>
#include <string>
#include <vector>

#include "cli/control_client.hpp"
#include "cli/progress_lines.hpp"

namespace berth::cli {

class Context;

// A few lines on stderr that are written over themselves.
class LineBlock {
 public:
  void draw(const std::vector<std::string>& lines);
  void clear();

 private:
  std::size_t rows_ = 0;
};

// Shows how far a wait is, from one status document after the other.
class Progress {
 public:
  // `names`: those that are waited for; none: all that the goal is about.
  Progress(const Context& context, std::string socket, std::vector<std::string> names, Goal goal);

  enum class Kind {
    none,  // nothing is told, and so nothing need be asked
    live,  // lines on a terminal
    plain  // now and then a line: under -v where there is no terminal
  };
  [[nodiscard]] Kind kind() const { return kind_; }
  // How often to look at the supervisor, and how often to draw.
  [[nodiscard]] std::chrono::milliseconds poll_every() const;
  [[nodiscard]] std::chrono::milliseconds draw_every() const;

  void take(const boost::json::value& document);
  // A server that has been starting for a while, whose last words would be of interest; empty when there is none.
  [[nodiscard]] std::string whose_words();
  void take_words(const std::string& server, const boost::json::value& explanation);
  void draw();
  // The end: what was drawn goes, or stays as it is in the end.
  void finish(bool well);

 private:
  [[nodiscard]] double elapsed() const;

  std::string socket_;
  std::vector<std::string> names_;
  Kind kind_ = Kind::none;
  bool colour_ = false;
  bool known_ = false;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_;
  std::size_t turn_ = 0;
  ProgressView view_;
  LineBlock block_;
};

// As ask_running for a request that is answered when the wait is over, with progress meanwhile.
ControlAnswer ask_waiting(const Context& context, const std::string& socket, const std::string& target,
                          const std::vector<std::string>& names, Goal goal);

}  // namespace berth::cli
