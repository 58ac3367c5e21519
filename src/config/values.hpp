#pragma once
// One value of the document into its C++ type, as its field allows; what is wrong goes to the report, and the
// target keeps what it held.

#include <berth/config.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/fields.hpp"
#include "config/report.hpp"

namespace berth::config {

void read_value(const Field&, const Node&, Report&, bool&);
void read_value(const Field&, const Node&, Report&, int& signal);
void read_value(const Field&, const Node&, Report&, unsigned&);
void read_value(const Field&, const Node&, Report&, double&);
void read_value(const Field&, const Node&, Report&, std::uint64_t& size);
void read_value(const Field&, const Node&, Report&, std::string&);
void read_value(const Field&, const Node&, Report&, Milliseconds&);
void read_value(const Field&, const Node&, Report&, Probe&);
void read_value(const Field&, const Node&, Report&, RestartPolicy&);
void read_value(const Field&, const Node&, Report&, LogFormat&);
void read_value(const Field&, const Node&, Report&, LogLevel&);
void read_value(const Field&, const Node&, Report&, std::optional<Port>&);
void read_value(const Field&, const Node&, Report&, std::optional<int>&);
void read_value(const Field&, const Node&, Report&, std::optional<unsigned>&);
void read_value(const Field&, const Node&, Report&, std::optional<std::uint64_t>& size);
void read_value(const Field&, const Node&, Report&, PortRange&);
void read_value(const Field&, const Node&, Report&, std::vector<int>& exit_codes);
void read_value(const Field&, const Node&, Report&, std::vector<std::string>&);
void read_value(const Field&, const Node&, Report&, EnvironmentList&);

}  // namespace berth::config
