#pragma once
// The screen of `berth explain`, from its document.

#include <boost/json/object.hpp>
#include <string>

namespace berth::cli {

// What comes from elsewhere (output, names of processes) is made harmless for a terminal.
std::string explain_screen(const boost::json::object& document, bool colour);

}  // namespace berth::cli
