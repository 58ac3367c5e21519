#pragma once
// JSON-RPC as the handshake needs it: the text of a question, and what a message of a server says about it.

#include <string>
#include <string_view>

#include "core/mcp_handshake.hpp"

namespace berth::app {

// The body to POST; empty for what is no POST. `client_version`: of Berth.
std::string question_text(const core::McpAsk& ask, const std::string& client_version);

// Reads one message, or a batch of them, and puts what answers `ask` into `reply`. False when nothing in it does: a
// notification, a question of the server's own, an answer to something else, no JSON. `anonymous`: an error without an
// id counts too, as the body of a reply has it when the server did not get as far as the id.
bool take_answer(std::string_view text, const core::McpAsk& ask, bool anonymous, core::McpReply& reply);

}  // namespace berth::app
