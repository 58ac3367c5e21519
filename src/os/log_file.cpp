#include "os/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/log_rotation.hpp"

namespace berth::os {

namespace {

constexpr std::chrono::seconds between_tries{1};

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

std::string log_name(const std::string& path, std::size_t index) {
  return index == 0 ? path : path + "." + std::to_string(index);
}

LogGenerations find_log_generations(const std::string& path, unsigned at_least) {
  LogGenerations found;
  constexpr std::size_t most = 1001;
  for (std::size_t i = 0; i < most; ++i) {
    struct stat info {};
    const bool there = ::lstat(log_name(path, i).c_str(), &info) == 0 && S_ISREG(info.st_mode);
    if (!there && i > at_least) break;
    auto& one = found.emplace_back();
    if (!there) continue;
    one = std::make_shared<LogGeneration>();
    one->device = info.st_dev;
    one->inode = info.st_ino;
    one->before = true;
  }
  while (!found.empty() && !found.back()) found.pop_back();
  std::uint64_t id = 0;
  for (auto one = found.rbegin(); one != found.rend(); ++one) {
    if (*one) (*one)->id = ++id;
  }
  return found;
}

void LogFile::set_limits(std::uint64_t max_size, unsigned files) {
  options_.max_size = std::max<std::uint64_t>(max_size, 1);
  options_.files = files;
}

core::Said LogFile::said_in(std::string_view lines) const {
  core::Said said;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    // A line without an end was said without one.
    const std::uint64_t bytes = options_.said(line) - (end == std::string_view::npos ? 1 : 0);
    if (bytes > 0) said += {1, bytes};
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return said;
}

void LogFile::lose(std::string_view lines) {
  const core::Said said = said_in(lines);
  lost_ += said;
  drop(said, trouble_);
}

void LogFile::drop(const core::Said& said, const std::string& why) {
  account_.dropped(said);
  why_dropped_ = why;
}

void LogFile::fail(int error) {
  trouble_ = std::strerror(error);
  file_.reset();
  next_try_ = std::chrono::steady_clock::now() + between_tries;
}

void LogFile::rest() {
  if (!file_) return;  // out of order: the time of the next try stays
  file_.reset();
  next_try_ = {};
}

// ---- the file
// ------------------------------------------------------------------------------------------------------------

// The file is open, and is the one that its name leads to.
bool LogFile::ready() {
  const auto now = std::chrono::steady_clock::now();
  if (file_ && now < next_check_) return true;
  if (file_) {
    next_check_ = now + between_tries;
    struct stat open_one {};
    struct stat named {};
    if (::fstat(file_.get(), &open_one) == 0 && ::lstat(path_.c_str(), &named) == 0 && same_file(open_one, named)) {
      if (S_ISREG(open_one.st_mode)) size_ = static_cast<std::uint64_t>(open_one.st_size);  // somebody may have cut it
      return true;
    }
    file_.reset();  // somebody has removed it: what is written there is seen by nobody
    next_try_ = now;
  }
  if (now < next_try_) return false;
  next_try_ = now + between_tries;
  return open();
}

bool LogFile::open() {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  // Without O_NONBLOCK a pipe in the place of the log would stop us for good.
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file_ && errno == EACCES) {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  }
  if (file_ && from_the_reserve(file_.get())) {
    file_.reset();
    errno = EMFILE;
  }
  if (!file_) {
    trouble_ = std::strerror(errno);
    return false;
  }
  next_check_ = std::chrono::steady_clock::now() + between_tries;
  begin_generation();
  return true;
}

// Finds out what the open file is: the one of before, one of an earlier process, or a new one.
void LogFile::begin_generation() {
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return;
  size_ = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
  char last = '\n';
  torn_ = size_ > 0 && ::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 && last != '\n';
  const auto is_it = [&](const std::shared_ptr<LogGeneration>& one) {
    return one && one->inode == info.st_ino && one->device == info.st_dev;
  };
  if (!rescan_ && !generations_.empty() && is_it(generations_.front())) return;
  rescan_ = false;
  auto found = find_log_generations(path_, options_.files);
  const bool first_time = generations_.empty();
  if (found.empty()) found.emplace_back();
  if (!found.front()) found.front() = std::make_shared<LogGeneration>();
  if (!first_time) {
    // Those that were known keep their numbers; a stranger among them is nobody's.
    if (is_it(generations_.front())) {
      found.front() = generations_.front();
    } else if (generations_.front()) {
      generations_.front()->end = written_lines_;
    }
    for (std::size_t i = 1; i < found.size(); ++i) {
      if (!found[i]) continue;
      const auto same = std::find_if(generations_.begin(), generations_.end(), [&](const auto& one) {
        return one && one->inode == found[i]->inode && one->device == found[i]->device;
      });
      found[i] = same == generations_.end() ? nullptr : *same;
    }
  } else {
    for (const auto& one : found) latest_id_ = std::max(latest_id_, one ? one->id : 0);
  }
  if (first_time || found.front() != generations_.front()) {
    // A file that was there keeps the number that it has for whoever reads it already.
    const std::uint64_t id = first_time && is_it(found.front()) ? found.front()->id : ++latest_id_;
    found.front() = std::make_shared<LogGeneration>();
    found.front()->id = id;
    found.front()->device = info.st_dev;
    found.front()->inode = info.st_ino;
    found.front()->before = size_ > 0;
    found.front()->first = written_lines_;
  }
  generations_ = std::move(found);
}

// SERVER.log becomes SERVER.log.1, and so on; what is too old goes.
bool LogFile::rotate() {
  const std::size_t keep = options_.files;
  rescan_ = true;  // until all is done
  for (std::size_t i = keep == 0 ? 1 : keep; i < std::max<std::size_t>(generations_.size(), keep + 2); ++i) {
    if (::unlink(log_name(path_, i).c_str()) != 0 && errno != ENOENT) return fail(errno), false;
  }
  for (std::size_t i = keep; i > 1; --i) {
    if (::rename(log_name(path_, i - 1).c_str(), log_name(path_, i).c_str()) != 0 && errno != ENOENT) {
      return fail(errno), false;
    }
  }
  const int gone = keep == 0 ? ::unlink(path_.c_str()) : ::rename(path_.c_str(), log_name(path_, 1).c_str());
  if (gone != 0 && errno != ENOENT) return fail(errno), false;
  file_.reset();
  // The places move before the new file is opened, which then takes the first.
  if (!generations_.empty()) {
    if (generations_.front()) generations_.front()->end = written_lines_;
    generations_.insert(generations_.begin(), nullptr);
    if (generations_.size() > keep + 1) generations_.resize(keep + 1);
  }
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_) return fail(errno), false;
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return fail(errno), false;
  auto current = std::make_shared<LogGeneration>();
  current->id = ++latest_id_;
  current->device = info.st_dev;
  current->inode = info.st_ino;
  current->first = written_lines_;
  if (generations_.empty()) generations_.emplace_back();
  generations_.front() = std::move(current);
  size_ = 0;
  torn_ = false;
  rescan_ = false;
  next_check_ = std::chrono::steady_clock::now() + between_tries;
  return true;
}

