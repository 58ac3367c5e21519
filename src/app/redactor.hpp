#pragma once
// See core/redactor.hpp.

#include "core/redactor.hpp"

namespace berth::app {

using core::Redactor;

}  // namespace berth::app
