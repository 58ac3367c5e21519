// A request and its reply as plain values, so that everything but the sockets can be tested without one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harbour {

struct HttpRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first with this name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct HttpReply {
  unsigned status = 200;
  std::string body = {};   // JSON, or empty
  std::string allow = {};  // the header of that name, unless empty
  std::string log = {};    // one line about it, unless empty
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

}  // namespace harbour
