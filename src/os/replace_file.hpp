#pragma once
// Other programs' files, changed as a whole or not at all.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "berth/expected.hpp"

namespace berth::os {

struct FileContent {
  std::string path;                 // absolute, symlinks followed
  std::optional<std::string> text;  // empty: there is no such file
};

// What stands in `path` now; or why that cannot be told, in a sentence that names the file.
Expected<FileContent, std::string> read_whole(const std::string& path, std::size_t largest);

// The moments of a replacement, in order; a test stops the process at one of them.
enum class ReplaceStep { backup_written, text_written, replaced };

struct Replacement {
  std::string backup;  // the copy's path; empty when there was no file before
};

// Puts `text` in the place of what `before` has read: a copy beside it (`FILE.bak-TIME`, never over another one), the
// text into a new file with the old one's mode and owner, and that one over the old. At each moment the path holds the
// old or the new text, whole. Folders that are missing are made. When the file has changed since it was read, or may
// not be written (it is read-only, too), nothing is done and the error says so.
Expected<Replacement, std::string> replace_file(const FileContent& before, std::string_view text,
                                                const std::function<void(ReplaceStep)>& at_step = {});

}  // namespace berth::os
