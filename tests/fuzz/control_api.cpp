// What can be asked of a supervisor, by the real API over a fleet whose programs do not exist. The input is a request a
// line: METHOD, target and, if there is a third word, the header Last-Event-ID; a decision says whether what is started
// fails at once or waits for its turn for ever.

#include "app/control_api.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <functional>
#include <optional>
#include <set>

#include "app/fleet.hpp"
#include "fuzz/support.hpp"

namespace {

using namespace berth;
using fuzz::visible;
namespace json = boost::json;

constexpr std::string_view secret = "zQ9vKx72LmWp";

Config config(bool nothing_starts) {
  Config config;
  config.name = "fuzz";
  config.ports.range = {1, 65535};
  config.ports.hold = false;
  if (nothing_starts) config.supervisor.start_concurrency = 0;
  for (const std::string name : {"web", "notes", "held"}) {
    ServerConfig server;
    server.name = name;
    // Not launched, and the sentence about that has the secret in it.
    server.command = fuzz::scratch_folder() + "/" + std::string(secret);
    server.cwd = fuzz::scratch_folder();
    server.secret_values = {std::string(secret)};
    config.servers.push_back(std::move(server));
  }
  config.servers[2].depends_on = {"notes"};
  return config;
}

// Every port is free, and none is bound.
struct FreePorts : core::PortBinder {
  void look_anew() override {}
  std::optional<Trouble> bind(Port) override { return std::nullopt; }
  void unbind(Port) override {}
  void leave(Port) override {}
  std::string holder(Port) override { return {}; }
};

struct World {
  Config configuration;
  boost::asio::io_context io{1};
  FreePorts binder;
  core::PortDesk desk{{50000, 51000}, {}, binder, [](const std::string&) {}};
  bool down = false;
  app::LogDesk logs{{}};
  app::Fleet fleet;
  app::ControlApi api;

  explicit World(bool nothing_starts)
      : configuration(config(nothing_starts)),
        fleet(io, configuration, harbour(),
              {.reported =
                   [](const app::Server&, const core::Report& report) {
                     FUZZ_CHECK(report.message.find(secret) == std::string::npos, report.message);
                   },
               .said = nullptr,
               .log = [](const std::string&) {},
               .settled = [this] { api.settled(); }}),
        api(io, fleet,
            {.status = [this](app::Usage usage) { return status(usage); },
             .instances = [] { return std::vector<LedgerEntry>{}; },
             .down =
                 [this] {
                   down = true;
                   fleet.go_down();
                 }}) {}

  app::Harbour harbour() {
    app::Harbour harbour;
    harbour.executor = io.get_executor();
    harbour.project = "fuzz";
    harbour.host = "127.0.0.1";
    harbour.hold = false;
    harbour.marker = "BERTH_SUPERVISOR=0.0";
    harbour.instances = "fuzz";
    harbour.log_dir = fuzz::scratch_folder();
    harbour.desk = &desk;
    harbour.logs = &logs;
    return harbour;
  }

  SupervisorStatus status(app::Usage usage) {
    SupervisorStatus status;
    status.project = "fuzz";
    status.servers = fleet.status(usage);
    return status;
  }
};

struct Heard {
  unsigned answers = 0;
  unsigned status = 0;
  std::string body;
  bool goes_on = false;
  std::function<std::optional<std::string>()> next;  // of an answer that goes on, until it is over

