// An MCP server of any era that behaves as told. Without options: 2025-11-25 over streamable HTTP with sessions, JSON
// replies with a length, two tools.
//
//   era      --era=modern|legacy|sse   --stateless (legacy without sessions)   --path=/mcp
//   replies  --reply=json|sse   --framing=length|chunked|close   --empty-event   --noise (other messages come first)
//            --tools=a,b   --tools-file=FILE (one a line, read each time)   --page=N (tools a page)   --endless-pages
//            --endpoint=TEXT (what the stream of the old transport names)
//   refuses  --status=N   --location=URL   --need=NAME:VALUE (else 401)   --host=NAME (else 403)   --no-delete
//            --error=TEXT (to the first question)   --list-error=TEXT   --html
//   hostile  --silent   --silent-on=METHOD (after the head)   --endless (a body without an end)   --cut=METHOD
//            --ignore-sigterm
//   harness  --tag=TEXT   --journal=FILE: a line for each request, and for each session opened and ended
//
// A thread for each connection; one request on each.

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hostile/sockets.hpp"

namespace {

using Options = std::map<std::string, std::string>;

constexpr const char* known[] = {"era",        "stateless", "path",          "reply",     "framing",   "empty-event",
                                 "noise",      "tools",     "tools-file",    "page",      "endpoint",  "endless-pages",
                                 "status",     "location",  "need",          "host",      "no-delete", "error",
                                 "list-error", "html",      "silent",        "silent-on", "endless",   "cut",
                                 "tag",        "journal",   "ignore-sigterm"};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    const auto equals = std::min(word.find('='), word.size());
    const std::string name = word.starts_with("--") ? word.substr(2, equals - 2) : "";
    bool found = false;
    for (const char* one : known) found = found || name == one;
    if (!found) {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      std::exit(64);
    }
    options[name] = equals < word.size() ? word.substr(equals + 1) : "";
  }
  return options;
}

struct Request {
  std::string verb, target, head, body, method, id, cursor;

  [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }

  // "" when there is none.
  [[nodiscard]] std::string header(const std::string& name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      if (::strncasecmp(head.c_str() + at + 2, (name + ":").c_str(), name.size() + 1) != 0) continue;
      const auto begin = at + 3 + name.size();
      std::string value = head.substr(begin, head.find("\r\n", begin) - begin);
      return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
    return "";
  }
};

// Of our own client's JSON, which has no blanks between.
std::string member(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  auto begin = at + name.size() + 3;
  if (json[begin] != '"') return json.substr(begin, json.find_first_of(",}", begin) - begin);
  ++begin;
  return json.substr(begin, json.find('"', begin) - begin);
}

// The stream of a client of the old transport.
struct Stream {
  int fd = -1;
  std::mutex mutex;
};

class Server {
 public:
  explicit Server(Options options) : options_(std::move(options)) {}

  [[noreturn]] void run() {
    const char* port = std::getenv("PORT");
    const auto listener = hostile::listen_on("127.0.0.1", port == nullptr ? 3000 : std::atoi(port), true);
    if (!listener) {
      std::fprintf(stderr, "Error: listen EADDRINUSE: address already in use\n");
      std::exit(1);
    }
    for (;;) {
      const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      std::thread([this, fd] {
        serve(fd);
        ::close(fd);
      }).detach();
    }
  }

 private:
  [[nodiscard]] bool has(const char* name) const { return options_.contains(name); }
  [[nodiscard]] std::string get(const char* name, const char* otherwise = "") const {
    const auto found = options_.find(name);
    return found == options_.end() ? otherwise : found->second;
  }

