#pragma once
// Commands that wait for the supervisor while others are given.

#include <string>

#include "e2e/e2e.hpp"

namespace e2e {

// Waits until `program` has sent a request and sleeps until it is answered.
void await_asking(Program& program);

// `program` ends with `code`, and its stderr holds `words`.
void check_ended(Program& program, int code, const std::string& words);

}  // namespace e2e
