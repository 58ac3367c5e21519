#include "support/facts.hpp"

#include <sstream>

#include "support/http.hpp"

namespace harness {
namespace {

namespace json = boost::json;

}  // namespace

std::string text(const Object& object, const char* key) {
  const json::value& value = object.at(key);
  if (value.is_null()) return {};
  return json::value_to<std::string>(value);
}

long long number(const Object& object, const char* key) {
  return json::value_to<long long>(object.at(key));
}
double decimal(const Object& object, const char* key) {
  return json::value_to<double>(object.at(key));
}
bool is_null(const Object& object, const char* key) {
  return object.at(key).is_null();
}
Object last_exit(const Object& server) {
  return server.at("last_exit").as_object();
}

std::vector<DeadPort> dead_ports(const Object& status) {
  std::vector<DeadPort> dead;
  for (const auto& entry : status.at("ports").at("dead").as_array()) {
    const Object& port = entry.as_object();
    dead.push_back({static_cast<int>(number(port, "port")), text(port, "reason"), text(port, "holder")});
  }
  return dead;
}

long long ports_in_use(const Object& status) {
  return number(status.at("ports").as_object(), "in_use");
}

std::string who_answers(const Object& server) {
  const std::string url = text(server, "url");
  const HttpReply reply = http_get_url(url);
  json::error_code error;
  const json::value body = json::parse(reply.body, error);
  if (reply.status == 0 || error || !body.is_object()) return "nobody at '" + url + "': " + reply.body;
  return text(body.get_object(), "server");
}

bool is_one_json_document(const std::string& text) {
  json::error_code error;
  json::parse(text, error);  // refuses anything but white space after the document
  return !error && !text.empty() && text.back() == '\n';
}

std::vector<Object> json_lines(const std::string& text) {
  std::vector<Object> documents;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) documents.push_back(json::parse(line).as_object());
  return documents;
}

}  // namespace harness
