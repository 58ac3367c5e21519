#pragma once
// The logs of several servers as one, in the order of time, with secrets kept out.

#include <memory>
#include <string>
#include <vector>

#include "core/redactor.hpp"
#include "os/log_reader.hpp"

namespace berth::os {

class LogMerge {
 public:
  // A line as it may be shown. Of Berth's own words about a log the stream is `berth`.
  struct Line {
    std::string_view at;  // empty: not known
    std::string_view server;
    core::Stream stream = core::Stream::out;
    bool whole = true;
    std::string text;
  };
  struct Source {
    std::string server;
    LogReader reader;
    std::shared_ptr<const core::Redactor> redact;  // which may learn of more secrets meanwhile
  };

  explicit LogMerge(std::vector<Source> sources);

  enum class Next { line, later, busy };  // as of LogReader
  // A server that had nothing is not asked again before `refresh`.
  Next next(Line& line);
  void refresh();

 private:
  enum class Head { unknown, line, missed, later, busy };
  struct Entry {
    Source source;
    Head head = Head::unknown;
    std::string time;  // of its next line, or of the one before
    // How the last piece of a line has ended that goes on, by stream.
    std::string unfinished_out;
    std::string unfinished_err;
  };
  Head look(Entry& entry);

  std::vector<Entry> entries_;
  Entry* given_ = nullptr;  // whose line was given last
};

// { "at", "server", "stream", "line" } and a line feed; "continued": true, where the server said no line feed.
void append_json_line(std::string& out, const LogMerge::Line& line);

}  // namespace berth::os