// ---- writing
// -------------------------------------------------------------------------------------------------------------

// Into the open file: `many` lines. False: what could not be written was dropped, whole lines of it.
bool LogFile::put(std::string_view lines, std::uint64_t many) {
  if (torn_) {
    if (::write(file_.get(), "\n", 1) != 1) {
      fail(errno);
      lose(lines);
      return false;
    }
    torn_ = false;
    ++size_;
  }
  std::size_t done = 0;
  while (done < lines.size()) {
    const ssize_t written = ::write(file_.get(), lines.data() + done, lines.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    done += static_cast<std::size_t>(written);
  }
  const int error = errno;
  std::size_t kept = done;
  if (done < lines.size() && done > 0) {
    // The file ends with a whole line again, or says at its next one that it does not.
    const std::size_t end = lines.rfind('\n', done - 1);
    kept = end == std::string_view::npos ? 0 : end + 1;
    if (kept < done) torn_ = ::ftruncate(file_.get(), static_cast<off_t>(size_ + kept)) != 0;
  }
  size_ += torn_ ? done : kept;
  written_lines_ += kept == lines.size() ? many : count_lines(lines.substr(0, kept));
  if (kept == lines.size()) return true;
  fail(error);
  lose(lines.substr(kept));
  return false;
}

void LogFile::append(std::string_view lines, const core::Said& said) {
  lost_ = {};
  write(lines, said.lines);
  core::Said written = said;
  written -= lost_;
  account_.wrote(written);
}

void LogFile::write(std::string_view lines, std::uint64_t many) {
  if (!ready()) return lose(lines);
  if (account_.untold().lines > 0 && options_.note) {
    const std::string note = options_.note(account_.untold(), why_dropped_);
    if (core::fitting(size_, options_.max_size, note) == 0 && !rotate()) return lose(lines);
    if (!put(note, 1)) return lose(lines);
    account_.told();
  }
  while (!lines.empty()) {
    const std::size_t part = core::fitting(size_, options_.max_size, lines);
    if (part == 0) {
      if (!rotate()) return lose(lines);
      continue;
    }
    const std::uint64_t these = part == lines.size() ? many : count_lines(lines.substr(0, part));
    if (!put(lines.substr(0, part), these)) return lose(lines.substr(part));
    lines.remove_prefix(part);
    many -= these;
  }
  trouble_.clear();
}

}  // namespace berth::os
