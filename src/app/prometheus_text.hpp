#pragma once
// The text format of Prometheus, version 0.0.4: a family of samples after the other. Debian's prometheus-cpp would
// write it too, and brings a web server, curl and three shared libraries that the one file of this program had to find
// again.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/metrics.hpp"

namespace berth::app {

class PrometheusText {
 public:
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";
  using Label = std::pair<std::string_view, std::string_view>;  // the value as it is; it is escaped here
  using Labels = std::initializer_list<Label>;

  // All samples up to the next family belong to this one; a name is used once.
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

  void sample(Labels labels, double value);
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, unsigned value) { sample(labels, std::uint64_t{value}); }
  void sample(Labels labels, bool value) { sample(labels, std::uint64_t{value}); }
  // Of a histogram.
  void sample(Labels labels, const core::Histogram& value);

  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void name_and_labels(std::string_view suffix, Labels labels, std::string_view bound = {});
  void number(double value);
  void number(std::uint64_t value);

  std::string text_;
  std::string name_;
};

}  // namespace berth::app
