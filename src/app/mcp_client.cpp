#include "app/mcp_client.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "app/http_exchange.hpp"
#include "app/mcp_message.hpp"
#include "app/output.hpp"
#include "app/sse_reader.hpp"

namespace berth::app {

namespace asio = boost::asio;
using core::McpAsk;
using core::McpMethod;
using core::McpReply;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::string_view event_stream = "text/event-stream";
constexpr std::size_t largest_refusal = 64 * 1024;  // of the body of an error that is looked at

std::string_view http_method(McpMethod method) {
  switch (method) {
    case McpMethod::open_stream: return "GET";
    case McpMethod::end_session: return "DELETE";
    case McpMethod::look: return "OPTIONS";
    default: return "POST";
  }
}

EnvironmentList headers_for(const McpAsk& ask, const std::string& body, const EnvironmentList& configured) {
  EnvironmentList headers = configured;
  const bool streams_only = ask.method == McpMethod::open_stream;
  headers.emplace_back("Accept", streams_only ? "text/event-stream" : "application/json, text/event-stream");
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  if (!ask.version.empty()) headers.emplace_back("MCP-Protocol-Version", ask.version);
  if (ask.modern) {
    headers.emplace_back("Mcp-Method", ask.method == McpMethod::discover ? "server/discover" : "tools/list");
  }
  if (!ask.session.empty()) headers.emplace_back("Mcp-Session-Id", ask.session);
  return headers;
}

McpReply::Trouble trouble_of(HttpEnd end) {
  switch (end) {
    case HttpEnd::whole: return McpReply::Trouble::none;
    case HttpEnd::unreachable: return McpReply::Trouble::unreachable;
    case HttpEnd::silent: return McpReply::Trouble::silent;
    case HttpEnd::broken: return McpReply::Trouble::broken;
  }
  return McpReply::Trouble::broken;
}

}  // namespace

