#include "os/replace_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "os/fd.hpp"

namespace berth::os {
namespace {

namespace fs = std::filesystem;

std::string failure(const std::string& what, const std::string& path) {
  return what + " " + path + ": " + std::strerror(errno);
}

// Where the text would go: the end of all symlinks, whether there is a file or not.
Expected<std::string, std::string> target_of(const std::string& path) {
  std::error_code error;
  // Step by step, and never by words alone: `..` behind a linked folder leads elsewhere.
  const auto in_its_folder = [&error](const fs::path& file) {
    const fs::path folder = fs::weakly_canonical(file.parent_path(), error);
    return error ? file.lexically_normal() : folder / file.filename();
  };
  fs::path current = in_its_folder(fs::absolute(path, error));
  for (int links = 0; links < 40; ++links) {
    const fs::path link = fs::read_symlink(current, error);
    if (error) return current.string();
    current = in_its_folder(link.is_absolute() ? link : current.parent_path() / link);
  }
  return Unexpected<std::string>("too many symlinks at " + path);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

void sync_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

// A new file with this text, which is gone again when anything fails.
Expected<Fd, std::string> write_new(const std::string& path, std::string_view text, const struct stat* like) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return Unexpected<std::string>(failure("cannot write", path));
  bool good = write_all(fd.get(), text);
  if (good && like != nullptr) {
    const bool other_owner = like->st_uid != ::geteuid() || like->st_gid != ::getegid();
    // Who may not give files away cannot keep the owner, and must not change who can read it.
    if (other_owner && ::fchown(fd.get(), like->st_uid, like->st_gid) != 0) good = false;
    good = good && ::fchmod(fd.get(), like->st_mode & 07777U) == 0;
  }
  if (good) return fd;
  const std::string message = failure("cannot write", path);
  ::unlink(path.c_str());
  return Unexpected<std::string>(message);
}

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

Expected<std::string, std::string> write_backup(const std::string& path, std::string_view text,
                                                const struct stat& like) {
  const std::string first = path + ".bak-" + time_stamp();
  std::string name = first;
  for (int number = 2; number < 100 && ::access(name.c_str(), F_OK) == 0; ++number)
    name = first + "-" + std::to_string(number);
  const auto written = write_new(name, text, &like);
  if (!written) return Unexpected<std::string>(written.error());
  return name;
}

}  // namespace

Expected<FileContent, std::string> read_whole(const std::string& path, std::size_t largest) {
  const auto target = target_of(path);
  if (!target) return Unexpected<std::string>(target.error());
  FileContent content{*target, std::nullopt};
  const Fd fd(::open(target->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return content;
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return Unexpected<std::string>(failure("cannot read", *target));
  if (!S_ISREG(facts.st_mode)) return Unexpected<std::string>(*target + " is not a regular file");
  std::string text;
  char block[65536];
  while (true) {
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unexpected<std::string>(failure("cannot read", *target));
    if (got == 0) break;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > largest)
      return Unexpected<std::string>(*target + " is larger than " + std::to_string(largest) + " bytes");
  }
  content.text = std::move(text);
  return content;
}

Expected<Replacement, std::string> replace_file(const FileContent& before, std::string_view text,
                                                const std::function<void(ReplaceStep)>& at_step) {
  const auto reached = [&](ReplaceStep step) {
    if (at_step) at_step(step);
  };
  const std::string folder = fs::path(before.path).parent_path().string();
  Replacement result;
  struct stat facts {};
  const bool is_there = ::stat(before.path.c_str(), &facts) == 0;
  if (is_there != before.text.has_value()) {
    return Unexpected<std::string>(before.path + " has changed meanwhile; nothing was written, try again");
  }
  if (is_there) {
    // A file that its owner has made read-only is meant to stay as it is, whatever the folder and root allow.
    if ((facts.st_mode & 0222U) == 0 || ::access(before.path.c_str(), W_OK) != 0) {
      return Unexpected<std::string>(before.path + " is read-only; nothing was written");
    }
    auto backup = write_backup(before.path, *before.text, facts);
    if (!backup) return Unexpected<std::string>(backup.error());
    result.backup = std::move(*backup);
  } else {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return Unexpected<std::string>("cannot make the folder " + folder + ": " + error.message());
  }
  reached(ReplaceStep::backup_written);
  const std::string temporary = before.path + ".berth-" + std::to_string(::getpid());
  ::unlink(temporary.c_str());  // of an earlier process with this number that was killed here
  const auto drop = [&](std::string message) {
    ::unlink(temporary.c_str());
    if (!result.backup.empty()) ::unlink(result.backup.c_str());
    return Unexpected<std::string>(std::move(message));
  };
  if (const auto written = write_new(temporary, text, is_there ? &facts : nullptr); !written)
    return drop(written.error());
  reached(ReplaceStep::text_written);
  const auto now = read_whole(before.path, before.text ? before.text->size() + 1 : 1);
  if (!now || now->path != before.path || now->text != before.text) {
    return drop(before.path + " has changed meanwhile; nothing was written, try again");
  }
  if (::rename(temporary.c_str(), before.path.c_str()) != 0) return drop(failure("cannot replace", before.path));
  sync_folder(folder);
  reached(ReplaceStep::replaced);
  return result;
}

}  // namespace berth::os
