#include "cli/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <iostream>
#include <optional>

#include "cli/context.hpp"
#include "cli/control_call.hpp"
#include "cli/status_table.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr milliseconds not_worth_showing{300};  // a wait that is over before leaves no trace
constexpr double long_start = 2;                // seconds, after which one wants to know what it is doing
constexpr Milliseconds patience{2'000};

// Of all servers those that the goal is about.
json::array waited_for(const json::array& all, const std::vector<std::string>& names, Goal goal) {
  json::array chosen;
  for (const auto& server : all) {
    const std::string_view name = server.at("name").as_string();
    const bool named = std::find(names.begin(), names.end(), name) != names.end();
    const bool concerned = goal == Goal::stopped || server.at("wanted") == "up";
    if (names.empty() ? concerned : named) chosen.push_back(server);
  }
  return chosen;
}

}  // namespace

void LineBlock::draw(const std::vector<std::string>& lines) {
  std::string text = "\x1b[?2026h";
  if (rows_ > 0) text += "\x1b[" + std::to_string(rows_) + "A";
  for (const std::string& line : lines) text += "\r\x1b[K" + line + "\n";
  if (lines.size() < rows_) text += "\x1b[J";
  write_all(STDERR_FILENO, text + "\x1b[?2026l");
  rows_ = lines.size();
}

void LineBlock::clear() {
  if (rows_ > 0) write_all(STDERR_FILENO, "\x1b[" + std::to_string(rows_) + "A\r\x1b[J");
  rows_ = 0;
}

Progress::Progress(const Context& context, std::string socket, std::vector<std::string> names, Goal goal)
    : socket_(std::move(socket)), names_(std::move(names)), begin_(Clock::now()) {
  view_.goal = goal;
  colour_ = context.colour_on(STDERR_FILENO);
  if (context.quiet()) return;
  if (can_redraw(STDERR_FILENO)) {
    kind_ = Kind::live;
  } else if (context.verbose()) {
    kind_ = Kind::plain;
  }
}

