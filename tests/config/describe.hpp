#pragma once
// A config as text that a person can compare: what differs from the defaults, a line for each value.

#include <berth/config.hpp>
#include <string>

namespace berth::config::test {

std::string describe(const Config& config);

}  // namespace berth::config::test
