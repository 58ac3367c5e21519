#pragma once
// The smallest HTTP client: one request, one answer, no library that could share a mistake with Berth.

#include <chrono>
#include <string>

namespace harness {

struct HttpReply {
  int status = 0;    // 0: no answer; `body` then says why
  std::string body;  // what came after the head
};

HttpReply http_get(int port, const std::string& path, std::chrono::milliseconds deadline = std::chrono::seconds(10));

// `http://HOST:PORT/PATH`, HOST a name or an address, in brackets for IPv6.
HttpReply http_get_url(const std::string& url, std::chrono::milliseconds deadline = std::chrono::seconds(10));

// The same over a Unix socket, for the control API.
HttpReply http_over_unix(const std::string& socket_path, const std::string& method, const std::string& path,
                         std::chrono::milliseconds deadline = std::chrono::seconds(10));

}  // namespace harness
