#pragma once
// What could stand at the cursor of a command line that is being typed.

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

namespace berth::cli {

struct Candidate {
  std::string word;
  std::string help;  // one line; may be empty
};

struct Completion {
  std::vector<Candidate> candidates;  // all of them begin with what was typed
  enum class Files { no, files, folders } files = Files::no;
};

// `words`: what stands behind `berth`, up to the cursor; the last one is the word at it, maybe empty. `servers` is
// asked only when a name of a server is wanted.
Completion complete(const CLI::App& app, const std::vector<std::string>& words,
                    const std::function<std::vector<std::string>()>& servers);

// For the scripts: a word, a tab and its help on each line; `:files` or `:folders` where such are wanted. Nothing that
// is wrong is said, it would tear the line that somebody is typing. Always 0.
int print_candidates(const CLI::App& app, const std::vector<std::string>& words);

// The text that a shell reads, once or at every start.
std::string completion_script(const std::string& shell);

}  // namespace berth::cli
