#include "app/output.hpp"

namespace berth::app {

void OutputTail::add(Stream stream, std::string_view line) {
  if (line.empty()) return;
  Share& share = shares_[static_cast<std::size_t>(stream)];
  share.lines.push_back({next_number_++, printable(line.substr(0, longest_line))});
  share.bytes += share.lines.back().text.size();
  while (shares_[0].lines.size() + shares_[1].lines.size() > most_lines ||
         shares_[0].bytes + shares_[1].bytes > most_bytes) {
    Share& larger = shares_[0].bytes > shares_[1].bytes ? shares_[0] : shares_[1];
    larger.bytes -= larger.lines.front().text.size();
    larger.lines.erase(larger.lines.begin());
  }
}

void OutputTail::clear() {
  shares_ = {};
}

std::vector<std::string> OutputTail::lines() const {
  std::vector<std::string> merged;
  auto out = shares_[0].lines.begin();
  auto err = shares_[1].lines.begin();
  while (out != shares_[0].lines.end() || err != shares_[1].lines.end()) {
    const bool take_out = err == shares_[1].lines.end() || (out != shares_[0].lines.end() && out->number < err->number);
    merged.push_back(take_out ? (out++)->text : (err++)->text);
  }
  return merged;
}

}  // namespace berth::app
