// What servers say: cut into lines, redacted, kept as a tail, made fit to be shown. The first line of the input is a
// secret, the rest is the output; the decisions say in which pieces it arrives and how often it is repeated.

#include "app/output.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "config/secrets.hpp"
#include "core/redactor.hpp"
#include "fuzz/support.hpp"
#include "os/json_text.hpp"

namespace {

using namespace berth;
using app::LineSplitter;
using fuzz::visible;
using Lines = std::vector<std::string>;

// The meaning of LineSplitter, for a text that is there at once.
Lines cut(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    do {
      lines.emplace_back(line.substr(0, LineSplitter::longest));
      line.remove_prefix(lines.back().size());
    } while (!line.empty());
  }
  return lines;
}

Lines in_pieces(std::string_view text, fuzz::Decisions& decisions) {
  LineSplitter splitter;
  Lines lines;
  const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  while (!text.empty()) {
    const std::size_t step = decisions.next();
    const std::size_t length = std::min(text.size(), step == 0      ? text.size()
                                                     : step >= 0xF0 ? (step & 0xFU) << 13U
                                                                    : step);
    splitter.feed(text.substr(0, length), keep);
    text.remove_prefix(length);
  }
  splitter.flush(keep);
  splitter.flush([](std::string_view line) { FUZZ_CHECK(false, visible(line)); });
  return lines;
}

bool is_fit_to_be_shown(std::string_view text) {
  if (!fuzz::is_utf8(text) || fuzz::has_control_characters(text)) return false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;  // U+0080 to U+009F
  }
  return true;
}

void check_printable(std::string_view line) {
  const std::string shown = app::printable(line);
  FUZZ_CHECK(is_fit_to_be_shown(shown), visible(line));
  FUZZ_CHECK(app::printable(shown) == shown, visible(line));
  FUZZ_CHECK(!is_fit_to_be_shown(line) || shown == line, visible(line));
}

// Of the secrets, those that the mask itself does not spell.
Lines secrets_of(std::string_view value) {
  config::SecretValues values;
  values.add(value);
  Lines secrets = values.take();
  std::erase_if(secrets, [](const std::string& secret) {
    return secret.find_first_of("[]") != std::string::npos ||
           std::string_view("redacted").find(secret) != std::string::npos;
  });
  return secrets;
}

// JSON stays JSON, whatever the bytes.
void check_json(std::string_view line) {
  boost::system::error_code error;
  const auto again = boost::json::parse(os::json_text(boost::json::value(line)), error);
  FUZZ_CHECK(!error && again.is_string(), visible(line));
  FUZZ_CHECK(!fuzz::is_utf8(line) || again.as_string() == line, visible(line));
}

void check_no_secret(const Lines& secrets, std::string_view text) {
  for (const std::string& secret : secrets) FUZZ_CHECK(text.find(secret) == std::string_view::npos, visible(text));
}

void check_tail(const Lines& lines, const app::OutputTail& tail) {
  const Lines kept = tail.lines();
  FUZZ_CHECK(kept.size() <= app::OutputTail::most_lines, std::to_string(kept.size()));
  std::size_t bytes = 0;
  for (const std::string& line : kept) {
    bytes += line.size();
    FUZZ_CHECK(is_fit_to_be_shown(line), visible(line));
  }
  FUZZ_CHECK(bytes <= app::OutputTail::most_bytes, std::to_string(bytes));
  // In the order in which they were said, the last one among them.
  auto said = lines.begin();
  for (const std::string& line : kept) {
    said = std::find_if(said, lines.end(), [&](const std::string& candidate) {
      return app::printable(std::string_view(candidate).substr(0, app::OutputTail::longest_line)) == line;
    });
    FUZZ_CHECK(said != lines.end(), visible(line));
    ++said;
  }
  const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) { return !line.empty(); });
  FUZZ_CHECK((last == lines.rend()) == kept.empty(), "a tail without the last line");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  const std::string_view first = input.substr(0, input.find('\n'));
  const std::string_view output = input.substr(std::min(first.size() + 1, input.size()));
  const Lines secrets = secrets_of(first);

  // Repeating its first line is what makes a line of 64 KiB out of a small input.
  const bool long_line = decisions.next() >= 0xFE;
  std::string text;
  const std::string_view begin = output.substr(0, output.find('\n'));
  while (long_line && !begin.empty() && text.size() < 2 * LineSplitter::longest) text += begin;
  text += output;
  const bool to_err = (decisions.next() & 1U) != 0;

  const Lines lines = in_pieces(text, decisions);
  FUZZ_CHECK(lines == cut(text), "other lines in other pieces");
  if (long_line) return 0;  // the rest would take as long as a hundred other inputs

  app::OutputTail tail;
  const core::Redactor redact(secrets);
  Lines secrets_as_text = secrets;  // others never stand in what is shown
  std::erase_if(secrets_as_text, [](const std::string& secret) { return !is_fit_to_be_shown(secret); });
  Lines clean;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    check_no_secret(secrets, redact(lines[i]));
    clean.push_back(redact.shown(lines[i]));
    FUZZ_CHECK(is_fit_to_be_shown(clean.back()), visible(clean.back()));
    check_no_secret(secrets_as_text, clean.back());
    tail.add(to_err && i % 3 == 0 ? app::Stream::err : app::Stream::out, clean.back());
    check_printable(lines[i]);
    check_json(lines[i]);
  }
  check_tail(clean, tail);
  tail.clear();
  FUZZ_CHECK(tail.lines().empty(), "a cleared tail");
  return 0;
}
