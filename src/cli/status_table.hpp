#pragma once
// The table of `berth status`, from the status document.

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

namespace berth::cli {

// `width`: columns of the terminal; 0: no limit. The last column is cut to fit. Durations are humane ("2h03m").
std::string status_table(const boost::json::array& servers, std::size_t width, bool colour);

// "1.5s", "3m20s", "2h03m", "5d04h".
std::string humane_duration(double seconds);

}  // namespace berth::cli
