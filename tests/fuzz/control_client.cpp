// The command line's side of the control socket: bytes of whatever answers there, read as an answer, rendered as a
// table and written as JSON. The decisions say how wide the terminal is.

#include "cli/control_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "cli/context.hpp"
#include "cli/selection.hpp"
#include "cli/status_table.hpp"
#include "cli/text_width.hpp"
#include "fuzz/support.hpp"
#include "os/fd.hpp"
#include "os/json_text.hpp"

namespace {

using namespace berth;
using fuzz::visible;
namespace json = boost::json;

// Somebody who listens where a supervisor should, in a thread of its own: the client waits for an answer.
class Speaker {
 public:
  Speaker()
      : path_(fuzz::scratch_folder() + "/answer.sock"), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    const bool listens = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                         ::listen(socket_.get(), 8) == 0;
    FUZZ_CHECK(listens, path_);
    thread_ = std::thread([this] { run(); });
  }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;
  ~Speaker() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  // Before the client connects.
  void say(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ = bytes;
  }

 private:
  void run() {
    for (;;) {
      const os::Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      char block[4096];
      if (::recv(connection.get(), block, sizeof(block), 0) <= 0) continue;
      std::string bytes;
      {
        const std::lock_guard lock(mutex_);
        bytes = bytes_;
      }
      ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
  }

  std::string path_;
  os::Fd socket_;
  std::mutex mutex_;
  std::string bytes_;
  std::thread thread_;
};

Speaker& speaker() {
  static Speaker one;
  return one;
}

// Equal as JSON: 5.0 and 5 are one number, and Boost.JSON reads one of many digits less than exactly.
bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    const auto x = a.to_number<double>();
    const auto y = b.to_number<double>();
    return x == y || std::abs(x - y) <= 1e-12 * std::abs(x);
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.as_array().begin(), a.as_array().end(), b.as_array().begin(), b.as_array().end(), same);
  }
  if (a.is_object() && b.is_object()) {
    return a.as_object().size() == b.as_object().size() &&
           std::all_of(a.as_object().begin(), a.as_object().end(), [&](const auto& entry) {
             const auto* other = b.as_object().if_contains(entry.key());
             return other != nullptr && same(entry.value(), *other);
           });
  }
  return a == b;
}

bool has_infinity(const json::value& value) {
  if (value.is_double()) return !std::isfinite(value.as_double());
  if (value.is_array()) return std::ranges::any_of(value.as_array(), has_infinity);
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.as_object(), [](const auto& entry) { return has_infinity(entry.value()); });
}

void check_json_text(const json::value& body) {
  if (has_infinity(body)) return;  // 1e999 is none of Berth's numbers
  const std::string text = os::json_text(body);
  boost::system::error_code error;
  const json::value again = json::parse(text, error);
  FUZZ_CHECK(!error, visible(text) + error.message());
  FUZZ_CHECK(same(again, body), visible(text));
}

// As `berth status` does it; what is missing in the document ends in an exception, as there.
void render(json::value body, std::size_t width, bool colour) {
  auto& servers = body.as_object().at("servers").as_array();
  static_cast<void>(cli::all_ready(servers, colour));
  const std::string table =
      cli::status_table(servers, {.width = width, .colour = colour, .glyphs = &cli::unicode_glyphs()});
  FUZZ_CHECK(table.ends_with('\n'), visible(table));
  const std::string plain = cli::status_table(servers, {.width = width, .colour = false, .glyphs = nullptr});
  FUZZ_CHECK(plain.find("\x1b[") == std::string::npos || os::json_text(servers).find("u001b[") != std::string::npos ||
                 os::json_text(servers).find("u001B[") != std::string::npos,
             visible(plain));
  // A supervisor says nothing with line ends in it, so what has them is not counted.
  const std::string text = os::json_text(servers);
  if (text.find("\\n") != std::string::npos || text.find("\\u") != std::string::npos) return;
  FUZZ_CHECK(static_cast<std::size_t>(std::ranges::count(plain, '\n')) == servers.size() + 1, visible(plain));
  // What comes before the detail has its own width; the detail never makes a line longer than the terminal.
  std::string_view rest = plain;
  const std::string_view header = rest.substr(0, rest.find('\n'));
  if (!header.ends_with("DETAIL")) return;
  const std::size_t head = cli::columns_of(header) - std::string_view("DETAIL").size();
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    FUZZ_CHECK(width == 0 || cli::columns_of(rest.substr(0, end)) <= std::max(width, head), visible(plain));
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  const std::size_t width = decisions.next();
  const bool colour = (decisions.next() & 1U) != 0;
  speaker().say(input);
  try {
    const auto answer = cli::ask(speaker().path(), "GET", "/v1/status", Milliseconds{10'000});
    FUZZ_CHECK(answer.has_value(), "nobody answers");
    FUZZ_CHECK(!answer->error_message().empty() || answer->ok() || answer->body.is_object(), "no message");
    check_json_text(answer->body);
    if (answer->ok()) render(answer->body, width, colour);
  } catch (const cli::Stop& stop) {
    FUZZ_CHECK((stop.code == cli::exit_failed || stop.code == cli::exit_no_supervisor) && !stop.message.empty(),
               stop.message);
    FUZZ_CHECK(!fuzz::has_control_characters(stop.message), visible(stop.message));
  } catch (const std::exception& error) {
    FUZZ_CHECK(*error.what() != '\0', "an exception without words");  // main() prints it
  }
  return 0;
}