  void note(const std::string& line) {
    if (!has("journal")) return;
    const int fd = ::open(get("journal").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string text = line + "\n";
    (void)!::write(fd, text.data(), text.size());
    ::close(fd);
  }

  static bool send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Until the other side has gone.
  static void linger(int fd) {
    char rest[4096];
    while (::recv(fd, rest, sizeof rest, 0) > 0) {
    }
  }

  static bool read(int fd, Request& request) {
    std::string text;
    std::size_t end = std::string::npos;
    std::size_t length = 0;
    char buffer[4096];
    for (;;) {
      if (end == std::string::npos && (end = text.find("\r\n\r\n")) != std::string::npos) {
        request.head = text.substr(0, end + 2);
        length = static_cast<std::size_t>(std::atol(request.header("Content-Length").c_str()));
      }
      if (end != std::string::npos && text.size() >= end + 4 + length) break;
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    request.body = text.substr(end + 4);
    request.verb = text.substr(0, text.find(' '));
    const auto target = request.verb.size() + 1;
    request.target = text.substr(target, text.find(' ', target) - target);
    request.method = member(request.body, "method");
    request.id = member(request.body, "id");
    request.cursor = member(request.body, "cursor");
    return true;
  }

  static std::string simple(const std::string& status, const std::string& body = "", const std::string& more = "") {
    return "HTTP/1.1 " + status + "\r\n" + more +
           "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  static std::string error_of(const std::string& id, int code, const std::string& message) {
    return R"({"jsonrpc":"2.0","id":)" + (id.empty() ? "null" : id) + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":")" + message + "\"}}";
  }

  static std::string result_of(const std::string& id, const std::string& result) {
    return R"({"result":)" + result + R"(,"jsonrpc":"2.0","id":)" + id + "}";
  }

  void serve(int fd) {
    Request request;
    if (!read(fd, request)) return;
    note(request.verb + " " + request.target + (request.method.empty() ? "" : " " + request.method) +
         (request.header("Origin").empty() ? "" : " with an Origin"));
    if (request.verb == "OPTIONS") {
      if (has("silent")) return linger(fd);
      send(fd, simple(request.path() == get("path", "/mcp") ? "204 No Content" : "404 Not Found"));
      return;
    }
    if (has("silent")) return linger(fd);
    if (refused(fd, request)) return;
    if (get("era") == "sse") return serve_old(fd, request);
    if (request.path() != get("path", "/mcp")) {
      send(fd, simple("404 Not Found", "nothing here"));
    } else if (request.verb == "DELETE") {
      end_session(fd, request);
    } else if (request.verb != "POST") {
      send(fd, simple("405 Method Not Allowed"));
    } else {
      post(fd, request);
    }
  }

  bool refused(int fd, const Request& request) {
    const std::string host = request.header("Host");
    const std::string need = get("need");
    const auto colon = std::min(need.find(':'), need.size());
    if (has("status")) {
      send(fd,
           simple(get("status") + " Told So", "no", has("location") ? "Location: " + get("location") + "\r\n" : ""));
    } else if (has("host") && host.substr(0, host.find(':')) != get("host")) {
      send(fd, simple("403 Forbidden", "Access is only allowed at " + get("host")));
    } else if (has("need") && request.header(need.substr(0, colon)) != need.substr(colon + 1)) {
      send(fd, simple("401 Unauthorized", "", "WWW-Authenticate: Bearer\r\n"));
    } else if (has("html")) {
      send(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html></html");
    } else {
      return false;
    }
    return true;
  }

  void end_session(int fd, const Request& request) {
    const std::string id = request.header("Mcp-Session-Id");
    {
      const std::lock_guard lock(mutex_);
      if (sessions_.erase(id) > 0) note("ended " + id);
    }
    send(fd, simple(has("no-delete") ? "405 Method Not Allowed" : "200 OK"));
  }

  std::string open_session() {
    const std::lock_guard lock(mutex_);
    const std::string id = "session-" + std::to_string(::getpid()) + "-" + std::to_string(++opened_);
    sessions_.insert(id);
    note("opened " + id);
    return id;
  }

  // The message that answers, and what else belongs into the head; false when it has been answered already.
  bool decide(int fd, const Request& request, std::string& answer, std::string& more, std::string& status) {
    const bool modern = get("era") == "modern";
    const std::string version = request.header("MCP-Protocol-Version");
    if (modern && (version != "2026-07-28" || request.header("Mcp-Method") != request.method)) {
      status = "400 Bad Request";
      answer = error_of(request.id, -32020, "Header mismatch");
    } else if (request.method == (modern ? "server/discover" : "initialize")) {
      if (!modern && !has("stateless")) more = "Mcp-Session-Id: " + open_session() + "\r\n";
      if (has("error")) {
        answer = error_of(request.id, -32603, get("error"));
      } else if (modern) {
        answer = result_of(request.id, R"({"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},)"
                                       R"("_meta":{"io.modelcontextprotocol/serverInfo":)" +
                                           info() + "}}");
      } else {
        answer = introduction(request.id);
      }
    } else if (!modern && !has("stateless") && !knows(request.header("Mcp-Session-Id"))) {
      send(fd, simple("400 Bad Request", error_of("", -32000, "Bad Request: No valid session ID provided")));
      return false;
    } else if (request.method == "notifications/initialized") {
      send(fd, simple("202 Accepted"));
      return false;
    } else if (request.method == "tools/list") {
      answer = list(request);
    } else {
      answer = error_of(request.id, -32601, "Method not found");
    }
    return true;
  }

  bool knows(const std::string& session) {
    const std::lock_guard lock(mutex_);
    return sessions_.contains(session);
  }

  static std::string info() { return R"({"name":"actor","version":"1.2.3"})"; }

  static std::string introduction(const std::string& id) {
    return result_of(id, R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":)" + info() + "}");
  }

  [[nodiscard]] std::vector<std::string> tools() const {
    std::vector<std::string> names;
    std::string text = get("tools", "beta,alpha");
    if (has("tools-file")) {
      std::ifstream file(get("tools-file"));
      text.clear();
      for (std::string line; std::getline(file, line);) text += (text.empty() ? "" : ",") + line;
    }
    while (!text.empty()) {
      const auto end = std::min(text.find(','), text.size());
      names.push_back(text.substr(0, end));
      text.erase(0, end + 1);
    }
    return names;
  }

