#include "app/log_feed.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "os/clock.hpp"

namespace berth::app {

namespace {
constexpr std::size_t piece_size = 60 * 1024;
}

class LogFeed::Reader {
 public:
  struct Log {
    std::string server;
    std::shared_ptr<os::LogChannel> channel;
    bool troubled = false;  // told so
  };

  Reader(os::LogMerge merge, std::vector<Log> logs, bool follow, std::shared_ptr<bool> finished)
      : merge_(std::move(merge)), logs_(std::move(logs)), follow_(follow), finished_(std::move(finished)) {}

  // Asks to be asked again.
  std::function<void()> again;

  std::optional<std::string> next() {
    const bool last_time = *finished_;  // what is written before that is read below
    std::string piece;
    os::LogMerge::Line line;
    merge_.refresh();
    while (piece.size() < piece_size) {
      const auto next = merge_.next(line);
      if (next == os::LogMerge::Next::line) {
        os::append_json_line(piece, line);
        continue;
      }
      if (next == os::LogMerge::Next::busy) {
        if (piece.empty()) again();
        return piece;
      }
      tell_of_trouble(piece);
      if (piece.empty() && (!follow_ || last_time)) return std::nullopt;
      break;
    }
    return piece;
  }

 private:
  // What cannot be read because it was never written.
  void tell_of_trouble(std::string& piece) {
    for (Log& log : logs_) {
      const auto state = log.channel->state();
      if (state.trouble.empty() == !log.troubled) continue;
      log.troubled = !state.trouble.empty();
      if (!log.troubled) continue;
      os::LogMerge::Line line;
      const std::string now = os::timestamp();
      const core::Said dropped{state.counters.dropped_lines, state.counters.dropped_bytes};
      line.at = now;
      line.server = log.server;
      line.stream = core::Stream::berth;
      line.text = log.channel->path() + " cannot be written: " + state.trouble + "; " + core::describe(dropped) +
                  " dropped so far";
      os::append_json_line(piece, line);
    }
  }

  os::LogMerge merge_;
  std::vector<Log> logs_;
  bool follow_;
  std::shared_ptr<bool> finished_;
};

LogFeed::~LogFeed() = default;

void LogFeed::answer(const std::vector<Server*>& servers, const os::LogWish& wish, bool follow,
                     const Respond& respond) {
  std::vector<os::LogMerge::Source> sources;
  std::vector<Reader::Log> logs;
  std::vector<std::shared_ptr<os::LogChannel>> channels;
  for (Server* server : servers) {
    const auto& channel = server->log().channel();
    const unsigned files = server->config().log.files;
    const auto generations = [channel, files] {
      auto all = channel->generations();
      return all.empty() ? os::find_log_generations(channel->path(), files) : all;
    };
    sources.push_back({server->config().name, os::LogReader(channel->path(), wish, generations), server->redactor()});
    logs.push_back({server->config().name, channel});
    channels.push_back(channel);
    if (follow) channel->watch(true);
  }
  auto reader = std::make_shared<Reader>(os::LogMerge(std::move(sources)), std::move(logs), follow, finished_);
  auto wake = std::make_shared<Wake>([] {});
  reader->again = [&io = io_, wake] { boost::asio::post(io, [wake] { (*wake)(); }); };
  std::weak_ptr<Reader> weak = reader;
  *wake = respond.stream({"application/x-ndjson", [reader = std::move(reader)] { return reader->next(); }});
  if (follow) followers_.push_back({std::move(weak), std::move(wake), std::move(channels)});
}

void LogFeed::forget_those_who_left() {
  std::list<Follower> gone;
  for (auto one = followers_.begin(); one != followers_.end();) {
    const auto next = std::next(one);
    if (one->reader.expired()) gone.splice(gone.end(), followers_, one);
    one = next;
  }
  if (gone.empty()) return;
  for (const Follower& follower : gone) {
    for (const auto& channel : follower.channels) channel->watch(false);
  }
  for (const Follower& follower : followers_) {
    for (const auto& channel : follower.channels) channel->watch(true);
  }
}

void LogFeed::written() {
  forget_those_who_left();
  for (const Follower& follower : followers_) (*follower.wake)();
}

void LogFeed::finish() {
  *finished_ = true;
  written();
}

std::size_t LogFeed::size() {
  forget_those_who_left();
  return followers_.size();
}

}  // namespace berth::app
