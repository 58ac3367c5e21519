#pragma once
// The texts that are made from the table of keys for people: a file with every key, and one to start from.

#include <string>

namespace berth::config {

// configs/berth.toml: every key with its default and what it is for.
std::string reference_file();

// What `berth init` writes: short, valid, and without effect until its one server is enabled.
std::string starter_file();

}  // namespace berth::config
