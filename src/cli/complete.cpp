#include "cli/complete.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/help.hpp"

namespace berth::cli {

namespace {

class Completer {
 public:
  Completer(const CLI::App& app, const std::function<std::vector<std::string>()>& servers)
      : app_(app), servers_(servers), options_(options_of(app)) {}

  Completion run(std::vector<std::string> words) {
    // bash takes `--for=ready` for three words.
    if (!words.empty() && words.back() == "=") words.back() = "";
    words.erase(std::remove(words.begin(), words.end(), "="), words.end());
    typed_ = words.empty() ? "" : words.back();
    const OptionText* wants_value = nullptr;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) wants_value = read(words[i], wants_value);
    if (wants_value != nullptr) {
      values_of(*wants_value, "");
    } else if (const auto equals = typed_.find('='); typed_.starts_with("--") && equals != std::string::npos) {
      if (const auto* option = find_option(typed_.substr(0, equals))) values_of(*option, typed_.substr(0, equals + 1));
    } else if (typed_.starts_with("-") && !only_words_) {
      for (const OptionText& option : options_) offer_option(option);
    } else if (command_ == nullptr) {
      offer_commands();
    } else {
      offer_positional();
    }
    return std::move(result_);
  }

 private:
  // A word before the cursor; the option whose value is next.
  const OptionText* read(const std::string& word, const OptionText* wants_value) {
    if (wants_value != nullptr) return nullptr;  // this was it
    if (word == "--") {
      only_words_ = true;
      return nullptr;
    }
    if (word.starts_with("-") && !only_words_) {
      const OptionText* option = find_option(word);
      return option != nullptr && !option->value.empty() ? option : nullptr;
    }
    if (command_ == nullptr) {
      for (const CLI::App* command : shown_commands(app_)) {
        if (command->check_name(word)) command_ = command;
      }
      if (command_ != nullptr) {
        auto own = options_of(*command_);
        options_.insert(options_.begin(), own.begin(), own.end());
      }
    } else {
      given_.push_back(word);
    }
    return nullptr;
  }

  const OptionText* find_option(const std::string& name) const {
    for (const OptionText& option : options_) {
      if (!option.positional && std::find(option.names.begin(), option.names.end(), name) != option.names.end())
        return &option;
    }
    return nullptr;
  }

  void offer(const std::string& word, const std::string& help) {
    if (!word.starts_with(typed_)) return;
    const auto same = [&](const Candidate& candidate) { return candidate.word == word; };
    if (std::none_of(result_.candidates.begin(), result_.candidates.end(), same))
      result_.candidates.push_back({word, help});
  }

  void offer_option(const OptionText& option) {
    if (option.positional) return;
    for (const std::string& name : option.names) {
      if (name.size() > 2 || typed_ == name) offer(name, option.help);
    }
  }

  void offer_commands() {
    for (const CLI::App* command : shown_commands(app_)) {
      offer(command->get_name(), command->get_description());
      for (const std::string& alias : command->get_aliases()) offer(alias, command->get_description());
    }
  }

  void offer_positional() {
    std::size_t place = 0;
    for (const OptionText& option : options_) {
      if (!option.positional) continue;
      if (place++ == given_.size() || option.many) return values_of(option, "");
    }
  }

  void values_of(const OptionText& option, const std::string& before) {
    const std::string& kind = option.positional && option.value == "TEXT" ? option.names.back() : option.value;
    if (const auto words = option.choices(); !words.empty()) {
      for (const std::string& word : words) offer(before + word, "");
    } else if (kind == "FILE") {
      result_.files = Completion::Files::files;
    } else if (kind == "DIR") {
      result_.files = Completion::Files::folders;
    } else if (option.positional && kind == "NAME") {
      for (const std::string& name : servers_()) {
        if (std::find(given_.begin(), given_.end(), name) == given_.end()) offer(name, "server");
      }
    }
  }

  const CLI::App& app_;
  const std::function<std::vector<std::string>()>& servers_;
  std::vector<OptionText> options_;
  const CLI::App* command_ = nullptr;
  std::vector<std::string> given_;
  std::string typed_;
  bool only_words_ = false;
  Completion result_;
};

constexpr std::string_view bash_script =
    R"(# Completion of berth for bash. For this shell: source <(berth completion bash)
_berth() {
  local line files=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) files=-f ;;
      :folders) files=-d ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$files" -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}
complete -F _berth berth
)";

constexpr std::string_view zsh_script = R"(#compdef berth
# Completion of berth for zsh. For this shell: source <(berth completion zsh), after compinit
_berth() {
  local line files
  local -a lines candidates
  lines=("${(@f)$(${~words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    case $line in
      :files) files=files ;;
      :folders) files=folders ;;
      *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe -V berth candidates
  [[ $files == files ]] && _files
  [[ $files == folders ]] && _files -/
  return 0
}
if [[ $funcstack[1] == _berth ]]; then
  _berth "$@"
else
  compdef _berth berth
fi
)";

constexpr std::string_view fish_script =
    R"(# Completion of berth for fish. For this shell: berth completion fish | source
function __berth_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] "$typed" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$typed"
            case :folders
                __fish_complete_directories "$typed"
            case '*'
                echo $line
        end
    end
end
complete -c berth -f -k -a '(__berth_complete)'
)";

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& words,
                    const std::function<std::vector<std::string>()>& servers) {
  return Completer(app, servers).run(words);
}

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return std::string(bash_script);
  return std::string(shell == "zsh" ? zsh_script : fish_script);
}

}  // namespace berth::cli
