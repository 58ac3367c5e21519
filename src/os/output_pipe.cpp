#include "os/output_pipe.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>

namespace berth::os {

namespace {
constexpr std::size_t block_size = 65536;
// One turn of the loop for one server: others come before the rest of a flood.
constexpr std::size_t turn_limit = 4 * block_size;
}  // namespace

struct OutputPipe::State {
  State(const boost::asio::any_io_executor& executor, Sink to) : stream(executor), sink(std::move(to)) {}

  // True while there may be more to come.
  bool read(std::size_t limit) {
    static std::array<char, block_size> block;  // one for all: this program reads from one thread
    for (std::size_t total = 0; total < limit;) {
      const ssize_t got = ::read(stream.native_handle(), block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      total += static_cast<std::size_t>(got);
      sink(std::string_view(block.data(), static_cast<std::size_t>(got)));
      if (static_cast<std::size_t>(got) < block.size()) return true;  // a pipe that is not full is empty now
    }
    return true;
  }

  boost::asio::posix::stream_descriptor stream;
  Sink sink;
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
  state->stream.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [state](const boost::system::error_code& error) {
                             if (error || !state->stream.is_open()) return;
                             if (state->read(turn_limit)) {
                               if (state->stream.is_open()) wait(state);
                             } else {
                               boost::system::error_code ignored;
                               state->stream.close(ignored);
                             }
                           });
}

void OutputPipe::drain(std::size_t limit) {
  if (state_->stream.is_open()) state_->read(limit);
}

void OutputPipe::close() {
  boost::system::error_code ignored;
  state_->stream.close(ignored);
}

}  // namespace berth::os
