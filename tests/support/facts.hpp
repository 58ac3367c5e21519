#pragma once
// Reading the status document in the words of a test. A missing key or a wrong type throws, which fails the test:
// the names and types are a promise.

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "support/sandbox.hpp"

namespace harness {

std::string text(const Object& object, const char* key);  // "" for null
long long number(const Object& object, const char* key);
double decimal(const Object& object, const char* key);  // whole numbers too
bool is_null(const Object& object, const char* key);

// `last_exit` of a server; fails when it is null.
Object last_exit(const Object& server);

struct DeadPort {
  int port = 0;
  std::string reason;
  std::string holder;  // "" for null
};
std::vector<DeadPort> dead_ports(const Object& status);
long long ports_in_use(const Object& status);

// Who answers at the URL of a server: the `server` of the hostile child's (or the thief's) answer, or why nobody.
std::string who_answers(const Object& server);

// Exactly one JSON document and a line's end: nothing before, between or after.
bool is_one_json_document(const std::string& text);
// One JSON document a line.
std::vector<Object> json_lines(const std::string& text);

}  // namespace harness
