// The handshake, on replies of any kind: it ends, within bounds, keeps to its rules, and says nothing that cannot be
// shown. The input is a reply for each question, with 0x1E between them; the last one is repeated. The first three
// bytes of a reply decide its status, what else is the matter with it, and its headers; the rest is its body. The first
// decision says after how many questions nobody wants to know any more.

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "app/mcp_message.hpp"
#include "app/output.hpp"
#include "app/sse_reader.hpp"
#include "fuzz/support.hpp"

using namespace berth;

namespace {

using core::McpAsk;
using core::McpFindings;
using core::McpMethod;
using core::McpReply;
using Trouble = McpReply::Trouble;

constexpr std::array<unsigned, 16> statuses{200, 200, 200, 200, 202, 204, 301, 307,
                                            400, 401, 403, 404, 405, 429, 500, 503};

bool is_post(const McpAsk& ask) {
  return ask.method == McpMethod::discover || ask.method == McpMethod::initialize ||
         ask.method == McpMethod::list_tools;
}

McpReply reply_of(std::string_view text, const McpAsk& ask) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  McpReply reply;
  const unsigned what = byte(1);
  // Nothing came at all; or a head, and then something went wrong.
  if (what >= 0xF8) reply.trouble = static_cast<Trouble>(1 + what % 3);
  if (what >= 0xF0 && what < 0xF8) reply.trouble = what % 2 == 0 ? Trouble::silent : Trouble::broken;
  if (reply.trouble != Trouble::none) reply.trouble_text = "trouble";
  if (what >= 0xF8) return reply;
  reply.status = statuses[byte(0) % statuses.size()];
  if ((byte(2) & 1U) != 0) reply.session = "session";
  reply.content_type = (byte(2) & 2U) != 0 ? "text/event-stream" : "application/json";
  const std::string_view body = text.substr(std::min<std::size_t>(text.size(), 3));
  if (reply.status / 100 == 3) reply.location = app::printable(body);
  if (ask.method == McpMethod::open_stream) {
    reply.endpoint = core::same_origin_path(body, ask.path, {"127.0.0.1", "localhost"}, 50000);
  }
  if (!is_post(ask)) return reply;
  if ((byte(2) & 2U) == 0) {
    if (!body.empty() && !app::take_answer(body, ask, true, reply)) reply.body = McpReply::Body::other;
    return reply;
  }
  bool found = false;
  app::SseReader reader([&](const app::SseEvent& event) {
    if (!found) found = app::take_answer(event.data, ask, true, reply);
  });
  reader.feed(body);
  return reply;
}

std::vector<std::string_view> split(std::string_view input) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = input.find('\x1E');
    parts.push_back(input.substr(0, end));
    if (end == std::string_view::npos) return parts;
    input.remove_prefix(end + 1);
  }
}

void check_ask(const McpAsk& ask, const std::string& seen) {
  FUZZ_CHECK(ask.approach < 3, seen);
  FUZZ_CHECK(ask.path.starts_with('/') && !fuzz::has_control_characters(ask.path), seen);
  FUZZ_CHECK(!fuzz::has_control_characters(ask.version), seen);
  FUZZ_CHECK(ask.version.size() <= core::McpHandshake::longest_name + 3, seen);
  FUZZ_CHECK((ask.id != 0) == is_post(ask), seen);
  FUZZ_CHECK(app::question_text(ask, "1").empty() == !(is_post(ask) || ask.method == McpMethod::initialized), seen);
}

void check_findings(const McpFindings& found, const std::string& seen) {
  for (const auto& text : {found.protocol, found.name, found.version}) {
    if (text) FUZZ_CHECK(fuzz::is_utf8(*text) && !fuzz::has_control_characters(*text), seen);
    if (text) FUZZ_CHECK(text->size() <= core::McpHandshake::longest_name + 3, seen);
  }
  FUZZ_CHECK(fuzz::is_utf8(found.message) && !fuzz::has_control_characters(found.message), seen);
  FUZZ_CHECK(found.message.size() < 2000, seen);
  FUZZ_CHECK(found.approach < 3, seen);
  if (found.outcome == McpFindings::Outcome::ok) FUZZ_CHECK(found.protocol.has_value(), seen);
  if (found.outcome != McpFindings::Outcome::ok) FUZZ_CHECK(!found.message.empty(), seen);
  if (found.tools) FUZZ_CHECK(std::is_sorted(found.tools->begin(), found.tools->end()), seen);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = fuzz::as_text(data, size);
  fuzz::Decisions decisions(input);
  const unsigned patience = decisions.empty() ? 1000U : decisions.next();
  const auto replies = split(input);
  const std::string seen = fuzz::visible(input);

  core::McpHandshake handshake(3, "/mcp", false);
  constexpr unsigned most = 3 * 3 + core::McpHandshake::most_pages + 12;
  unsigned asked = 0;
  std::vector<std::string> open;  // sessions, of which each is to be ended once
  bool has_session = false;
  bool ended = false;
  bool signed_in = true;
  for (; handshake.ask(); ++asked) {
    FUZZ_CHECK(asked < most, seen);
    if (asked == patience) {
      handshake.abandon();
      if (!handshake.ask()) break;
      const auto method = handshake.ask()->method;
      const bool opens = method == McpMethod::discover || method == McpMethod::initialize;
      FUZZ_CHECK(opens || method == McpMethod::end_session, seen);
    }
    const McpAsk ask = *handshake.ask();
    check_ask(ask, seen);
    FUZZ_CHECK(!ended || ask.method == McpMethod::end_session, seen);
    FUZZ_CHECK(signed_in || ask.method == McpMethod::end_session, seen);
    const McpReply reply = reply_of(replies[std::min<std::size_t>(asked, replies.size() - 1)], ask);
    const bool first =
        ask.method == McpMethod::initialize && !std::exchange(has_session, has_session || !reply.session.empty());
    if ((first || ask.method == McpMethod::discover) && !reply.session.empty()) open.push_back(reply.session);
    ended = ask.method == McpMethod::end_session;
    if (ended) {
      const auto one = std::ranges::find(open, ask.session);
      FUZZ_CHECK(one != open.end(), seen);
      open.erase(one);
    }
    const bool elsewhere = ask.method == McpMethod::look || ended;
    if (reply.status == 401 && !elsewhere) signed_in = false;
    handshake.on(reply);
  }
  FUZZ_CHECK(open.empty(), seen);
  if (asked < patience) check_findings(handshake.findings(), seen);
  return 0;
}
