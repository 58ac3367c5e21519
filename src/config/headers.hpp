#pragma once
// The headers that Berth sends along: which it sets itself, and what a value may hold.

#include <berth/config.hpp>

#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/report.hpp"

namespace berth::config {

// As `read_value`. A header of [defaults] gives way to one of the server's own, in whatever case it is written.
void read_headers(const Field& field, const Node& node, Report& report, EnvironmentList& out);

}  // namespace berth::config
