#pragma once
// What `berth` alone prints.

#include <string>

namespace berth::cli {

class Context;

// The three commands that a newcomer needs, and how things stand in this folder. Never fails.
std::string welcome(const Context& context, bool colour);

}  // namespace berth::cli
