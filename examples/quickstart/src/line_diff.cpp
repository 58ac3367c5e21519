#include "line_diff.hpp"

#include <algorithm>
#include <cstdint>

namespace harbour {

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

std::vector<DiffLine> diff_lines(const std::vector<std::string_view>& before,
                                 const std::vector<std::string_view>& after) {
  const auto shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;

  // common[i * columns + j]: how much of before[head + i …] and after[head + j …] is in common.
  const auto rows = before.size() - head - tail;
  const auto columns = after.size() - head - tail;
  std::vector<std::uint32_t> common((rows + 1) * (columns + 1), 0);
  const auto at = [&common, columns](std::size_t i, std::size_t j) -> std::uint32_t& {
    return common[i * (columns + 1) + j];
  };
  for (auto i = rows; i-- > 0;) {
    for (auto j = columns; j-- > 0;) {
      at(i, j) = before[head + i] == after[head + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }
  }

  std::vector<DiffLine> diff;
  for (std::size_t i = 0; i < head; ++i) diff.push_back({' ', before[i]});
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[head + i] == after[head + j]) {
      diff.push_back({' ', before[head + i]});
      ++i, ++j;
    } else if (i < rows && (j == columns || at(i + 1, j) >= at(i, j + 1))) {
      diff.push_back({'-', before[head + i++]});
    } else {
      diff.push_back({'+', after[head + j++]});
    }
  }
  for (auto k = before.size() - tail; k < before.size(); ++k) diff.push_back({' ', before[k]});
  return diff;
}

}  // namespace harbour
