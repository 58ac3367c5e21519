#include "os/log_merge.hpp"

#include <algorithm>
#include <utility>

namespace berth::os {

LogMerge::LogMerge(std::vector<Source> sources) {
  entries_.reserve(sources.size());
  for (Source& source : sources) entries_.push_back({std::move(source)});
}

LogMerge::Head LogMerge::look(Entry& entry) {
  switch (entry.source.reader.next()) {
    case LogReader::Next::line: entry.time = entry.source.reader.record().at; return Head::line;
    case LogReader::Next::missed: return Head::missed;
    case LogReader::Next::later: return Head::later;
    case LogReader::Next::busy: break;
  }
  return Head::busy;
}

void LogMerge::refresh() {
  for (Entry& entry : entries_) {
    if (entry.head == Head::later) entry.head = Head::unknown;
  }
}

// The earliest of all that are next. One that has nothing now holds up nobody.
LogMerge::Next LogMerge::next(Line& line) {
  if (given_ != nullptr) std::exchange(given_, nullptr)->head = Head::unknown;
  bool busy = false;
  Entry* first = nullptr;
  for (Entry& entry : entries_) {
    if (entry.head == Head::unknown || entry.head == Head::busy) entry.head = look(entry);
    if (entry.head == Head::busy) busy = true;
    if (entry.head != Head::line && entry.head != Head::missed) continue;
    if (first == nullptr || entry.time < first->time) first = &entry;
  }
  if (busy) return Next::busy;  // its next line may be the earliest
  if (first == nullptr) return Next::later;
  given_ = first;
  line.server = first->source.server;
  line.at = first->time;
  if (first->head == Head::missed) {
    const auto lines = first->source.reader.missed().lines;
    line.stream = core::Stream::berth;
    line.whole = true;
    line.text = (lines ? std::to_string(*lines) + (*lines == 1 ? " line was" : " lines were")
                       : std::string("some lines were")) +
                " rotated away before they were read";
    return Next::line;
  }
  const core::LogRecord& record = first->source.reader.record();
  line.stream = record.stream;
  line.whole = record.whole;
  std::string words = record.line();
  if (words.ends_with('\r')) words.pop_back();
  const core::Redactor& redact = *first->source.redact;
  std::string& unfinished = line.stream == core::Stream::err ? first->unfinished_err : first->unfinished_out;
  if (unfinished.empty() && line.whole) {
    line.text = redact.shown(words);
    return Next::line;
  }
  line.text = redact.shown_piece(words, unfinished, !line.whole);
  unfinished = line.whole ? "" : words.substr(words.size() - std::min(words.size(), redact.longest()));
  return Next::line;
}

void append_json_line(std::string& out, const LogMerge::Line& line) {
  out += R"({"at":)";
  if (line.at.empty()) {
    out += "null";
  } else {
    ((out += '"') += line.at) += '"';
  }
  out += R"(,"server":")";
  core::append_json_text(out, line.server);
  out += R"(","stream":")";
  out += core::to_string(line.stream);
  out += R"(","line":")";
  core::append_json_text(out, line.text);
  out += line.whole ? "\"}\n" : "\",\"continued\":true}\n";
}

}  // namespace berth::os
