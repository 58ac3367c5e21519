#pragma once
// Lines of servers' logs on the standard output.

#include <map>
#include <string>
#include <vector>

#include "os/log_merge.hpp"

namespace berth::cli {

class LogPrinter {
 public:
  struct Options {
    bool json = false;
    bool colour = false;
    bool timestamps = false;
    bool prefix = false;  // the server's name before each line
  };
  explicit LogPrinter(Options options) : options_(options) {}

  // Who may speak, so that colours and columns are the same from the first line on.
  void expect(const std::vector<std::string>& servers);

  // False when nobody reads any more. What Berth has to say about a log goes to stderr, where it is no JSON.
  bool print(const os::LogMerge::Line& line);
  bool flush();

 private:
  std::string_view colour_of(std::string_view server);

  Options options_;
  std::string out_;
  std::map<std::string, std::size_t, std::less<>> colours_;
  std::size_t width_ = 0;
};

}  // namespace berth::cli
