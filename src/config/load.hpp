#pragma once
// The public face has it.

#include <berth/load.hpp>
