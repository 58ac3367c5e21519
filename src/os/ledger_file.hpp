#pragma once
// The port ledger's file: read without a lock, replaced as a whole, put aside when it is damaged.

#include <sys/stat.h>

#include <berth/expected.hpp>
#include <functional>
#include <optional>
#include <string>

#include "core/ledger_host.hpp"

namespace berth::os {

class LedgerFile {
 public:
  // Of one file, so many damaged ones are kept.
  static constexpr std::size_t most_kept = 16;

  explicit LedgerFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }

  // What has not changed since the last look is not read again. The error: it is there, and is not ours to read.
  const core::LedgerRead& read();

  // Written beside it, flushed to the disk, and moved into its place, unless `not_any_more`. `keep_old`: what stands
  // there is kept as FILE.corrupt-TIME, which is the answer. The error says what failed; then the file is as it was.
  Expected<std::string, std::string> replace(const Ledger& ledger, bool keep_old,
                                             const std::function<bool()>& not_any_more);

 private:
  core::LedgerRead read(struct stat info);
  Expected<std::string, std::string> put_aside();
  void drop_oldest();

  std::string path_;
  std::optional<struct stat> known_;  // the file that `last_` was read from
  core::LedgerRead last_;
};

}  // namespace berth::os
