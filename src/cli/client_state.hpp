#pragma once
// What `berth client --write` remembers: which entries of which client's file it has written, so that it can take them
// out again. The files themselves cannot say so: their programs refuse, or drop, keys that they do not know.

#include <map>
#include <string>

namespace berth::cli {

class ClientState {
 public:
  // `folder`: $XDG_STATE_HOME/berth, where each project has one of its own.
  ClientState(std::string folder, std::string project);

  // The entries of `file` (absolute), as name and URL, that this project has written; and those of all others.
  [[nodiscard]] std::map<std::string, std::string> recorded(const std::string& file) const;
  [[nodiscard]] std::map<std::string, std::string> of_others(const std::string& file) const;

  // Remembers them. Throws Stop when that cannot be written.
  void record(const std::string& file, const std::map<std::string, std::string>& entries) const;

 private:
  [[nodiscard]] std::string path_of(const std::string& project) const;

  std::string folder_;
  std::string project_;
};

// $XDG_STATE_HOME/berth, or ~/.local/state/berth.
std::string state_folder();

}  // namespace berth::cli
