#pragma once
// The status document (schema 1) from the status value.

#include <berth/status.hpp>
#include <boost/json/object.hpp>

namespace berth::app {

boost::json::object to_json(const SupervisorStatus& status);
boost::json::object to_json(const ServerStatus& status);
boost::json::array to_json(const std::vector<DeadPort>& dead);

}  // namespace berth::app
