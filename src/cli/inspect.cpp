#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct InspectOptions {
  std::string name;
  bool json = false;
  std::string timeout = "10s";
};

std::string word(const json::value& value) {
  return value.is_string() ? std::string(value.get_string().data(), value.get_string().size()) : "";
}

void line(std::string_view label, const std::string& text) {
  if (text.empty()) return;
  std::cout << label << std::string(11 - label.size(), ' ') << text << "\n";
}

void print(const json::value& found) {
  const std::string name = word(found.at("name"));
  const std::string version = word(found.at("version"));
  const std::string protocol = word(found.at("protocol"));
  line("url", word(found.at("url")));
  line("server", name + (version.empty() ? "" : (name.empty() ? "version " : " ") + version));
  if (!protocol.empty()) {
    line("protocol", protocol + " (" + word(found.at("era")) + "), " + word(found.at("transport")));
  }
  if (const json::array* tools = found.at("tools").if_array()) {
    line("tools", std::to_string(tools->size()));
    for (const json::value& tool : *tools) std::cout << "  " << word(tool) << "\n";
  }
  if (found.at("ok").as_bool()) line("note", word(found.at("message")));
}

int inspect(const Context& context, const InspectOptions& options) {
  const Milliseconds timeout = to_duration(options.timeout);
  const std::string target =
      "/v1/servers/" + encoded(options.name) + "/inspect?timeout_ms=" + std::to_string(timeout.count());
  // The supervisor bounds it; cleaning up comes on top.
  const auto answer = ask_running(context.socket(), "POST", target, std::nullopt);
  if (answer.status == 404) throw Stop{exit_usage, answer.error_message()};
  if (answer.status == 409) throw Stop{exit_not_ready, answer.error_message()};
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  const bool ok = answer.body.at("ok").as_bool();
  if (options.json) {
    std::cout << os::json_text(answer.body) << "\n";
    return ok ? exit_ok : exit_failed;
  }
  print(answer.body);
  if (ok) return exit_ok;
  const std::string alive = answer.body.at("sign_in_needed").as_bool() ? "` is alive and " : "` ";
  throw Stop{exit_failed, "`" + options.name + alive + word(answer.body.at("message"))};
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"inspect",
       group::look,
       "Ask a server itself: protocol, name, version, tools",
       "One handshake, as an MCP client would make it, with the `headers` of the configuration; the session is ended "
       "afterwards. Exit code 1 when the handshake fails or the server wants a sign-in, 3 when it does not run or does "
       "not listen.",
       {{"berth inspect web"}, {"berth inspect web --json --timeout 30s"}}});
  auto options = std::make_shared<InspectOptions>();
  command->add_option("NAME", options->name, "The server")->required();
  command->add_flag("--json", options->json, "One JSON document on stdout");
  command->add_option("--timeout", options->timeout, "How long the server may take (default 10s, at most 10m)")
      ->check(check_duration)
      ->type_name("T");
  command->callback(
      [&context, options] { context.action = [&context, options] { return inspect(context, *options); }; });
}

}  // namespace berth::cli
