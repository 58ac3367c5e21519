#include "os/output_pipe.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace berth::os {

namespace {
// One turn of the loop for one server: others come before the rest of a flood.
constexpr std::size_t block_size = 256 * 1024;

// A child that fills its pipe is given a larger one, which spares both of us many turns. Only few at a time: beyond a
// bound for all pipes of a user, the kernel makes new ones of two pages (pipe(7)).
constexpr int larger = 1024 * 1024;
constexpr int usual = 64 * 1024;
constexpr int most_larger_pipes = 8;
// So many bytes in both pipes of a child: it is no longer seen in which order they were said.
constexpr std::size_t much = 2048;
int larger_pipes = 0;  // this program reads from one thread
}  // namespace

struct OutputPipe::State {
  State(const boost::asio::any_io_executor& executor, Sink to) : stream(executor), sink(std::move(to)) {}

  // True while there may be more to come.
  bool read(std::size_t limit) {
    static std::array<char, block_size> block;  // one for all
    if (const auto other = earlier.lock(); other && other->stream.is_open()) {
      const std::size_t here = pending();
      const std::size_t there = other->pending();
      if (there > 0 && here + there > much) {
        other->read(there);
        limit = std::min(limit, here > 0 ? here : limit);  // what has come since may be younger than that
      }
    }
    for (std::size_t total = 0; total < limit;) {
      const std::size_t wanted = std::min(block.size(), limit - total);
      const ssize_t got = ::read(stream.native_handle(), block.data(), wanted);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      total += static_cast<std::size_t>(got);
      if (got >= usual && !is_larger) grow();
      sink(std::string_view(block.data(), static_cast<std::size_t>(got)));
      if (static_cast<std::size_t>(got) < wanted) return true;  // a pipe that is not full is empty now
    }
    return true;
  }

  std::size_t pending() {
    int bytes = 0;
    return ::ioctl(stream.native_handle(), FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  void grow() {
    if (larger_pipes >= most_larger_pipes) return;
    if (::fcntl(stream.native_handle(), F_SETPIPE_SZ, larger) < 0 &&
        ::fcntl(stream.native_handle(), F_SETPIPE_SZ, larger / 4) < 0) {
      return;
    }
    is_larger = true;
    ++larger_pipes;
  }

  void close() {
    if (std::exchange(is_larger, false)) --larger_pipes;
    waits = false;  // and a pause goes on: who has asked for it will say when it is over
    boost::system::error_code ignored;
    stream.close(ignored);
  }

  boost::asio::posix::stream_descriptor stream;
  Sink sink;
  std::weak_ptr<State> earlier;
  bool is_larger = false;
  bool paused = false;
  bool waits = false;  // for something to read
};

OutputPipe::OutputPipe(const boost::asio::any_io_executor& executor, Sink sink)
    : state_(std::make_shared<State>(executor, std::move(sink))) {}

OutputPipe::~OutputPipe() {
  close();
}

Fd OutputPipe::open() {
  close();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Fd{};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  boost::system::error_code error;
  state_->stream.assign(ends[0], error);
  if (error) {
    ::close(ends[0]);
    ::close(ends[1]);
    return Fd{};
  }
  wait(state_);
  return Fd(ends[1]);
}

void OutputPipe::wait(const std::shared_ptr<State>& state) {
  if (state->paused || std::exchange(state->waits, true)) return;
  state->stream.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [state](const boost::system::error_code& error) {
                             if (error || !state->stream.is_open()) return;
                             state->waits = false;
                             if (state->paused) return;
                             if (!state->read(block_size)) return state->close();
                             if (state->stream.is_open()) wait(state);
                           });
}

void OutputPipe::comes_after(const OutputPipe& other) {
  state_->earlier = other.state_;
}

void OutputPipe::pause() {
  state_->paused = true;
}

void OutputPipe::resume() {
  state_->paused = false;
  if (state_->stream.is_open()) wait(state_);
}

void OutputPipe::drain(std::size_t limit) {
  if (state_->stream.is_open()) state_->read(limit);
}

void OutputPipe::close() {
  state_->close();
}

}  // namespace berth::os
