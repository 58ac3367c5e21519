#pragma once
// The shortest story that still breaks the same law.

#include "sim/script.hpp"
#include "sim/world.hpp"

namespace berth::sim {

// `script` with happenings, servers and ill-behaved children left out as long as the run breaks `law`: delta debugging
// (Zeller, Hildebrandt 2002) over all three at once.
Script shortest(Script script, const std::string& law);

}  // namespace berth::sim
