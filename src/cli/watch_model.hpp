#pragma once
// What `status --watch` knows: the last document, what can be learnt from those before it, and where the user is. It
// has no clock and no terminal.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

// Of one server, oldest first; nothing where it was not known.
struct Samples {
  std::deque<std::optional<double>> cpu;     // processors kept busy between two documents: 1 is one of them
  std::deque<std::optional<double>> memory;  // bytes
};

class WatchModel {
 public:
  static constexpr std::size_t most_samples = 60;

  // Only these servers, in this order; all when there are none.
  explicit WatchModel(std::vector<std::string> names = {}) : names_(std::move(names)) {}

  // A new status document. Throws Stop (2) when one of the names is not in it, std::exception when it is none.
  void take(boost::json::object document);
  // Nobody answers; `why` and since when. Until the next document.
  void lose(std::string why, double seconds);

  // The selection by so many rows; it stays with its server, wherever that stands in the next document.
  void move(std::int64_t rows);

  [[nodiscard]] const boost::json::object& document() const { return document_; }
  [[nodiscard]] const boost::json::array& servers() const { return servers_; }
  [[nodiscard]] const boost::json::object* selected() const;  // nullptr when there are no servers
  [[nodiscard]] std::size_t selected_row() const { return selected_; }
  [[nodiscard]] const Samples& samples_of(const std::string& name) const;
  [[nodiscard]] const std::optional<std::string>& lost() const { return lost_; }
  [[nodiscard]] double lost_for() const { return lost_for_; }  // seconds

  // A word to the user, until the next one.
  std::string note;

 private:
  struct Before {
    double at = 0;  // uptime of the supervisor
    std::optional<double> cpu_s;
    std::optional<std::int64_t> pid;
  };
  void sample(const boost::json::object& server, double at, bool same_supervisor);

  std::vector<std::string> names_;
  boost::json::object document_;
  boost::json::array servers_;
  std::map<std::string, Samples> samples_;
  std::map<std::string, Before> before_;
  std::size_t selected_ = 0;
  std::optional<std::string> lost_;
  double lost_for_ = 0;
};

// True when a reader of the table would say that something has changed: not so for what only grows with time.
bool has_changed(const boost::json::array& before, const boost::json::array& after);

}  // namespace berth::cli
