#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cctype>
#include <iostream>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/selection.hpp"
#include "os/json_text.hpp"

namespace berth::cli {

namespace json = boost::json;

namespace {

struct Options {
  std::vector<std::string> names;
  bool json = false;
};

json::array servers(const Context& context, const std::vector<std::string>& names) {
  const auto answer = ask_running(context.socket(), "GET", lean_status);
  if (!answer.ok()) throw Stop{exit_failed, answer.error_message()};
  return select(answer.body.at("servers").as_array(), names);
}

std::string why_not(const json::value& server) {
  std::string text =
      "`" + std::string(server.at("name").as_string()) + "` is " + std::string(server.at("state").as_string());
  const auto& detail = server.at("detail").as_string();
  return detail.empty() ? text : text + ": " + std::string(detail);
}

int url(const Context& context, const Options& options) {
  const auto server = servers(context, options.names).at(0);
  if (!server.at("ready").as_bool()) throw Stop{exit_not_ready, why_not(server)};
  if (options.json) {
    std::cout << os::json_text(json::object{{"name", server.at("name")}, {"url", server.at("url")}}) << "\n";
  } else {
    std::cout << server.at("url").as_string().c_str() << "\n";
  }
  return exit_ok;
}

std::string variable_name(std::string_view server) {
  std::string name;
  for (const char c : server) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return name + "_URL";
}

// In single quotes nothing has a meaning to a shell but the quote itself.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

int env(const Context& context, const Options& options) {
  json::object values;
  int code = exit_ok;
  for (const auto& server : servers(context, options.names)) {
    const bool wanted = !options.names.empty() || server.at("wanted").as_string() == "up";
    if (server.at("ready").as_bool()) {
      values[variable_name(server.at("name").as_string())] = server.at("url");
    } else if (wanted) {
      code = exit_not_ready;
      if (!context.quiet()) std::cerr << "berth: " << why_not(server) << "\n";
    }
  }
  if (options.json) {
    std::cout << os::json_text(values) << "\n";
    return code;
  }
  for (const auto& [name, value] : values)
    std::cout << std::string_view(name) << "=" << quoted(value.as_string()) << "\n";
  return code;
}

}  // namespace

void add_url_env(CLI::App& app, Context& context) {
  auto* url_command = declare(app, context,
                              {"url",
                               group::connect,
                               "Print the URL of a server that is ready",
                               "Exit code 3, and nothing on stdout, while it is not ready.",
                               {{"berth url web"}, {"curl \"$(berth url web)\""}}});
  auto url_options = std::make_shared<Options>();
  url_command->add_option("NAME", url_options->names, "The server")->required()->expected(1);
  url_command->add_flag("--json", url_options->json, "One JSON document on stdout");
  url_command->callback(
      [&context, url_options] { context.action = [&context, url_options] { return url(context, *url_options); }; });

  auto* env_command = declare(app, context,
                              {"env",
                               group::connect,
                               "Print NAME_URL='...' lines for a shell",
                               "The name in upper case, with `_` for anything but letters and digits. Exit code 3 when "
                               "one of them is not ready; it "
                               "has no line then.",
                               {{"berth env"}, {"eval \"$(berth env)\"", "set them in this shell"}}});
  auto env_options = std::make_shared<Options>();
  env_command->add_option("NAME", env_options->names, "Only these servers");
  env_command->add_flag("--json", env_options->json, "One JSON document on stdout");
  env_command->callback(
      [&context, env_options] { context.action = [&context, env_options] { return env(context, *env_options); }; });
}

}  // namespace berth::cli
