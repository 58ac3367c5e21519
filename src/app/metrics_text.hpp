#pragma once
// The metrics of a supervisor, rendered from values alone.

#include <berth/status.hpp>
#include <string>

#include "core/metrics.hpp"
#include "os/own_usage.hpp"

namespace berth::app {

// In the text format of Prometheus. Of each server in the status, and of no other, about ninety samples. A sample whose
// value is not known is left out.
std::string metrics_text(const SupervisorStatus& status, const core::Metrics& counted, const os::OwnUsage& own);

}  // namespace berth::app
