#pragma once
// What servers must agree on among themselves.

#include <span>

#include "config/report.hpp"
#include "config/server.hpp"

namespace berth::config {

// Reports names and fixed ports that two servers claim, and dependencies that are unknown, disabled or cyclic.
void check_together(std::span<const ServerRead> servers, Report& report);

// Reports servers whose fixed port is that of the metrics. 0: there is none.
void check_metrics_port(std::span<const ServerRead> servers, unsigned port, Report& report);

}  // namespace berth::config
