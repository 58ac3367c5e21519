#pragma once
// One question to a supervisor on the caller's own loop, for commands that do something else meanwhile.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/control_client.hpp"

namespace berth::cli {

struct CallFailure {
  bool nobody = false;     // there is no supervisor
  bool timed_out = false;  // there is, and it is silent
  std::string message;
};

class ControlCall {
 public:
  using Result = Expected<ControlAnswer, CallFailure>;
  using Done = std::function<void(Result)>;

  // Asks at once; `done` is called later, from the loop, once. Not after this was destroyed: that takes the question
  // back. Without a timeout the answer may take as long as it likes.
  ControlCall(boost::asio::io_context& io, const std::string& socket, const std::string& method,
              const std::string& target, std::optional<Milliseconds> timeout, Done done);
  ~ControlCall();
  ControlCall(const ControlCall&) = delete;
  ControlCall& operator=(const ControlCall&) = delete;

 private:
  class Exchange;
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace berth::cli
