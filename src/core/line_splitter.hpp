#pragma once
// Cuts a stream of bytes into lines.

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace berth::core {

// A line is given up in pieces when it is longer than 64 KiB; bytes that end no line wait for the rest, or for `flush`.
// The sink takes a line without its line feed, and, if it likes, whether a line feed was said behind it: not behind a
// piece of a line, and not behind the last words of somebody who ended in the middle of one.
class LineSplitter {
 public:
  static constexpr std::size_t longest = 65536;

  template <class Sink>
  void feed(std::string_view bytes, Sink&& sink) {
    while (!bytes.empty()) {
      const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
      const bool whole = found != nullptr;
      const std::size_t end =
          whole ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) : bytes.size();
      std::string_view piece(bytes.data(), end);
      bytes.remove_prefix(whole ? end + 1 : end);
      while (rest_.size() + piece.size() > longest) {
        const std::size_t room = longest - rest_.size();
        rest_.append(piece.substr(0, room));
        piece.remove_prefix(room);
        tell(sink, std::exchange(rest_, {}), false);
      }
      if (whole && rest_.empty()) {
        tell(sink, piece, true);
      } else {
        rest_.append(piece);
        if (whole) tell(sink, std::exchange(rest_, {}), true);
      }
    }
  }

  template <class Sink>
  void flush(Sink&& sink) {
    if (!rest_.empty()) tell(sink, std::exchange(rest_, {}), false);
  }

  [[nodiscard]] std::size_t waiting() const { return rest_.size(); }

 private:
  template <class Sink>
  static void tell(Sink& sink, std::string_view line, bool whole) {
    if constexpr (std::is_invocable_v<Sink&, std::string_view, bool>) {
      sink(line, whole);
    } else {
      sink(line);
    }
  }

  std::string rest_;
};

}  // namespace berth::core
