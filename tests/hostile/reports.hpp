#pragma once
// What the hostile child tells about how it was launched, and the flood.

#include "hostile/options.hpp"

namespace hostile {

// Prints what --say, --print-env, --print-args, --print-fds and --stdin-report ask for, one fact a line.
void print_reports(const Options& options, int argc, char** argv);

// Writes lines to stdout and stderr from a thread of its own, so that a reader who is slow stops the flood and
// not the server. Every line carries its number: a test can see which are missing.
void start_flood(const Options& options);

// The same before it returns.
void flood_now(const Options& options);

}  // namespace hostile
