#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "cli/context.hpp"
#include "cli/version.hpp"
#include "config/reference.hpp"
#include "os/fd.hpp"

namespace berth::cli {

namespace {

int init(const Context& context) {
  const char* file = "berth.toml";
  const os::Fd out(::open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!out && errno == EEXIST) throw Stop{exit_failed, "there is a berth.toml here already; it was left as it is"};
  const std::string text = config::starter_file();
  if (!out || ::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    const std::string reason = std::strerror(errno);
    if (out) ::unlink(file);
    throw Stop{exit_failed, "cannot write berth.toml: " + reason};
  }
  if (!context.quiet()) std::cout << "wrote berth.toml; edit it, then: berth check && berth up\n";
  return exit_ok;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto* command = declare(app, context,
                          {"init",
                           group::configure,
                           "Write a commented berth.toml to start from",
                           "Into this folder. An existing file is never touched.",
                           {{"berth init"}}});
  command->callback([&context] { context.action = [&context] { return init(context); }; });
}

void add_version(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context, {"version", group::itself, "Print the version", "", {{"berth version"}, {"berth version --json"}}});
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "One JSON document on stdout");
  command->callback([&context, as_json] {
    context.action = [as_json] {
      if (*as_json) {
        std::cout << boost::json::serialize(boost::json::object{{"version", version}}) << "\n";
      } else {
        std::cout << "berth " << version << "\n";
      }
      return exit_ok;
    };
  });
}

}  // namespace berth::cli
