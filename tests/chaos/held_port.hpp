#pragma once
// Whether anybody has a port still.

#include <string>

namespace chaos {

// How a port is held; empty when it is not. What the kernel keeps of connections that are over is nobody's.
std::string held(int port);

}  // namespace chaos
