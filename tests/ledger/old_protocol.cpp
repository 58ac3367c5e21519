#include "ledger/old_protocol.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <set>
#include <thread>

namespace ledger {

namespace json = boost::json;

std::optional<std::string> read_whole(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text;
  char part[16'384];
  for (ssize_t got = 0; (got = ::read(file, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(got));
  ::close(file);
  return text;
}

bool write_whole(int file, const std::string& text) {
  return ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

json::object entry_of_this_process(int port) {
  const auto now = unix_ms();
  return {{"port", port},
          {"instanceId", "peer." + std::to_string(::getpid()) + "." + std::to_string(now)},
          {"pid", ::getpid()},
          {"createdAt", now},
          {"lastHeartbeat", now}};
}

bool OldProtocol::lock() const {
  const auto until = std::chrono::steady_clock::now() + longest_wait;
  for (;;) {
    const int file = ::open(lock_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
      const bool written = write_whole(file, std::to_string(::getpid()));
      ::close(file);
      return written;
    }
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(between_looks);
  }
}

OldProtocol::Done OldProtocol::with_file(const Change& change) const {
  if (!lock()) return Done::gave_up;
  Done done = Done::unreadable;
  boost::system::error_code error;
  json::value value = json::parse(read_whole(file_).value_or(R"({"instances": []})"), error);
  if (!error && value.is_object() && value.as_object()["instances"].is_array()) {
    constexpr std::int64_t longest_silence = 60'000;
    json::array left;
    for (const json::value& entry : value.at("instances").as_array()) {
      const auto& fields = entry.as_object();
      const bool lives = ::kill(static_cast<pid_t>(fields.at("pid").as_int64()), 0) == 0 || errno == EPERM;
      if (lives && unix_ms() - fields.at("lastHeartbeat").as_int64() <= longest_silence) left.push_back(entry);
    }
    value.as_object()["instances"] = std::move(left);
    change(value.as_object());
    const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && write_whole(file, json::serialize(value))) done = Done::yes;
    if (file >= 0) ::close(file);
  }
  ::unlink(lock_.c_str());
  return done;
}

OldProtocol::Done OldProtocol::allocate(int first, int last, int& port) const {
  port = 0;
  return with_file([&](json::object& whole) {
    json::array& instances = whole["instances"].as_array();
    std::set<std::int64_t> registered;
    for (const json::value& entry : instances) registered.insert(entry.at("port").as_int64());
    for (int free = first; free <= last && port == 0; ++free) {
      if (!registered.contains(free)) port = free;
    }
    if (port != 0) instances.push_back(entry_of_this_process(port));
  });
}

OldProtocol::Done OldProtocol::release(int port) const {
  return with_file([&](json::object& whole) {
    json::array left;
    for (const json::value& entry : whole["instances"].as_array()) {
      const bool own = entry.at("port").as_int64() == port && entry.at("pid").as_int64() == ::getpid();
      if (!own) left.push_back(entry);
    }
    whole["instances"] = std::move(left);
  });
}

}  // namespace ledger
