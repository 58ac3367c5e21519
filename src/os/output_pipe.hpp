#pragma once
// One stream of a child's output, read as soon as there is any, so that the child never waits for us. Nothing is kept
// here: every block goes straight to the one who asked.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "os/fd.hpp"

namespace berth::os {

class OutputPipe {
 public:
  using Sink = std::function<void(std::string_view)>;

  OutputPipe(const boost::asio::any_io_executor& executor, Sink sink);
  ~OutputPipe();
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;

  // Makes the pipe and answers the end for the child, or an empty one when there are no descriptors left.
  Fd open();

  // Takes what is there now, at most `limit` bytes, without waiting. A grandchild may hold the other end open, so the
  // end of a server is known from its exit and never from the end of this.
  void drain(std::size_t limit = 2U << 20U);
  void close();

  // Where both have much to read, what waits in `other` is taken before what waits here: so the last words of a flood
  // on both come last.
  void comes_after(const OutputPipe& other);

  // Takes nothing until `resume`, and lets the child wait; a `drain` takes all the same.
  void pause();
  void resume();

 private:
  struct State;
  std::shared_ptr<State> state_;
  static void wait(const std::shared_ptr<State>& state);
};

}  // namespace berth::os
