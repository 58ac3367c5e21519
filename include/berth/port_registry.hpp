#pragma once
// Which port of a range belongs to whom, in memory. It opens no socket: whether a port is free on this host is
// the business of the one who claims it (src/os/port_hold.hpp).
//
// Not safe for use from several threads at once. Every call takes near-constant time at any range up to 1–65535.

#include <berth/config.hpp>
#include <berth/expected.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth {

namespace core {
class PortSet;
}

// A port that is never handed out again, and why.
struct DeadPort {
  Port port = 0;
  std::string reason;
  std::string holder;  // `COMMAND (pid N)`; empty: not known

  friend bool operator==(const DeadPort&, const DeadPort&) = default;
};

class PortRegistry {
 public:
  explicit PortRegistry(PortRange range = {});
  ~PortRegistry();
  PortRegistry(const PortRegistry&) = delete;
  PortRegistry& operator=(const PortRegistry&) = delete;

  // Takes the lowest free port. Fails when there is none, with a message that names the range, how many ports are in
  // use, how many are dead, and the cure.
  Expected<Port, std::string> allocate();

  // Takes this port. False when it is in use, dead or resting; a port outside the range is nobody's business here:
  // true, and nothing is recorded.
  bool reserve(Port port);

  // Gives a port back. A dead one stays dead; one that is not in use or not in the range is left alone.
  void release(Port port);

  // Never hands the port out again, also after a later release. Ignored outside the range.
  void mark_dead(Port port, std::string reason, std::string holder = {});

  // Takes a dead port back into service. False when it was not dead.
  bool revive(Port port);

  // Releases a port and hands it out again only after `wake` was called for it.
  void rest(Port port);
  void wake(Port port);

  // The lowest free port that is not below `from`. Takes nothing.
  [[nodiscard]] std::optional<Port> next_free(std::uint32_t from = 0) const;

  [[nodiscard]] bool in_use(Port port) const;
  [[nodiscard]] bool is_dead(Port port) const;
  [[nodiscard]] std::size_t used_count() const;
  [[nodiscard]] std::vector<DeadPort> dead() const;  // lowest first
  [[nodiscard]] const PortRange& range() const { return range_; }
  [[nodiscard]] std::string exhausted_message() const;

 private:
  void update_free(Port port);

  PortRange range_;
  std::unique_ptr<core::PortSet> free_;
  std::unique_ptr<core::PortSet> used_;
  std::unique_ptr<core::PortSet> resting_;
  std::map<Port, DeadPort> dead_;
};

}  // namespace berth