  void pull() {
    for (int pieces = 0; next; ++pieces) {
      FUZZ_CHECK(pieces < 1000, "an answer without end");
      const auto piece = next();
      if (piece) body += *piece;
      if (!piece) next = nullptr;
      if (piece && piece->empty()) return;
    }
  }
};

// Server-sent events: blocks of `id`, which rises, and `data`, a JSON object; or of the kind `gap`.
void check_events(const std::string& body, const std::string& seen) {
  std::string_view rest = body;
  unsigned long long last = 0;
  while (!rest.empty()) {
    const auto end = rest.find("\n\n");
    FUZZ_CHECK(end != std::string_view::npos, seen);
    const std::string_view block = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    const auto line_end = block.find('\n');
    FUZZ_CHECK(line_end != std::string_view::npos && block.substr(line_end + 1).starts_with("data: {"), seen);
    boost::system::error_code error;
    const json::value data = json::parse(block.substr(line_end + 1 + 6), error);
    FUZZ_CHECK(!error && data.is_object(), seen);
    if (block.substr(0, line_end) == "event: gap") continue;
    FUZZ_CHECK(block.starts_with("id: "), seen);
    const auto number = std::stoull(std::string(block.substr(4, line_end - 4)));
    FUZZ_CHECK(number > last, seen);
    last = number;
    FUZZ_CHECK(data.as_object().size() == 8, seen);
  }
}

void check(const app::ControlRequest& request, const Heard& heard) {
  const std::string seen = request.method + " " + visible(request.target) + " -> " + visible(heard.body);
  FUZZ_CHECK(heard.answers == 1, seen);
  static const std::set<unsigned> known{200, 202, 400, 404, 405, 408, 409};
  FUZZ_CHECK(known.contains(heard.status), seen);
  FUZZ_CHECK(heard.body.find(secret) == std::string::npos, seen);
  if (heard.goes_on) {
    FUZZ_CHECK(!heard.next, seen);
    return check_events(heard.body, seen);
  }
  boost::system::error_code error;
  const json::value body = json::parse(heard.body, error);
  FUZZ_CHECK(!error, seen);
  FUZZ_CHECK(body.is_object(), seen);
  if (heard.status < 300) return;
  for (const char* pointer : {"/error/code", "/error/message"}) {
    const json::value* part = body.find_pointer(pointer, error);
    FUZZ_CHECK(part != nullptr && part->is_string() && !part->as_string().empty(), seen);
  }
}

// What the HTTP parser lets through: no spaces and no control characters.
bool is_target(std::string_view text) {
  return !text.empty() && text.find(' ') == std::string_view::npos && !fuzz::has_control_characters(text);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most_requests = 12;
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  if (input.find(secret) != std::string_view::npos) return 0;  // it would be repeated
  World world((decisions.next() & 1U) != 0);
  std::vector<std::pair<app::ControlRequest, std::shared_ptr<Heard>>> asked;
  while (!input.empty() && asked.size() < most_requests) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    const auto space = std::min(line.find(' '), line.size());
    const std::string_view words = line.substr(std::min(space + 1, line.size()));
    const auto second_space = std::min(words.find(' '), words.size());
    const app::ControlRequest request{std::string(line.substr(0, space)), std::string(words.substr(0, second_space)),
                                      std::string(words.substr(std::min(second_space + 1, words.size())))};
    if (!is_target(request.method) || !is_target(request.target)) continue;
    auto heard = std::make_shared<Heard>();
    asked.emplace_back(request, heard);
    world.api.handle(request,
                     {[heard](unsigned status, std::string body) {
                        ++heard->answers;
                        heard->status = status;
                        heard->body = std::move(body);
                      },
                      [heard](app::StreamedAnswer answer) {
                        ++heard->answers;
                        heard->status = 200;
                        heard->goes_on = true;
                        heard->next = std::move(answer.next);
                        return app::Wake([heard] { heard->pull(); });
                      }},
                     [] { return true; });
    world.io.poll();
    heard->pull();
    if (!request.target.starts_with("/v1/wait"))
      FUZZ_CHECK(heard->answers <= 1 && heard->status != 408, request.target);
  }
  // Going down ends every wait.
  world.fleet.go_down();
  for (int i = 0; i < 100 && std::ranges::any_of(asked, [](const auto& one) { return one.second->answers == 0; });
       ++i) {
    world.io.restart();
    world.io.run_one_for(std::chrono::milliseconds(10));
  }
  world.api.finish();
  for (const auto& [request, heard] : asked) heard->pull();
  for (const auto& [request, heard] : asked) check(request, *heard);
  return 0;
}
