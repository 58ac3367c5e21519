#pragma once
// What Berth itself has to say: where to, and how much a report of a server is worth.

#include <spdlog/logger.h>
#include <berth/config.hpp>
#include <berth/supervisor.hpp>

#include <memory>
#include <string>

#include "app/console.hpp"
#include "app/log_file_sink.hpp"
#include "app/server.hpp"
#include "core/lifecycle.hpp"

namespace berth::app {

// Into `file`, and onto the terminal where there is one.
std::shared_ptr<spdlog::logger> make_log(const SupervisorOptions& options, LogLevel level,
                                         std::shared_ptr<LogFileSink> file, Console* terminal);

spdlog::level::level_enum importance(const Server& server, const core::Report& report);
std::string sentence(const Server& server, const core::Report& report);

}  // namespace berth::app
