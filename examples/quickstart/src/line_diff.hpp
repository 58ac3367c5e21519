// A line diff: the longest common subsequence of two texts, as the lines kept, removed and added.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harbour {

struct DiffLine {
  char mark;  // ' ' kept, '-' only before, '+' only after
  std::string_view text;
};

// The last line end does not start another line.
std::vector<std::string_view> split_lines(std::string_view text);

// Time and memory are the product of the two lengths, without the common start and end.
std::vector<DiffLine> diff_lines(const std::vector<std::string_view>& before,
                                 const std::vector<std::string_view>& after);

}  // namespace harbour
