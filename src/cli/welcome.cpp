#include "cli/welcome.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <filesystem>

#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "cli/glyphs.hpp"
#include "cli/next_step.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {

namespace {

constexpr Milliseconds patience{500};

struct Here {
  enum class Stage { no_file, down, up } stage = Stage::no_file;
  std::string text;
};

Here look_around(const Context& context) {
  std::string file;
  try {
    file = context.config_file();
  } catch (const Stop&) {
    return {Here::Stage::no_file, "there is no berth.toml in this folder yet"};
  }
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {Here::Stage::no_file, "there is no " + file + " yet"};
  const std::string project = context.project();
  const auto answer = ask(context.socket(), "GET", lean_status, patience);
  if (!answer || !answer->ok())
    return {Here::Stage::down, file + " (project " + project + ") is there, and not running"};
  std::size_t ready = 0;
  std::size_t wanted = 0;
  for (const auto& server : answer->body.at("servers").as_array()) {
    ready += server.at("ready").as_bool() ? 1 : 0;
    wanted += server.at("wanted") == "up" ? 1 : 0;
  }
  const double uptime = answer->body.at("uptime_s").to_number<double>();
  return {Here::Stage::up, "project " + project + " has been running for " + humane_duration(uptime) + ": " +
                               std::to_string(ready) + " of " + std::to_string(wanted) + " servers ready"};
}

}  // namespace

std::string welcome(const Context& context, bool colour) {
  Here here;
  try {
    here = look_around(context);
  } catch (const Stop& stop) {
    here = {Here::Stage::down, stop.message};
  } catch (const std::exception& error) {
    here = {Here::Stage::down, error.what()};
  }
  std::string out = "Berth runs your MCP servers: a port for each, restarts, an honest status.\n\n";
  const auto line = [&](Here::Stage stage, const std::string& command, std::size_t width, std::string_view says) {
    const bool next = stage == here.stage;
    out += "  " + styled(padded(command, width), next ? style::bold : "", colour) + "  " + std::string(says) + "\n";
  };
  const std::string up = next_step("up -d");
  const std::size_t width = std::max<std::size_t>(up.size(), 12) + 3;
  line(Here::Stage::no_file, "berth init", width, "writes a berth.toml to start from");
  line(Here::Stage::down, up, width, "starts the servers that are in it");
  line(Here::Stage::up, next_step("status"), width, "says how they are; with --watch it goes on to");
  return out + "\nHere: " + here.text + ".\n`berth --help` has all commands.\n";
}

}  // namespace berth::cli
