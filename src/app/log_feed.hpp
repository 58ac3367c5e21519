#pragma once
// Servers' logs, told to those who ask for them: read from the files, block by block, as fast as each of them takes it.
// Nothing is queued for anybody; one who is so slow that files were rotated away before him is told how much he missed.

#include <boost/asio/io_context.hpp>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "app/control_server.hpp"
#include "app/server.hpp"
#include "os/log_merge.hpp"

namespace berth::app {

class LogFeed {
 public:
  explicit LogFeed(boost::asio::io_context& io) : io_(io) {}
  ~LogFeed();

  // Lines of JSON: see append_json_line.
  void answer(const std::vector<Server*>& servers, const os::LogWish& wish, bool follow, const Respond& respond);

  // The writer has got on.
  void written();
  // Nothing more will be written: all answers end when they have told the rest.
  void finish();

  [[nodiscard]] std::size_t size();  // who follows

 private:
  class Reader;
  struct Follower {
    std::weak_ptr<Reader> reader;  // lives as long as its answer
    std::shared_ptr<Wake> wake;
    std::vector<std::shared_ptr<os::LogChannel>> channels;
  };
  void forget_those_who_left();

  boost::asio::io_context& io_;
  std::list<Follower> followers_;
  std::shared_ptr<bool> finished_ = std::make_shared<bool>(false);
};

}  // namespace berth::app
