// The screen of `status --watch`: one loop for the terminal's keys, signals, and the supervisor's answers.

#include "cli/watch.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <csignal>
#include <optional>

#include "cli/child_command.hpp"
#include "cli/context.hpp"
#include "cli/control_call.hpp"
#include "cli/explain_screen.hpp"
#include "cli/keys.hpp"
#include "cli/terminal.hpp"
#include "cli/watch_model.hpp"
#include "cli/watch_screen.hpp"

namespace berth::cli {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds period{1'000};  // between two questions
constexpr Milliseconds patience{5'000};             // with a supervisor that is silent

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

class Watch {
 public:
  Watch(const Context& context, const std::vector<std::string>& names, const json::object& document)
      : context_(context), socket_(context.socket()), model_(names) {
    look_.colour = context.colour_on(STDOUT_FILENO);
    look_.glyphs = &glyphs_of_locale();
    model_.take(document);
  }

  int run() {
    screen_.emplace();
    resize();
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD})
      signals_.add(number);
    await_signal();
    if (screen_->keys() >= 0) {
      keys_.assign(::dup(screen_->keys()));
      await_keys();
    }
    draw();
    await_turn();
    io_.run();
    screen_.reset();
    if (!last_words_.empty()) throw Stop{code_, last_words_};
    return code_;
  }

 private:
  enum class Page { servers, explain, help, logs, logs_over };

  void quit(int code, std::string words = "") {
    code_ = code;
    last_words_ = std::move(words);
    io_.stop();
  }

  // For a few seconds the note has the place of the keys.
  void say(std::string note) {
    model_.note = std::move(note);
    note_lives_ = 4;
  }

  // --- The supervisor's answers.

  void await_turn() {
    timer_.expires_after(period);
    timer_.async_wait([this](const error_code& error) {
      if (error) return;
      ask();
      await_turn();
    });
  }

  // One question a second at most; none while nobody sees the answer, and none before the last one was answered.
  void ask() {
    if (asked_ || page_ == Page::logs || page_ == Page::logs_over) return;
    const bool explains = page_ == Page::explain && !model_.lost();
    asked_ = true;
    question_.emplace(io_, socket_, "GET", explains ? explain_target() : full_status, patience,
                      [this, explains](ControlCall::Result result) {
                        asked_ = false;
                        take(std::move(result), explains);
                        draw();
                      });
  }

  void take(ControlCall::Result result, bool explains) {
    if (!result) {
      if (!lost_since_) lost_since_ = Clock::now();
      const CallFailure& failure = result.error();
      const std::string why = failure.timed_out ? "the supervisor does not answer" : "the supervisor has gone";
      return model_.lose(why, std::chrono::duration<double>(Clock::now() - *lost_since_).count());
    }
    try {
      if (explains) {
        if (result->ok()) explanation_ = result->body.as_object();
        if (!result->ok()) page_ = Page::servers;
        return;
      }
      if (!result->ok()) {
        say(result->error_message());
        return;
      }
      const bool back = model_.lost().has_value();
      model_.take(result->body.as_object());
      if (page_ == Page::explain && model_.selected() == nullptr) page_ = Page::servers;
      lost_since_.reset();
      if (--note_lives_ <= 0) model_.note.clear();
      if (back) say("the supervisor is back");
    } catch (const Stop& stop) {
      quit(stop.code, stop.message);
    } catch (const std::exception& error) {
      model_.lose(std::string("what answers is no supervisor: ") + error.what(), 0);
    }
  }

  void act(const std::string& verb) {
    const auto* server = model_.selected();
    if (server == nullptr || model_.lost()) return;
    const std::string name(server->at("name").as_string());
    say(verb + " " + name + ": asked for");
    action_.emplace(
        io_, socket_, "POST", "/v1/servers/" + encoded(name) + "/" + verb, patience,
        [this, verb, name](ControlCall::Result result) {
          const std::string wrong = !result ? result.error().message : result->ok() ? "" : result->error_message();
          if (!wrong.empty()) say(verb + " " + name + ": " + wrong);
          draw();
        });
  }