  [[nodiscard]] std::string list(const Request& request) const {
    if (has("list-error")) return error_of(request.id, -32603, get("list-error"));
    const auto names = tools();
    const std::size_t page = has("page") ? static_cast<std::size_t>(std::atol(get("page").c_str())) : names.size();
    const auto from = static_cast<std::size_t>(std::atol(request.cursor.c_str()));
    std::string text;
    for (std::size_t i = from; i < std::min(from + page, names.size()); ++i) {
      text += (text.empty() ? "" : ",") + (R"({"name":")" + names[i] + R"(","inputSchema":{"type":"object"}})");
    }
    std::string next;
    if (from + page < names.size()) next = std::to_string(from + page);
    if (has("endless-pages")) next = std::to_string(from + 1);
    return result_of(request.id,
                     R"({"tools":[)" + text + "]" + (next.empty() ? "" : R"(,"nextCursor":")" + next + "\"") + "}");
  }

  // The answer's body: one JSON text, or events.
  [[nodiscard]] std::string body_of(const std::string& answer) const {
    if (get("reply", "json") == "json") return answer;
    std::string body;
    if (has("empty-event")) body += "id: 1\ndata: \n\n";
    if (has("noise")) {
      body +=
          ": ping\n\nevent: message\ndata: "
          "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n";
      body += "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}\n\n";
      body += "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{\"tools\":[]}}\n\n";
    }
    return body + "event: message\ndata: " + answer + "\n\n";
  }

  void post(int fd, const Request& request) {
    std::string answer;
    std::string more;
    std::string status = "200 OK";
    if (!decide(fd, request, answer, more, status)) return;
    const bool events = get("reply", "json") == "sse";
    std::string head = "HTTP/1.1 " + status + "\r\n" + more +
                       "Content-Type: " + (events ? "text/event-stream" : "application/json") +
                       "\r\nConnection: keep-alive\r\n";
    const std::string body = body_of(answer);
    if (get("silent-on") == request.method) {
      send(fd, head + "Content-Length: 100\r\n\r\n");
    } else if (get("cut") == request.method) {
      send(fd, head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, body.size() / 2));
      ::shutdown(fd, SHUT_WR);
    } else if (has("endless")) {
      const std::string piece = events ? ": " + std::string(65'000, 'x') + "\n\n" : std::string(65'000, ' ');
      if (!send(fd, head + "\r\n")) return;
      while (send(fd, piece)) {
      }
    } else if (get("framing") == "chunked") {
      send(fd, head + "Transfer-Encoding: chunked\r\n\r\n");
      for (std::size_t at = 0; at < body.size(); at += 7) {
        const std::string piece = body.substr(at, 7);
        send(fd, std::to_string(piece.size()) + "\r\n" + piece + "\r\n");
      }
      send(fd, "0\r\n\r\n");
    } else if (get("framing") == "close") {
      send(fd, head + "\r\n" + body);
      ::shutdown(fd, SHUT_WR);
    } else {
      send(fd, head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    linger(fd);  // as real servers do: the connection stays until the client has had enough
  }

  // ---- the transport of 2024-11-05

  void serve_old(int fd, const Request& request) {
    if (request.path() == get("path", "/mcp")) {
      if (request.verb != "GET" || request.header("Accept") != "text/event-stream") {
        send(fd, simple("404 Not Found", "Cannot POST"));
        return;
      }
      open_stream(fd);
    } else if (request.path() == "/message" && request.verb == "POST") {
      const auto stream = stream_of(request.target.substr(request.target.find('=') + 1));
      if (!stream) return linger(fd);  // as server-everything does
      send(fd, simple("202 Accepted", "Accepted"));
      std::string answer;
      if (request.method == "initialize") answer = introduction(request.id);
      if (request.method == "tools/list") answer = list(request);
      if (answer.empty()) return;
      const std::lock_guard lock(stream->mutex);
      send(stream->fd, body_of_event(answer));
    } else {
      send(fd, simple("404 Not Found"));
    }
  }

  [[nodiscard]] static std::string body_of_event(const std::string& answer) {
    return "event: message\ndata: " + answer + "\n\n";
  }

  void open_stream(int fd) {
    const std::string id = open_session();
    const auto stream = std::make_shared<Stream>();
    stream->fd = fd;
    {
      const std::lock_guard lock(mutex_);
      streams_[id] = stream;
    }
    {
      const std::lock_guard lock(stream->mutex);
      send(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\ndata: " +
                   get("endpoint", "/message?sessionId=") + id + "\n\n");
    }
    linger(fd);
    const std::lock_guard lock(mutex_);
    streams_.erase(id);
    if (sessions_.erase(id) > 0) note("ended " + id);
    const std::lock_guard quiet(stream->mutex);
    stream->fd = -1;
  }

  std::shared_ptr<Stream> stream_of(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
  }

  const Options options_;
  std::mutex mutex_;
  std::set<std::string> sessions_;
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  int opened_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  ::alarm(600);  // whatever a broken test forgets ends by itself
  const Options options = parse(argc, argv);
  if (options.contains("ignore-sigterm")) std::signal(SIGTERM, SIG_IGN);
  Server(options).run();
}
