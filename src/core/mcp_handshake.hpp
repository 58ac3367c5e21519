#pragma once
// The MCP handshake as a ladder: what to ask next, decided on what was answered before. Pure: no socket, no JSON, no
// clock. The host digests each reply and keeps the time.
//
//   rung          asks                                when
//   discover      POST server/discover (2026-07-28)   first
//   initialize    POST initialize                     the first was not answered in the modern way; an older server
//   stream        GET, for an event stream            POST is not for here (404, 405, or 400 in plain words): HTTP+SSE
//   elsewhere     OPTIONS on a few well-known paths   there is nothing at the path: where is it then?
//   list          POST tools/list, page by page       the server has introduced itself
//   clean up      DELETE with the session's id        a session was opened, whatever came of it
//
// A server that wants a sign-in (401, 403) is alive and is not asked again: some lock an address out after a few such
// answers. Before a 403 is believed, the other names of the host are tried: it may be a guard against DNS rebinding.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::core {

inline constexpr std::string_view modern_mcp = "2026-07-28";    // the first version without `initialize`
inline constexpr std::string_view proposed_mcp = "2025-11-25";  // to those before it, which answer what they like

enum class McpMethod { discover, initialize, initialized, list_tools, open_stream, end_session, look };

struct McpAsk {
  McpMethod method = McpMethod::discover;
  std::size_t approach = 0;  // index: where to connect, and by which name to call it
  std::string path;          // also the query
  std::string version;       // for MCP-Protocol-Version; empty: no such header
  std::string session;       // for Mcp-Session-Id; empty: no such header
  std::string cursor;        // of the page; empty: the first one
  unsigned id = 0;           // of the JSON-RPC request; 0: none
  bool modern = false;       // in the form of 2026-07-28
  bool on_stream = false;    // the answer comes on the event stream, beside the reply to this POST
};

// What came back, digested. Everything in it was said by a server and is as long and as odd as that likes.
struct McpReply {
  enum class Trouble { none, unreachable, silent, broken };
  enum class Body { none, other, error, result };

  Trouble trouble = Trouble::none;
  std::string trouble_text;  // "connection refused"
  unsigned status = 0;       // of HTTP, 0: none; may be known in spite of trouble
  std::string reason;        // the status in words
  std::string session;       // Mcp-Session-Id; known as soon as the head is
  std::string location;
  std::string content_type;
  std::string endpoint;  // of an open stream: the path to POST to
  Body body = Body::none;
  long long error_code = 0;
  std::string error_message;
  std::vector<std::string> versions;  // that it offers: of a discovery, or of a refusal of ours
  std::string version;                // of `initialize`
  std::string name, server_version;
  bool offers_tools = false;
  std::vector<std::string> tools;
  std::string cursor;
};

struct McpFindings {
  enum class Outcome { failed, sign_in_needed, ok };
  Outcome outcome = Outcome::failed;
  bool modern = false;
  bool on_stream = false;
  std::optional<std::string> protocol, name, version;
  std::optional<std::vector<std::string>> tools;  // sorted, each once; nothing when not all are known
  std::size_t approach = 0;                       // the one that got through
  bool unanswered = false;                        // failed because no answer came, or none in time
  std::string message;                            // why not ok; or what else is to be said
};

class McpHandshake {
 public:
  static constexpr unsigned most_pages = 64;
  static constexpr std::size_t most_tools = 10'000;
  static constexpr std::size_t longest_cursor = 4'096;  // bytes
  static constexpr std::size_t longest_name = 256;      // bytes, of tools and of whatever else is kept

  // `approaches`: how many there are. `has_credentials`: an Authorization is sent along.
  McpHandshake(std::size_t approaches, std::string path, bool has_credentials);

  // What to ask now; nothing when it is over.
  [[nodiscard]] const std::optional<McpAsk>& ask() const { return ask_; }

  // The answer to `ask`.
  void on(const McpReply& reply);

  // Nobody wants to know any more: only cleans up. After this `ask` is the question under way as long as its answer
  // may open a session.
  void abandon();

  [[nodiscard]] const McpFindings& findings() const { return findings_; }

 private:
  enum class Rung { discover, initialize, initialized, list, stream, elsewhere, clean_up, over };

  void go(Rung rung);
  void on_discover(const McpReply& reply);
  void on_initialize(const McpReply& reply);
  void on_list(const McpReply& reply);
  void on_stream(const McpReply& reply);
  void on_elsewhere(const McpReply& reply);
  bool handled_for_all(const McpReply& reply);
  void introduced(const McpReply& reply);
  void take_tools(const McpReply& reply);
  void nothing_here(const McpReply& reply);
  void fail(std::string message);
  void sign_in(const McpReply& reply);
  void finish();

  std::size_t approaches_;
  std::string path_;
  bool has_credentials_;
  Rung rung_ = Rung::discover;
  std::optional<McpAsk> ask_;
  McpFindings findings_;
  std::size_t approach_ = 0;
  std::optional<unsigned> refused_;  // the status with which an approach was refused
  std::size_t refused_at_ = 0;
  bool got_through_ = false;  // this approach has answered
  bool abandoned_ = false;
  std::string version_;  // agreed
  std::string session_;
  std::vector<std::string> strays_;  // sessions that nobody has asked for: some servers open one for each POST
  std::string post_path_;
  std::string refusal_;  // why POST is not for here
  bool refused_with_400_ = false;
  std::string discovery_;  // how the modern question failed, when that is worth telling
  std::vector<std::string> tools_;
  std::vector<std::string> cursors_;
  std::vector<std::string> paths_;  // to look at
  std::vector<std::string> found_;
  unsigned next_id_ = 1;
};

// "tools changed: +a, -b", bounded; empty when they are the same. Both sorted.
std::string tools_changed(const std::vector<std::string>& before, const std::vector<std::string>& after);

// Where to POST to, as the `endpoint` event of a stream names it: a path, or a URL of that same server (one of these
// hosts, as in a URL, and this port). Empty when it leads elsewhere or is no path.
std::string same_origin_path(std::string_view endpoint, std::string_view base_path,
                             const std::vector<std::string>& hosts, unsigned port);

}  // namespace berth::core
