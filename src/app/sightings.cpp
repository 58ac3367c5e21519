#include "app/sightings.hpp"

#include <algorithm>

namespace berth::app {

namespace {

using os::Listener;

bool reachable(const Listener& listener, const std::string& host) {
  return listener.loopback() || listener.wildcard() || listener.address == host;
}

// Two listeners between which the kernel would have to choose.
bool share(const Listener& a, const Listener& b) {
  return a.v6 == b.v6 && (a.address == b.address || a.wildcard() || b.wildcard());
}

std::vector<Approach> approaches_to(const std::vector<Listener>& own, const std::string& host) {
  const auto has = [&](auto matches) { return std::any_of(own.begin(), own.end(), matches); };
  const bool on_host = has([&](const Listener& l) { return l.address == host && !l.wildcard() && !l.loopback(); });
  const bool v4 = has([](const Listener& l) { return l.address == "127.0.0.1" || l.wildcard(); });
  const bool v6 = has([](const Listener& l) { return l.address == "::1" || l.address == "::"; });
  std::vector<Approach> ways;
  if (on_host) ways.push_back({host, host.find(':') == std::string::npos ? host : "[" + host + "]"});
  if (v4) ways.push_back({"127.0.0.1", "127.0.0.1"});
  if (v4) ways.push_back({"127.0.0.1", "localhost"});
  if (v6) ways.push_back({"::1", "[::1]"});
  if (v6) ways.push_back({"::1", "localhost"});
  for (const Listener& listener : own) {  // 127.0.0.2 and the like
    if (ways.empty() && listener.loopback()) ways.push_back({listener.address, listener.address});
  }
  return ways;
}

// Somebody else has that address: `::` of a server may or may not mean 127.0.0.1 too (IPV6_V6ONLY).
bool leads_to(const std::vector<Listener>& strangers, const Approach& way) {
  const bool v6 = way.address.find(':') != std::string::npos;
  return std::any_of(strangers.begin(), strangers.end(), [&](const Listener& stranger) {
    return stranger.address == way.address || (stranger.wildcard() && stranger.v6 == v6);
  });
}

std::string name_of_stranger(const std::vector<Listener>& strangers) {
  os::PortHolders holders;
  return holders.name(strangers.front().port);
}

// One that nobody seems to have, of the user of a member into whose descriptors we may not look, is that member's.
bool is_own(const Listener& listener, const os::OpenSockets& own) {
  if (own.inodes.contains(listener.inode)) return true;
  if (!own.hidden_users.contains(listener.user)) return false;
  os::PortHolders holders;
  return holders.name(listener.port).empty();
}

}  // namespace

Sighting sight(const os::Listeners& listeners, Port berth, const std::string& host, const os::OpenSockets& own) {
  Sighting sighting;
  std::vector<Listener> ours;
  std::vector<Listener> strangers;
  for (const Listener& listener : listeners.on(berth)) {
    if (!is_own(listener, own)) {
      strangers.push_back(listener);
    } else if (reachable(listener, host)) {
      ours.push_back(listener);
    } else {
      sighting.seen.note = "listens on " + listener.address + ":" + std::to_string(berth) + " only";
    }
  }
  const bool shared = std::any_of(ours.begin(), ours.end(), [&](const Listener& a) {
    return std::any_of(strangers.begin(), strangers.end(), [&](const Listener& b) { return share(a, b); });
  });
  sighting.seen.own_here = !ours.empty() && !shared;
  sighting.seen.stranger_here = !strangers.empty() && (ours.empty() || shared);
  if (sighting.seen.stranger_here) sighting.seen.stranger = name_of_stranger(strangers);
  if (sighting.seen.own_here) {
    sighting.approaches = approaches_to(ours, host);
    std::erase_if(sighting.approaches, [&](const Approach& way) { return leads_to(strangers, way); });
    sighting.inode = ours.front().inode;
    return sighting;
  }
  for (const Listener& listener : listeners.all()) {
    // Of what is hidden nobody knows whose it is: elsewhere only what is surely its own counts.
    if (listener.port == berth || !own.inodes.contains(listener.inode)) continue;
    sighting.seen.own_elsewhere = listener.port;
    break;
  }
  return sighting;
}

}  // namespace berth::app
