#pragma once
// The users and groups that this machine knows, by name or number.

#include <string>
#include <vector>

namespace berth::config {

bool is_user(const std::string& name);
bool is_group(const std::string& name);

// Their names, for a hint: a network may know more of them than it tells, and no more than a thousand are told.
std::vector<std::string> users();
std::vector<std::string> groups();

}  // namespace berth::config