  [[nodiscard]] std::string explain_target() const {
    const auto* server = model_.selected();
    return "/v1/servers/" + encoded(std::string(server->at("name").as_string())) + "/explain";
  }

  // --- Keys.

  void await_keys() {
    keys_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return;
      char bytes[256];
      const ssize_t got = ::read(keys_.native_handle(), bytes, sizeof(bytes));
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return quit(128 + SIGHUP);
      if (got > 0) {
        for (const KeyPress& key : keys_in(std::string_view(bytes, static_cast<std::size_t>(got)))) press(key);
        draw();
      }
      await_keys();
    });
  }

  void press(const KeyPress& key) {
    switch (page_) {
      case Page::servers: return press_on_servers(key);
      case Page::explain:
      case Page::help: return press_on_page(key);
      case Page::logs:
        if (!child_ || (key.character != 'q' && key.key != Key::escape)) return;
        interrupted_ = true;  // it may have ended already, whatever its code says
        return child_->end();
      case Page::logs_over: return back_to_servers();
    }
  }

  void press_on_servers(const KeyPress& key) {
    model_.note.clear();
    if (key.key == Key::up || key.character == 'k') return model_.move(-1);
    if (key.key == Key::down || key.character == 'j') return model_.move(1);
    if (key.key == Key::page_up) return model_.move(-10);
    if (key.key == Key::page_down) return model_.move(10);
    constexpr auto all = static_cast<std::int64_t>(1) << 40U;
    if (key.key == Key::home || key.character == 'g') return model_.move(-all);
    if (key.key == Key::end || key.character == 'G') return model_.move(all);
    const auto* server = model_.selected();
    switch (key.key == Key::enter ? 'e' : key.character) {
      case 'q': return quit(exit_ok);
      case '?':
      case 'h': return open(Page::help);
      case 'r': return act("restart");
      case 's': return server == nullptr ? void() : act(server->at("wanted") == "up" ? "stop" : "start");
      case 'l': return show_logs();
      case 'e':
        if (server == nullptr || model_.lost()) return;
        explanation_.reset();
        open(Page::explain);
        return ask_soon();
      default: return;
    }
  }

  void press_on_page(const KeyPress& key) {
    const auto& text = page_text_;
    const std::size_t most = last_page(text, look_);
    const std::size_t step = look_.size.rows > 4 ? look_.size.rows - 4 : 1;
    if (key.key == Key::up || key.character == 'k') {
      page_first_ -= std::min<std::size_t>(page_first_, 1);
    } else if (key.key == Key::down || key.character == 'j') {
      page_first_ = std::min(page_first_ + 1, most);
    } else if (key.key == Key::page_up) {
      page_first_ -= std::min(page_first_, step);
    } else if (key.key == Key::page_down || key.character == ' ') {
      page_first_ = std::min(page_first_ + step, most);
    } else if (key.key == Key::home || key.character == 'g') {
      page_first_ = 0;
    } else if (key.key == Key::end || key.character == 'G') {
      page_first_ = most;
    } else if (key.key != Key::none) {
      page_ = Page::servers;
    }
  }

  void open(Page page) {
    page_ = page;
    page_first_ = 0;
    page_text_.clear();
  }

  // The first explanation need not wait for its turn: the turn that is due is put off instead.
  void ask_soon() {
    if (asked_) return;
    ask();
    await_turn();
  }

  // --- Logs: another command has the screen meanwhile.

  void show_logs() {
    const auto* server = model_.selected();
    if (server == nullptr) return;
    const std::string name(server->at("name").as_string());
    auto arguments = context_.common_arguments();
    for (const std::string& word : {std::string("logs"), std::string("-f"), name}) arguments.push_back(word);
    // The cursor and the wrapping of lines are the log's now; the screen stays the alternate one.
    write_all(STDOUT_FILENO, "\x1b[2J\x1b[H\x1b[?7h" +
                                 styled("log of " + name + " (q or Ctrl-C goes back)", style::bold, look_.colour) +
                                 "\r\n\r\n");
    auto child = ChildCommand::start(arguments);
    if (!child) {
      say(child.error());
      screen_->enter();
      return;
    }
    page_ = Page::logs;
    child_.emplace(std::move(*child));
  }

  void look_at_child() {
    if (!child_) return;
    const auto code = child_->ended();
    if (!code) return;
    child_.reset();
    // One that was sent away has nothing more to say; of one that ended by itself the reason is still to be read.
    const bool sent_away = *code == 128 + SIGINT || *code == 128 + SIGTERM || std::exchange(interrupted_, false);
    if (sent_away) return back_to_servers();
    page_ = Page::logs_over;
    write_all(STDOUT_FILENO, "\r\n" + styled("any key goes back", style::dim, look_.colour));
  }

  void back_to_servers() {
    page_ = Page::servers;
    interrupted_ = false;
    screen_->enter();
    resize();
    draw();
  }

  // --- Signals.

  void await_signal() {
    signals_.async_wait([this](const error_code& error, int number) {
      if (error) return;
      handle(number);
      if (!io_.stopped()) await_signal();
    });
  }

  void handle(int number) {
    switch (number) {
      case SIGCHLD: return look_at_child();
      case SIGWINCH: resize(); return draw();
      case SIGTSTP: return stop_for_a_while();
      case SIGCONT:  // somebody else may have used the terminal
        if (page_ == Page::logs) return;
        screen_->enter();
        resize();
        return draw();
      case SIGINT:
        if (page_ == Page::logs || page_ == Page::logs_over) {
          interrupted_ = true;
          if (page_ == Page::logs_over) back_to_servers();
          return;  // the child has it too
        }
        return quit(128 + number);
      default: return quit(128 + number);
    }
  }

  void stop_for_a_while() {
    screen_->leave();
    signals_.remove(SIGTSTP);  // so that it stops us, as the shell expects
    ::raise(SIGTSTP);
    signals_.add(SIGTSTP);
    screen_->enter();
    resize();
    draw();
  }

  // --- The screen.

  void resize() {
    if (const auto size = terminal_size(STDOUT_FILENO)) look_.size = *size;
    screen_->forget();
  }

  void draw() {
    if (!screen_ || page_ == Page::logs || page_ == Page::logs_over) return;
    std::vector<std::string> lines;
    const std::string keys = std::string(look_.glyphs->up_down) + " scroll  q back";
    if (page_ == Page::servers) {
      lines = watch_screen(model_, look_);
    } else {
      std::string title = "Keys";
      if (page_ == Page::help) page_text_ = key_help(*look_.glyphs);
      if (page_ == Page::explain) {
        title = "berth explain " + std::string(model_.selected()->at("name").as_string());
        if (model_.lost()) title += ": " + *model_.lost();
        page_text_ =
            explanation_ ? lines_of(explain_screen(*explanation_, look_.colour)) : std::vector<std::string>{"  …"};
      }
      lines = page_screen(title, page_text_, page_first_, keys, look_);
    }
    if (!screen_->show(lines)) quit(exit_failed);
  }

  const Context& context_;
  std::string socket_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_};
  asio::steady_timer timer_{io_};
  asio::posix::stream_descriptor keys_{io_};
  std::optional<FullScreen> screen_;
  std::optional<ControlCall> question_;
  std::optional<ControlCall> action_;
  bool asked_ = false;
  std::optional<Clock::time_point> lost_since_;
  std::optional<ChildCommand> child_;
  bool interrupted_ = false;
  int note_lives_ = 0;  // documents

  WatchModel model_;
  ScreenLook look_;
  Page page_ = Page::servers;
  std::optional<json::object> explanation_;
  std::vector<std::string> page_text_;
  std::size_t page_first_ = 0;
  int code_ = exit_ok;
  std::string last_words_;
};

}  // namespace

int watch_on_screen(const Context& context, const std::vector<std::string>& names) {
  // Before the screen is taken: what is wrong at first is an error as of any command.
  auto answer = ask_running(context.socket(), "GET", full_status);
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  Watch watch(context, names, answer.body.as_object());
  return watch.run();
}

}  // namespace berth::cli
