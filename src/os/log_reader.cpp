#include "os/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace berth::os {

namespace {

constexpr std::size_t search_block = 64 * 1024;
constexpr std::size_t search_budget = 1U << 20U;  // bytes in one call
constexpr std::size_t head = 64;                  // of a record, with its time and its stream
constexpr std::size_t read_block = 16 * 1024;
constexpr std::size_t longest_line = 512 * 1024;  // JSON may need that; what is longer comes in pieces

std::size_t read_at(int fd, char* to, std::size_t size, std::uint64_t offset) {
  for (;;) {
    const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
}

std::uint64_t size_of(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace

LogReader::LogReader(std::string path, LogWish wish, std::function<LogGenerations()> files)
    : path_(std::move(path)), wish_(std::move(wish)), files_(std::move(files)) {}

// Under the name that it has by its place, or under one of the next: it may be renamed at this moment.
Fd LogReader::open(const LogGenerations& files, const Generation& which) const {
  const auto place = static_cast<std::size_t>(std::find(files.begin(), files.end(), which) - files.begin());
  for (std::size_t i = place; i < place + 3; ++i) {
    Fd file(::open(log_name(path_, i).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (file && from_the_reserve(file.get())) return {};
    if (file && ::fstat(file.get(), &info) == 0 && info.st_ino == which->inode && info.st_dev == which->device) {
      return file;
    }
  }
  return {};
}

void LogReader::enter(Generation which, Fd file, std::uint64_t offset) {
  current_ = std::move(which);
  file_ = std::move(file);
  offset_ = offset;
  block_.clear();
  at_ = 0;
  last_look_ = false;
}

// ---- the beginning
// -------------------------------------------------------------------------------------------------------

void LogReader::begin_search() {
  searching_ = true;
  search_ = files_();
  search_index_ = 0;
  search_end_ = UINT64_MAX;
  search_tail_.clear();
  counted_ = 0;
}

// True when it is known where to begin.
bool LogReader::seek() {
  if (!searching_) begin_search();
  if (wish_.lines || !wish_.since.empty()) {
    // With nothing to count, one look at the end of the newest file is enough.
    if (!seek_back(search_budget)) return false;
    if (current_) return found_ = true;
  }
  // Nothing tells where to begin: with the oldest that there is.
  for (auto one = search_.rbegin(); one != search_.rend(); ++one) {
    if (!*one) continue;
    Fd file = open(search_, *one);
    if (!file) continue;
    enter(*one, std::move(file), 0);
    break;
  }
  search_.clear();
  return found_ = true;
}

// `line_start`: some bytes from the beginning of a line on, which is counted, unless it is too old.
bool LogReader::is_too_old(std::string_view line_start) {
  const core::LogRecord record = core::read_record(line_start.substr(0, line_start.find('\n')));
  std::string_view at = record.at;
  core::Stream stream = record.stream;
  if (at.empty() && line_start.starts_with('{')) {  // JSON whose end is not here
    const std::string closed = std::string(line_start) + R"("})";
    const core::LogRecord again = core::read_record(closed);
    stream = again.stream;
    if (!wish_.since.empty() && !again.at.empty() && again.at < wish_.since) return true;
  }
  if (!wish_.since.empty() && !at.empty() && at < wish_.since) return true;
  if (!wish_.lines) return false;
  if (stream != core::Stream::berth && (!wish_.stream || *wish_.stream == stream)) ++counted_;
  return false;
}

// Goes back, block by block, until enough lines were counted or one is too old. False: the budget is used up.
bool LogReader::seek_back(std::size_t budget) {
  std::string bytes;
  while (search_index_ < search_.size()) {
    const Generation& one = search_[search_index_];
    Fd file = one ? open(search_, one) : Fd{};
    if (!file) {
      ++search_index_;
      search_end_ = UINT64_MAX;
      search_tail_.clear();
      continue;
    }
    if (search_end_ == UINT64_MAX) search_start_ = search_end_ = size_of(file.get());
    if (wish_.lines == std::uint64_t{0}) {
      enter(one, std::move(file), search_end_);
      return true;
    }
    while (search_end_ > 0) {
      if (budget == 0) return false;
      const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(search_block, search_end_));
      const std::uint64_t begin = search_end_ - length;
      bytes.resize(length);
      if (read_at(file.get(), bytes.data(), length, begin) != length) break;  // cut meanwhile
      bytes += search_tail_;
      // Each line that begins behind a line feed of this block, the last one first.
      for (std::size_t before = length; before > 0 || begin == 0;) {
        const std::size_t feed = before == 0 ? std::string::npos : bytes.rfind('\n', before - 1);
        if (feed == std::string::npos && begin > 0) break;
        const std::size_t start = feed == std::string::npos ? 0 : feed + 1;
        if (start < bytes.size()) {
          if (is_too_old(std::string_view(bytes).substr(start, head))) {
            enter(one, std::move(file), search_start_);
            return true;
          }
          search_start_ = begin + start;
          if (wish_.lines && counted_ >= *wish_.lines) {
            enter(one, std::move(file), search_start_);
            return true;
          }
        }
        if (feed == std::string::npos) break;
        before = feed;
      }
      search_tail_ = bytes.substr(0, head);
      search_end_ = begin;
      budget -= std::min(budget, length);
    }
    ++search_index_;
    search_end_ = UINT64_MAX;
    search_tail_.clear();
  }
  return true;
}

// ---- line by line
// -------------------------------------------------------------------------------------------------------

// More bytes into the block; false: the file has no more.
bool LogReader::fill() {
  block_.erase(0, at_);
  at_ = 0;
  const std::size_t before = block_.size();
  const std::size_t more = std::max(read_block, before);
  block_.resize(before + more);
  const std::size_t got = read_at(file_.get(), block_.data() + before, more, offset_);
  block_.resize(before + got);
  offset_ += got;
  return got > 0;
}

// At the end of the file: on to the next one, if there is one.
std::optional<LogReader::Next> LogReader::advance() {
  const LogGenerations files = files_();
  Generation next;
  for (const Generation& one : files) {
    if (one && current_ && one->id == current_->id) current_ = one;  // who writes it knows more of it
    if (one && (!current_ || one->id > current_->id) && (!next || one->id < next->id)) next = one;
  }
  if (!next) {
    if (file_ && size_of(file_.get()) < offset_) offset_ = 0;  // somebody has cut it
    last_look_ = false;
    return Next::later;
  }
  // What was written to the old file until there was a new one must be read first.
  if (current_ && !std::exchange(last_look_, true)) return std::nullopt;
  Fd file = open(files, next);
  if (!file && files_().front() == files.front()) {
    // Not to be had, and not because of a rotation at this moment: as if it had been missed.
    file = Fd{};
  } else if (!file) {
    return std::nullopt;
  }
  const Generation before = std::exchange(current_, next);
  const bool gap = !file || (before && next->id != before->id + 1);
  enter(next, std::move(file), 0);
  if (!gap) return std::nullopt;
  missed_.lines.reset();
  if (file_ && !next->before && before->end > 0) missed_.lines = next->first - before->end;
  return missed_.lines == std::uint64_t{0} ? std::nullopt : std::optional(Next::missed);
}

bool LogReader::wanted(const core::LogRecord& record) const {
  if (!wish_.since.empty() && !record.at.empty() && record.at < wish_.since) return false;
  return record.stream == core::Stream::berth || !wish_.stream || *wish_.stream == record.stream;
}

LogReader::Next LogReader::next() {
  if (!found_ && !seek()) return Next::busy;
  std::size_t budget = search_budget;
  for (;;) {
    std::size_t end = block_.find('\n', at_);
    if (end == std::string::npos && file_) {
      if (block_.size() - at_ > longest_line) {
        end = at_ + longest_line;
      } else if (budget == 0) {
        return Next::busy;
      } else if (fill()) {
        budget -= std::min(budget, read_block);
        continue;
      } else if (last_look_ && at_ < block_.size()) {
        end = block_.size();  // nobody will end it
      }
    }
    if (end == std::string::npos) {
      if (const auto told = advance()) return *told;
      continue;
    }
    const std::string_view line = std::string_view(block_).substr(at_, end - at_);
    at_ = std::min(end + 1, block_.size());
    if (end < block_.size() && block_[end] != '\n') at_ = end;  // a piece
    record_ = core::read_record(line);
    if (!wanted(record_)) continue;
    if (record_.at.empty()) {
      record_.at = last_at_;
    } else if (record_.at != last_at_) {
      last_at_ = record_.at;
    }
    return Next::line;
  }
}

}  // namespace berth::os