// The exchanges know it weakly; besides the client its own timer keeps it, so that a session can be ended when nobody
// waits any more, and nothing is left when the loop is.
class McpClient::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(asio::any_io_executor executor, Target target, Milliseconds timeout, Done done)
      : executor_(std::move(executor)),
        target_(std::move(target)),
        timeout_(timeout),
        deadline_(Clock::now() + target_.pause + timeout),
        done_(std::move(done)),
        keeper_(executor_),
        pause_(executor_),
        handshake_(target_.approaches.size(), target_.path, sends_credentials(target_.headers)) {}

  void start() {
    keeper_.expires_at(deadline_ + clean_up_time);
    keeper_.async_wait([self = shared_from_this()](const boost::system::error_code&) {});
    scheduled_ = true;
    pause_.expires_after(target_.pause);
    pause_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!error && self && std::exchange(self->scheduled_, false)) self->next();
    });
  }

  void abandon() {
    if (over_) return;
    done_ = nullptr;
    target_.redacted = nullptr;
    const bool in_flight = !std::exchange(scheduled_, false);
    const auto before = handshake_.ask() ? handshake_.ask()->method : McpMethod::look;
    handshake_.abandon();
    const auto& ask = handshake_.ask();
    if (!ask || (!in_flight && ask->method != McpMethod::end_session)) return close();
    deadline_ = std::min(deadline_, Clock::now() + clean_up_time);
    keeper_.expires_at(deadline_ + clean_up_time);
    keeper_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->close();
    });
    if (!in_flight || ask->method != before) next();
  }

  void close() {
    over_ = true;
    done_ = nullptr;
    target_.redacted = nullptr;
    exchange_.reset();
    stream_.reset();
    keeper_.cancel();
    pause_.cancel();
  }

 private:
  static bool sends_credentials(const EnvironmentList& headers) {
    return std::ranges::any_of(headers, [](const auto& header) {
      static constexpr std::string_view name = "authorization";
      return std::ranges::equal(header.first, name, [](char a, char b) { return (a | 0x20) == b; });
    });
  }

  void next() {
    if (over_) return;
    exchange_.reset();
    if (!handshake_.ask()) return finish();
    const McpAsk ask = *handshake_.ask();
    reply_ = McpReply{};
    body_.clear();
    asking_ = true;
    found_ = false;
    own_stream_.reset();
    const Milliseconds limit = time_for(ask.method);
    if (limit.count() <= 0) return answer_soon(McpReply::Trouble::silent, "");
    if (ask.on_stream && stream_broken_) return answer_soon(McpReply::Trouble::broken, *stream_broken_);
    send(ask, limit);
  }

  // What is not known here is not worth all of the time: the older question is still to be asked.
  [[nodiscard]] Milliseconds time_for(McpMethod method) const {
    if (method == McpMethod::end_session) return clean_up_time;
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - Clock::now());
    if (method != McpMethod::discover) return left;
    return std::min(left, std::max({timeout_ / 3, std::min(timeout_ / 2, Milliseconds{1'000}), Milliseconds{1}}));
  }

  void send(const McpAsk& ask, Milliseconds limit) {
    HttpQuestion question;
    question.method = http_method(ask.method);
    question.approach = target_.approaches.at(ask.approach);
    question.port = target_.port;
    question.target = ask.path;
    question.body = question_text(ask, target_.client_version);
    question.headers = headers_for(ask, question.body, target_.headers);
    const bool opens = ask.method == McpMethod::open_stream;
    HttpExchange::Listener listener;
    const std::weak_ptr<Run> weak = weak_from_this();
    listener.head = [weak, opens](const HttpHead& head) {
      if (const auto self = weak.lock()) opens ? self->stream_head(head) : self->head(head);
    };
    listener.body = [weak, opens](std::string_view bytes) {
      if (const auto self = weak.lock()) opens ? self->stream_body(bytes) : self->body(bytes);
    };
    listener.ended = [weak, opens](HttpEnd end, const std::string& why) {
      if (const auto self = weak.lock()) opens ? self->stream_ended(end, why) : self->ended(end, why);
    };
    auto& place = opens ? stream_ : exchange_;
    place = std::make_unique<HttpExchange>(executor_, std::move(question), limit, std::move(listener));
  }

  // ---- the reply to a request

  void take_head(const HttpHead& head) {
    reply_.status = head.status;
    reply_.reason = printable(head.reason);
    reply_.content_type = printable(head.content_type);
    reply_.session = head.session;
    reply_.location = printable(head.location);
  }

  void head(const HttpHead& head) {
    if (!asking_) return;
    take_head(head);
    const McpAsk& ask = *handshake_.ask();
    const bool refused = head.status >= 300 && head.status < 400;
    const bool sign_in = head.status == 401 || head.status == 403;
    const bool only_head =
        ask.method == McpMethod::initialized || ask.method == McpMethod::end_session || ask.method == McpMethod::look;
    if (refused || sign_in || only_head) return answer();
    if (ask.on_stream) {
      if (head.status >= 400) answer();
      return;  // the answer proper comes on the stream
    }
    if (head.status < 300 && head.content_type == "text/html") {
      reply_.body = McpReply::Body::other;
      return answer();
    }
    if (head.content_type == event_stream)
      own_stream_.emplace([this](const SseEvent& event) { event_came(event, true); });
  }

  void body(std::string_view bytes) {
    if (!asking_ || handshake_.ask()->on_stream) return;
    if (own_stream_) {
      if (!own_stream_->feed(bytes)) return answer(McpReply::Trouble::broken, "an event of more than 4 MiB");
      if (found_) answer();
      return;
    }
    body_ += bytes;
    if (reply_.status >= 400 && body_.size() > largest_refusal) {
      reply_.body = McpReply::Body::other;
      answer();
    }
  }

  void ended(HttpEnd end, const std::string& why) {
    if (!asking_) return;
    const McpAsk& ask = *handshake_.ask();
    if (ask.on_stream && end == HttpEnd::whole) return;
    if (end != HttpEnd::whole) return answer(trouble_of(end), why);
    if (!body_.empty() && !take_answer(body_, ask, true, reply_)) reply_.body = McpReply::Body::other;
    answer();
  }

  // ---- event streams

  void event_came(const SseEvent& event, bool anonymous) {
    if (!asking_ || found_ || event.type != "message" || event.data.empty()) return;
    found_ = take_answer(event.data, *handshake_.ask(), anonymous, reply_);
  }

  void stream_head(const HttpHead& head) {
    if (!asking_) return;
    take_head(head);
    reply_.session.clear();
    if (head.status != 200 || head.content_type != event_stream) return answer();
    stream_reader_.emplace([this](const SseEvent& event) {
      if (event.type != "endpoint") return event_came(event, false);
      if (!asking_ || handshake_.ask()->method != McpMethod::open_stream || found_) return;
      found_ = true;
      std::vector<std::string> hosts;
      for (const Approach& approach : target_.approaches) hosts.push_back(approach.host);
      reply_.endpoint = core::same_origin_path(event.data, target_.path, hosts, target_.port);
    });
  }

  void stream_body(std::string_view bytes) {
    if (!stream_reader_) return;
    if (!stream_reader_->feed(bytes)) return stream_ended(HttpEnd::broken, "an event of more than 4 MiB");
    if (!found_ || !asking_) return;
    if (handshake_.ask()->on_stream || handshake_.ask()->method == McpMethod::open_stream) answer();
  }

  void stream_ended(HttpEnd end, const std::string& why) {
    stream_broken_ = why.empty() ? "the event stream has ended" : "the event stream: " + why;
    if (!asking_) return;
    const McpAsk& ask = *handshake_.ask();
    if (ask.method == McpMethod::open_stream) {
      if (end == HttpEnd::whole && reply_.content_type != event_stream) return answer();
      return answer(end == HttpEnd::whole ? McpReply::Trouble::broken : trouble_of(end),
                    end == HttpEnd::silent ? why : *stream_broken_);
    }
    if (!ask.on_stream) return;
    if (end == HttpEnd::silent) return answer(McpReply::Trouble::silent, why);
    answer(McpReply::Trouble::broken, *stream_broken_);
  }

  // ---- the ladder

  void answer(McpReply::Trouble trouble = McpReply::Trouble::none, const std::string& why = "") {
    if (!std::exchange(asking_, false)) return;
    reply_.trouble = trouble;
    reply_.trouble_text = why;
    // It has had all of the time by then, not what happened to be left of it.
    const bool had_all = trouble == McpReply::Trouble::silent && handshake_.ask()->method != McpMethod::discover;
    if (had_all) reply_.trouble_text = "within " + std::to_string(timeout_.count()) + " ms";
    exchange_.reset();
    redact_reply();
    handshake_.on(reply_);
    next_soon();
  }

  // What is cut first may hide half a secret from whoever looks for the whole.
  void redact_reply() {
    if (!target_.redacted) return;
    for (auto* text : {&reply_.reason, &reply_.location, &reply_.content_type, &reply_.error_message, &reply_.name,
                       &reply_.server_version}) {
      *text = target_.redacted(*text);
    }
    for (std::string& tool : reply_.tools) tool = target_.redacted(tool);
  }

  void answer_soon(McpReply::Trouble trouble, const std::string& why) {
    asio::post(executor_, [self = shared_from_this(), trouble, why] { self->answer(trouble, why); });
  }

  // Not from within a reader of events, which goes before the next question is asked.
  void next_soon() {
    if (std::exchange(scheduled_, true)) return;
    asio::post(executor_, [self = shared_from_this()] {
      if (std::exchange(self->scheduled_, false)) self->next();
    });
  }

  void finish() {
    McpResult result{handshake_.findings(), ""};
    if (result.findings.approach < target_.approaches.size()) {
      result.host = target_.approaches[result.findings.approach].host;
    }
    const auto done = std::exchange(done_, nullptr);
    close();
    if (done) done(result);
  }

  asio::any_io_executor executor_;
  Target target_;
  Milliseconds timeout_;
  Clock::time_point deadline_;
  Done done_;
  asio::steady_timer keeper_;
  asio::steady_timer pause_;
  core::McpHandshake handshake_;
  McpReply reply_;
  std::string body_;
  bool asking_ = false;
  bool found_ = false;
  bool over_ = false;
  bool scheduled_ = false;  // the next question
  std::unique_ptr<HttpExchange> exchange_;
  std::unique_ptr<HttpExchange> stream_;  // of the old transport
  std::optional<SseReader> own_stream_;   // of the reply to a POST
  std::optional<SseReader> stream_reader_;
  std::optional<std::string> stream_broken_;
};

McpClient::McpClient(const asio::any_io_executor& executor, Target target, Milliseconds timeout, Done done)
    : run_(std::make_shared<Run>(executor, std::move(target), timeout, std::move(done))) {
  run_->start();
}

McpClient::~McpClient() {
  run_->abandon();
}

void McpClient::forget() {
  run_->close();
}

}  // namespace berth::app
