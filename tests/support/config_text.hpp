#pragma once
// Configs for tests, made piece by piece.

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "support/ports.hpp"

namespace harness {

// A TOML value.
class Toml {
 public:
  Toml(const char* text);  // NOLINT(google-explicit-constructor): reads as the value that it is
  Toml(const std::string& text);
  Toml(bool value);
  Toml(int value);
  Toml(double value);
  Toml(const std::vector<std::string>& list);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using Keys = std::vector<std::pair<std::string, Toml>>;

// One [[servers]] entry. A hostile child with a short settle, backoff and health interval, unless told otherwise.
class ServerText {
 public:
  ServerText(std::string name, std::string tag);

  // Arguments of the hostile child.
  ServerText& args(const std::vector<std::string>& list);
  // Another program altogether.
  ServerText& command(const std::string& path, const std::vector<std::string>& list);
  // `key` may be dotted, as in `ready.timeout`. Replaces what was there.
  ServerText& set(const std::string& key, const Toml& value);
  // The child runs below `sh -c`, which stays as its parent.
  ServerText& through_shell();

  [[nodiscard]] std::string text() const;

 private:
  std::string tag_;
  Keys keys_;
};

class ConfigText {
 public:
  ConfigText(std::string project, const PortRange& ports);

  ServerText& server(const std::string& name);
  ConfigText& ports(const std::string& key, const Toml& value);
  ConfigText& supervisor(const std::string& key, const Toml& value);
  ConfigText& metrics(const std::string& key, const Toml& value);

  [[nodiscard]] std::string text() const;

 private:
  std::string project_;
  std::string range_;
  Keys ports_;
  Keys supervisor_;
  Keys metrics_;
  std::deque<ServerText> servers_;  // stable references
};

}  // namespace harness
