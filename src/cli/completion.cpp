#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <iostream>

#include "cli/complete.hpp"
#include "cli/context.hpp"
#include "cli/control_client.hpp"
#include "config/project.hpp"
#include "core/utf8.hpp"

namespace berth::cli {

namespace {

constexpr Milliseconds patience{300};  // of somebody who has pressed the tab key

// The common options of a line that is not finished and may be wrong.
void read_common_options(Context& context, const std::vector<std::string>& words) {
  for (std::size_t known = words.empty() ? 0 : words.size() - 1;; --known) {
    CLI::App probe;
    Context fresh;
    probe.allow_extras();
    probe.set_help_flag();
    fresh.add_options(probe);
    try {
      std::vector<std::string> reversed(words.rend() - static_cast<std::ptrdiff_t>(known), words.rend());
      probe.parse(reversed);
      context = std::move(fresh);
      return;
    } catch (const CLI::Error&) {
      if (known == 0) return;
    }
  }
}

// From the file; where there is none, from a supervisor that runs.
std::vector<std::string> server_names(const std::vector<std::string>& words) {
  Context context;
  read_common_options(context, words);
  std::vector<std::string> names;
  try {
    names = config::server_names_of(context.config_file());
  } catch (const Stop&) {
  }
  if (!names.empty()) return names;
  try {
    const auto answer = ask(context.socket(), "GET", lean_status, patience);
    if (!answer || !answer->ok()) return names;
    for (const auto& server : answer->body.at("servers").as_array()) names.emplace_back(server.at("name").as_string());
  } catch (const Stop&) {
  }
  return names;
}

}  // namespace

int print_candidates(const CLI::App& app, const std::vector<std::string>& words) {
  try {
    const auto found = complete(app, words, [&] { return server_names(words); });
    for (const Candidate& candidate : found.candidates) {
      std::cout << core::tame(candidate.word, 4096);
      if (!candidate.help.empty()) std::cout << '\t' << candidate.help;
      std::cout << '\n';
    }
    if (found.files == Completion::Files::files) std::cout << ":files\n";
    if (found.files == Completion::Files::folders) std::cout << ":folders\n";
  } catch (const std::exception&) {
  }
  return exit_ok;
}

void add_completion(CLI::App& app, Context& context) {
  auto* command = declare(
      app, context,
      {"completion",
       group::itself,
       "Print the completions for a shell",
       "Commands, options, files and the names of the servers in the configuration that applies. The script asks "
       "`berth` "
       "itself, so it need not be made again when Berth is replaced.\n\n"
       "For bash put the first example's line into ~/.bashrc, for zsh the second one into ~/.zshrc (after compinit).",
       {{"source <(berth completion bash)"},
        {"source <(berth completion zsh)"},
        {"berth completion fish > ~/.config/fish/completions/berth.fish"}}});
  auto shell = std::make_shared<std::string>();
  choose_from(command->add_option("SHELL", *shell, "For which shell: bash, zsh or fish")->required(),
              {"bash", "zsh", "fish"});
  command->callback([&context, shell] {
    context.action = [shell] {
      std::cout << completion_script(*shell);
      return exit_ok;
    };
  });
}

}  // namespace berth::cli
