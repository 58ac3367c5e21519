#include "cli/log_printer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "cli/context.hpp"

namespace berth::cli {

namespace {
// As in the foreground: readable on dark and on light terminals.
constexpr std::array<std::string_view, 6> colours{"\x1b[36m", "\x1b[33m", "\x1b[32m",
                                                  "\x1b[35m", "\x1b[34m", "\x1b[31m"};
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::size_t block = 64 * 1024;
}  // namespace

std::string_view LogPrinter::colour_of(std::string_view server) {
  auto at = colours_.find(server);
  if (at == colours_.end()) at = colours_.emplace(server, colours_.size()).first;
  return colours[at->second % colours.size()];
}

void LogPrinter::expect(const std::vector<std::string>& servers) {
  for (const std::string& server : servers) {
    colour_of(server);
    width_ = std::max(width_, server.size());
  }
}

bool LogPrinter::print(const os::LogMerge::Line& line) {
  if (line.stream == core::Stream::berth) {
    if (!flush()) return false;
    std::cerr << "berth: " << line.server << ": " << line.text << "\n";
    return true;
  }
  if (options_.json) {
    os::append_json_line(out_, line);
    return out_.size() < block || flush();
  }
  if (options_.prefix) {
    if (options_.colour) out_ += colour_of(line.server);
    width_ = std::max(width_, line.server.size());
    out_.append(line.server).append(width_ - line.server.size(), ' ').append(" | ");
    if (options_.colour) out_ += plain;
  }
  if (options_.timestamps) {
    if (options_.colour) out_ += dim;
    out_.append(line.at.empty() ? "-" : line.at).append(" ");
    if (options_.colour) out_ += plain;
  }
  out_.append(line.text).append("\n");
  return out_.size() < block || flush();
}

bool LogPrinter::flush() {
  std::string_view text = out_;
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0) {
      throw Stop{exit_failed, std::string("cannot write to the standard output: ") + std::strerror(errno)};
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  out_.clear();
  return true;
}

}  // namespace berth::cli
