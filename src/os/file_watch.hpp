#pragma once
// Says when something about some files may have changed: written, replaced by another of the same name (as editors do),
// removed, come back. Their folders are watched (inotify), and where that is not possible they are looked at every two
// seconds.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace berth::os {

class FileWatch {
 public:
  // `changed` is called from the loop, when nothing has happened for `quiet`, and at the latest after ten times that.
  using Changed = std::function<void()>;
  FileWatch(const boost::asio::any_io_executor& executor, std::chrono::milliseconds quiet, Changed changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // These, and those that they are links to. Absolute paths; the ones before are watched no more. When they are others
  // than before, `changed` is called once: nobody knows what has happened since they were read.
  void watch(const std::vector<std::string>& files);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::os