milliseconds Progress::poll_every() const {
  return kind_ == Kind::live ? milliseconds{250} : milliseconds{5'000};
}

milliseconds Progress::draw_every() const {
  return kind_ == Kind::live ? milliseconds{125} : milliseconds{5'000};
}

double Progress::elapsed() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

void Progress::take(const json::value& document) {
  const json::array before =
      std::exchange(view_.servers, waited_for(document.at("servers").as_array(), names_, view_.goal));
  if (view_.goal == Goal::stopped) {
    // Those that have gone in the meantime, not those that were down before.
    if (!known_) {
      names_.clear();
      for (const auto& server : view_.servers) {
        if (!reached(server, Goal::stopped)) names_.emplace_back(server.at("name").as_string());
      }
      if (names_.empty()) names_.emplace_back();  // nobody at all
      view_.servers = waited_for(document.at("servers").as_array(), names_, view_.goal);
    }
  }
  known_ = true;
}

std::string Progress::whose_words() {
  std::vector<std::string> starting;
  for (const auto& server : view_.servers) {
    const auto& uptime = server.at("uptime_s");
    if (server.at("state") != "starting" || !uptime.is_number() || uptime.to_number<double>() < long_start) continue;
    starting.emplace_back(server.at("name").as_string());
  }
  return starting.empty() ? "" : starting[turn_++ % starting.size()];
}

void Progress::take_words(const std::string& server, const json::value& explanation) {
  const auto* lines = explanation.as_object().if_contains("output");
  if (lines == nullptr || !lines->is_array() || lines->as_array().empty()) return;
  const auto& last = lines->as_array().back();
  if (last.is_string()) view_.last_words[server] = cell_text(last);
}

void Progress::draw() {
  view_.elapsed = elapsed();
  if (!known_ || view_.servers.empty()) return;
  if (kind_ == Kind::plain) {
    std::cerr << "berth: " << progress_sentence(view_) << "\n";
    return;
  }
  if (Clock::now() - begin_ < not_worth_showing) return;
  ++view_.frame;
  const auto size = terminal_size(STDERR_FILENO).value_or(TerminalSize{});
  block_.draw(progress_lines(view_, size, colour_, glyphs_of_locale()));
  drawn_ = true;
}

void Progress::finish(bool well) {
  if (kind_ != Kind::live || !drawn_) return;
  block_.clear();
  if (!well) return;
  view_.over = true;
  if (view_.goal == Goal::stopped) {  // it cannot tell any more: there is nobody
    const std::string sentence = " " + std::to_string(view_.servers.size()) + " stopped, " + humane_duration(elapsed());
    write_all(STDERR_FILENO, styled(glyphs_of_locale().done, style::green, colour_) + sentence + "\n");
    return;
  }
  // Of a wait for the launch alone nothing is left to say.
  const auto there = [&](const json::value& server) { return reached(server, view_.goal); };
  if (!std::all_of(view_.servers.begin(), view_.servers.end(), there)) return;
  draw();
}

namespace {

// The waiting request, and beside it, on connections of their own, looks at how things stand.
class Wait {
 public:
  Wait(const Context& context, std::string socket, const std::vector<std::string>& names, Goal goal)
      : socket_(std::move(socket)), progress_(context, socket_, names, goal) {}

  [[nodiscard]] bool shows_nothing() const { return progress_.kind() == Progress::Kind::none; }

  ControlAnswer run(const std::string& target) {
    std::optional<ControlCall::Result> result;
    const ControlCall waiting(io_, socket_, "GET", target, std::nullopt, [&](ControlCall::Result answer) {
      result.emplace(std::move(answer));
      over_ = true;
      if (!*result || !(*result)->ok() || progress_.kind() != Progress::Kind::live) return io_.stop();
      look_.emplace(io_, socket_, "GET", lean_status, patience, [this](ControlCall::Result last) {
        take(last);
        io_.stop();
      });
    });
    poll();
    if (progress_.kind() == Progress::Kind::live) draw();
    io_.run();
    progress_.finish(*result && (*result)->ok());
    if (!*result && result->error().nobody) return ask_running(socket_, "GET", target, std::nullopt);
    if (!*result) throw Stop{exit_failed, result->error().message};
    return std::move(**result);
  }

 private:
  void poll() {
    look_.emplace(io_, socket_, "GET", lean_status, patience, [this](ControlCall::Result result) {
      take(result);
      if (over_) return;
      if (progress_.kind() == Progress::Kind::plain && !first_) progress_.draw();
      first_ = false;
      hear();
      poll_timer_.expires_after(progress_.poll_every());
      poll_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !over_) poll();
      });
    });
  }

  // Once a second at most, what one of those that take long has said last.
  void hear() {
    if (hearing_ || Clock::now() < next_words_) return;
    const std::string name = progress_.whose_words();
    if (name.empty()) return;
    hearing_ = true;
    next_words_ = Clock::now() + std::chrono::seconds{1};
    words_.emplace(io_, socket_, "GET", "/v1/servers/" + encoded(name) + "/explain", patience,
                   [this, name](ControlCall::Result result) {
                     hearing_ = false;
                     if (result && result->ok() && result->body.is_object()) progress_.take_words(name, result->body);
                   });
  }

  void draw() {
    progress_.draw();
    draw_timer_.expires_after(progress_.draw_every());
    draw_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !over_) draw();
    });
  }

  // Progress is a courtesy: what cannot be understood is left out.
  void take(const ControlCall::Result& result) {
    try {
      if (result && result->ok()) progress_.take(result->body);
    } catch (const std::exception&) {
    }
  }

  std::string socket_;
  asio::io_context io_{1};
  asio::steady_timer poll_timer_{io_};
  asio::steady_timer draw_timer_{io_};
  std::optional<ControlCall> look_;
  std::optional<ControlCall> words_;
  Clock::time_point next_words_;
  bool hearing_ = false;
  bool first_ = true;
  bool over_ = false;
  Progress progress_;
};

}  // namespace

ControlAnswer ask_waiting(const Context& context, const std::string& socket, const std::string& target,
                          const std::vector<std::string>& names, Goal goal) {
  Wait wait(context, socket, names, goal);
  if (wait.shows_nothing()) return ask_running(socket, "GET", target, std::nullopt);
  return wait.run(target);
}

}  // namespace berth::cli
