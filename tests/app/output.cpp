// What a server says: lines, the tail of them, and what may be shown.

#include "app/output.hpp"

#include <algorithm>
#include <random>

#include "support/catch.hpp"

namespace berth::app::test {
namespace {

using Lines = std::vector<std::string>;

struct Cutter {
  LineSplitter splitter;
  Lines lines;
  void feed(std::string_view bytes) {
    splitter.feed(bytes, [this](std::string_view line) { lines.emplace_back(line); });
  }
  void flush() {
    splitter.flush([this](std::string_view line) { lines.emplace_back(line); });
  }
};

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

TEST_CASE("Bytes are cut at line feeds however they arrive") {
  Cutter cutter;
  cutter.feed("one\ntw");
  CHECK(cutter.lines == Lines{"one"});
  cutter.feed("o\n\nthree");
  CHECK(cutter.lines == Lines{"one", "two", ""});
  cutter.flush();
  CHECK(cutter.lines == Lines{"one", "two", "", "three"});
  cutter.flush();
  CHECK(cutter.lines.size() == 4);
}

TEST_CASE("Nothing says nothing and a line feed is an empty line") {
  Cutter cutter;
  cutter.feed("");
  CHECK(cutter.lines.empty());
  cutter.feed("\n");
  CHECK(cutter.lines == Lines{""});
}

TEST_CASE("A carriage return and a zero byte are bytes like others") {
  Cutter cutter;
  cutter.feed(std::string_view("a\r\n\0b\n", 6));
  CHECK(cutter.lines == Lines{"a\r", std::string("\0b", 2)});
}

TEST_CASE("A line of 64 KiB is whole and a longer one is given up in pieces of 64 KiB") {
  Cutter cutter;
  cutter.feed(std::string(LineSplitter::longest, 'x') + "\n");
  CHECK(cutter.lines.size() == 1);
  cutter.lines.clear();
  cutter.feed(std::string(2 * LineSplitter::longest + 10, 'x') + "\nnext\n");
  REQUIRE(cutter.lines.size() == 4);
  CHECK(cutter.lines[0].size() == LineSplitter::longest);
  CHECK(cutter.lines[1].size() == LineSplitter::longest);
  CHECK(cutter.lines[2].size() == 10);
  CHECK(cutter.lines[3] == "next");
}

TEST_CASE("A long line that arrives in odd blocks loses no byte") {
  Cutter cutter;
  const std::string head(LineSplitter::longest - 6, 'a');
  const std::string tail(100, 'b');
  cutter.feed(head);
  cutter.feed(tail);
  cutter.feed("end\n");
  CHECK(joined(cutter.lines).size() == head.size() + tail.size() + 3);
  CHECK(joined(cutter.lines) == head + tail + "end");
}

TEST_CASE("Whatever the blocks no byte is lost and no piece is longer than 64 KiB") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    while (text.size() < 400'000) {
      text += std::string(random() % (seed % 2 == 0 ? 200'000U : 80U), static_cast<char>('a' + random() % 26)) + "\n";
    }
    Cutter cutter;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(text.size() - at, 1 + random() % 70'000);
      cutter.feed(std::string_view(text).substr(at, size));
      at += size;
    }
    cutter.flush();
    std::erase(text, '\n');
    INFO("seed " << seed);
    CHECK((joined(cutter.lines) == text));
    CHECK(std::all_of(cutter.lines.begin(), cutter.lines.end(),
                      [](const std::string& line) { return line.size() <= LineSplitter::longest; }));
  }
}

// ---- the tail -------------------------------------------------------------------------------------------------------

TEST_CASE("The tail keeps the last twenty lines of both streams in the order in which they were said") {
  OutputTail tail;
  for (int i = 0; i < 30; ++i) tail.add(i % 2 == 0 ? Stream::out : Stream::err, "line " + std::to_string(i));
  const auto lines = tail.lines();
  REQUIRE(lines.size() == OutputTail::most_lines);
  CHECK(lines.back() == "line 29");
  const auto number = [](const std::string& line) { return std::stoi(line.substr(5)); };
  CHECK(std::is_sorted(lines.begin(), lines.end(),
                       [&](const std::string& a, const std::string& b) { return number(a) < number(b); }));
}

TEST_CASE("A flood on one stream does not wash away the last words on the other") {
  OutputTail tail;
  tail.add(Stream::err, "Error: the reason");
  for (int i = 0; i < 10'000; ++i) tail.add(Stream::out, "chatter " + std::to_string(i));
  const auto lines = tail.lines();
  CHECK(lines.front() == "Error: the reason");
  CHECK(lines.back() == "chatter 9999");
}

TEST_CASE("The tail has at most four KiB and a line at most one") {
  OutputTail tail;
  for (int i = 0; i < 10; ++i) tail.add(Stream::out, std::string(5000, 'x'));
  const auto lines = tail.lines();
  CHECK(lines.size() == 4);
  for (const std::string& line : lines) CHECK(line.size() == OutputTail::longest_line);
  OutputTail broken;
  for (int i = 0; i < 10; ++i) broken.add(Stream::err, std::string(5000, '\xff'));  // each byte becomes three
  CHECK(joined(broken.lines()).size() <= OutputTail::most_bytes);
  CHECK_FALSE(broken.lines().empty());
}

TEST_CASE("Empty lines are not kept and a cleared tail is empty") {
  OutputTail tail;
  tail.add(Stream::out, "");
  CHECK(tail.lines().empty());
  tail.add(Stream::out, "x");
  tail.clear();
  CHECK(tail.lines().empty());
}

// ---- what may be shown ----------------------------------------------------------------------------------------------

TEST_CASE("Plain text and valid UTF-8 are shown as they are") {
  for (const std::string text : {"", "plain text", "h\u00e4fen \u2603 \U0001F6A2", "a{}\"\\"})
    CHECK(printable(text) == text);
}

TEST_CASE("Colours and other escape sequences are left out") {
  CHECK(printable("\x1b[31mred\x1b[0m") == "red");
  CHECK(printable("\x1b[1;38;5;196mx") == "x");
  CHECK(printable("\x1b[2J\x1b[Hx") == "x");
  CHECK(printable("\x1b(Bx") == "Bx");
  CHECK(printable("end\x1b") == "end");
  CHECK(printable("end\x1b[") == "end");
  CHECK(printable("end\x1b[31") == "end");
}

TEST_CASE("Control characters are left out and a tab is a space") {
  CHECK(printable("a\tb") == "a b");
  CHECK(printable(std::string_view("a\0\a\b\r\x7f\x01z", 8)) == "az");
}

TEST_CASE("Control characters beyond ASCII are left out too: some terminals obey them") {
  CHECK(printable("a\xc2\x9b"
                  "31mb") == "a31mb");
  CHECK(printable("a\xc2\x80z") == "az");
  CHECK(printable("\xc2\xa0") == "\xc2\xa0");  // a space that does not break is none
}

TEST_CASE("Characters that turn the direction of what stands beside them are left out") {
  CHECK(printable("a\u202Eb\u202Ac\u2066d\u2069e") == "abcde");
  const std::string others = "\u2029\u202F\u2065\u206A\u200F\u05E9";
  CHECK(printable(others) == others);
}

TEST_CASE("What is no UTF-8 becomes the replacement character") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(printable("a\xff"
                  "b") == "a" + bad + "b");
  CHECK(printable("\xc3") == bad);
  CHECK(printable("\xc0\x80") == bad + bad);                      // an overlong zero
  CHECK(printable("\xe0\x80\xaf") == bad + bad + bad);            // an overlong slash
  CHECK(printable("\xed\xa0\x80") == bad + bad + bad);            // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(printable("\xe2\x98") == bad + bad);
}

TEST_CASE("A character after a lonely escape stays whole") {
  CHECK(printable("\x1b\u00e4x").find("\xef\xbf\xbd") == std::string::npos);
}

TEST_CASE("Printable text is not changed by a second look, whatever the bytes") {
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (auto length = random() % 40; length > 0; --length) bytes += static_cast<char>(random() % 256);
    const std::string once = printable(bytes);
    CHECK(printable(once) == once);
  }
}

}  // namespace
}  // namespace berth::app::test
