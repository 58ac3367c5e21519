#pragma once
// The command line's side of the control socket.

#include <sys/types.h>

#include <berth/config.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth::cli {

struct ControlAnswer {
  unsigned status = 0;  // of HTTP
  boost::json::value body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  // `error.message` of the body, or a sentence that names the status.
  [[nodiscard]] std::string error_message() const;
};

// Where the status is; the lean one leaves out what the processes of each server use, which takes time to find.
inline constexpr const char* full_status = "/v1/status";
inline constexpr const char* lean_status = "/v1/status?usage=0";

// Nothing when nobody answers on the socket. Without a timeout the answer may take as long as it likes: for waits that
// the supervisor itself bounds. Throws Stop when somebody answers, but not as a supervisor does.
std::optional<ControlAnswer> ask(const std::string& socket, const std::string& method, const std::string& target,
                                 std::optional<Milliseconds> timeout = Milliseconds{15'000});

enum class StreamEnd {
  over,         // all was told
  went_away,    // the supervisor was killed, or has dropped us
  stopped,      // `take` wanted no more
  nobody_reads  // whoever read the standard output has gone
};
// Asks for an answer that goes on (GET) and hands over its pieces as they come; `take` says whether to go on. Without a
// timeout the next piece may take as long as it likes. Throws Stop with code 4 when nobody answers, with 2 for an
// unknown server, and when the answer is an error.
StreamEnd follow(const std::string& socket, const std::string& target, std::optional<Milliseconds> timeout,
                 const std::function<bool(std::string_view piece)>& take);

// As `ask`; throws Stop with code 4 when nobody answers.
ControlAnswer ask_running(const std::string& socket, const std::string& method, const std::string& target,
                          std::optional<Milliseconds> timeout = Milliseconds{15'000});

// The process that listens there, by its credentials.
std::optional<pid_t> supervisor_pid(const std::string& socket);

// The exit code for the answer of /v1/wait; throws Stop when it is not what was waited for.
int wait_answer(const ControlAnswer& answer);

// NAME as a part of a path or a query.
std::string encoded(const std::string& text);

}  // namespace berth::cli
