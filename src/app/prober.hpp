#pragma once
// The standing probe: OPTIONS on the MCP path. Every real server tried answered it at once and without a trace, while
// `initialize` starts processes, opens sessions and locks addresses out. Any status line means alive; the socket is
// closed at once, because an open silent one keeps some servers from ending.

#include <berth/config.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace berth::app {

// One way to reach a server: where to connect, and the name to call it by. Some listen on ::1 only, and some refuse
// `Host: 127.0.0.1` as a guard against DNS rebinding.
struct Approach {
  std::string address;  // numeric
  std::string host;     // as in a URL, brackets included
};

struct ProbeResult {
  bool alive = false;
  unsigned status = 0;  // of HTTP
  std::string host;     // of the approach that got through; for URLs
  std::string message;  // why not alive
};

class HttpProbe {
 public:
  using Done = std::function<void(const ProbeResult&)>;

  // Tries the approaches in turn until one gets another answer than 403. `done` is called once, from the loop, unless
  // the probe is destroyed before.
  HttpProbe(const boost::asio::any_io_executor& executor, std::vector<Approach> approaches, Port port, std::string path,
            Milliseconds timeout, Done done);
  ~HttpProbe();
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace berth::app
