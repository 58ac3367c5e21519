#pragma once
// The standing probe: OPTIONS on the MCP path. Every real server tried answered it at once and without a trace, while
// `initialize` starts processes, opens sessions and locks addresses out. Any status line means alive, whatever follows
// it; no redirect is followed; the socket is closed at once, because an open silent one keeps some servers from ending.
// Configured headers are not sent along: 401 is alive too, and nobody knows who has the port by now.

#include <berth/config.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/vital_signs.hpp"

namespace berth::app {

// One way to reach a server: where to connect, and the name to call it by. Some listen on ::1 only, and some refuse
// `Host: 127.0.0.1` as a guard against DNS rebinding.
struct Approach {
  std::string address;  // numeric
  std::string host;     // as in a URL, brackets included
};

struct ProbeRequest {
  std::vector<Approach> approaches;  // best first
  Port port = 0;
  std::string path;
  Milliseconds timeout{0};  // for each approach
};

struct ProbeResult {
  bool alive = false;
  unsigned status = 0;    // of HTTP, 100–999
  std::size_t which = 0;  // the approach that got through
  std::string note;       // alive, and yet: "answers 503 to OPTIONS /mcp"
  core::ProbeFault fault = core::ProbeFault::silent;
  std::string message;  // why not alive
};

class HttpProbe {
 public:
  using Done = std::function<void(const ProbeResult&)>;

  // No status line is longer, nor are many headers sent with it: what is read of an answer, in bytes.
  static constexpr std::size_t longest_answer = 8 * 1024;

  // Tries the approaches in turn until one gets an answer that is none to the name the server was called by (403, 421,
  // perhaps 400); when all are refused, the mildest refusal counts. `slow` is called when half of the time is over
  // without an answer, before `done`; `done` once. Both come from the loop, and never after the probe was destroyed.
  // When this very process was not there to see the answer in time, the server gets more.
  HttpProbe(const boost::asio::any_io_executor& executor, ProbeRequest request, std::function<void()> slow, Done done);
  ~HttpProbe();
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace berth::app
