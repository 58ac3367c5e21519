#pragma once
// What all servers of one supervisor share.

#include <sys/resource.h>

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "app/output.hpp"
#include "core/history.hpp"
#include "core/lifecycle.hpp"
#include "core/metrics.hpp"
#include "core/port_desk.hpp"
#include "os/cgroup.hpp"
#include "os/guardian.hpp"
#include "os/listeners.hpp"

namespace berth::app {

class LogDesk;

struct Harbour {
  boost::asio::any_io_executor executor;
  std::string project;
  std::string version;     // of Berth
  std::string host;        // `ports.host`
  bool hold = true;        // `ports.hold`
  std::string marker;      // NAME=VALUE that every child bears
  os::Brand brand = 0;     // that every child bears
  std::uint32_t runs = 0;  // launched so far, of all servers
  std::string instances;   // what MCP_INSTANCE_ID begins with
  std::string log_dir;
  std::optional<rlimit> child_limits;
  core::PortDesk* desk = nullptr;
  LogDesk* logs = nullptr;
  os::Guardian* guardian = nullptr;
  core::History* history = nullptr;  // of all servers; set by the fleet
  core::Metrics* metrics = nullptr;  // likewise
  os::CgroupPlace cgroups;
  std::unordered_set<pid_t> leaders;  // living children that are leaders of servers, or started on purpose

  // Queues an event for a server (by its index); handled before the loop goes on.
  std::function<void(std::size_t server, core::Event)> post;
  // A line that a server said, as it was said. Empty: nobody listens.
  std::function<void(std::size_t server, Stream, std::string_view line)> said;
  // Something in a server's history.
  std::function<void(std::size_t server, const core::Report&)> report;
  // Something that a person should know, and that is no part of a server's history.
  std::function<void(const std::string&)> warn;
  // What others are told of a server in the port ledger may have changed.
  std::function<void(std::size_t server)> changed;
  // A probe has told how one that was ready is: it would be good to see within a second whose the listeners are.
  std::function<void()> verify_soon;
  // It would be good to look for listeners soon.
  std::function<void()> look_soon;
};

}  // namespace berth::app
