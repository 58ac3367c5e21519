#pragma once
// The configs of MCP clients: where they lie, what an entry looks like in each, and how the entries of Berth's servers
// get into one, and out of it, with everything else in the file left as it is.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/expected.hpp"
#include "config/document.hpp"

namespace berth::config {

struct Client {
  std::string_view name;   // on the command line
  std::string_view title;  // for people
  std::string_view table;  // the key of the servers in its file
  bool toml = false;
};

std::span<const Client> clients();
const Client* find_client(std::string_view name);
// "there is no client `cursr`; did you mean `cursor`?"
std::string unknown_client(std::string_view name);

// Where the client's file lies on Linux, by these variables of the environment.
struct UserFolders {
  std::string home;
  std::string config;  // $XDG_CONFIG_HOME; empty: HOME/.config
  std::string claude;  // $CLAUDE_CONFIG_DIR
  std::string codex;   // $CODEX_HOME
};
std::string client_file(const Client& client, const UserFolders& folders);

// A server of Berth as a client sees it.
struct ClientEntry {
  std::string name;  // of the server
  std::string url;

  friend bool operator==(const ClientEntry&, const ClientEntry&) = default;
};

// The name that the client allows for it: some know letters, digits, `_` and `-` only, and one keeps a name for itself.
std::string name_for(const Client& client, std::string_view server);

// A whole config with these servers and nothing else.
std::string client_text(const Client& client, std::span<const ClientEntry> entries);

// What stands in a client's file.
struct ClientFileEntry {
  std::string name;
  Position at;
  std::string url;  // of a server over HTTP, also behind mcp-remote; empty for all else
};
Expected<std::vector<ClientFileEntry>, SyntaxError> read_client_entries(const Client& client, std::string_view text);

// One change of a file.
struct ClientChange {
  enum class Kind { add, update, remove };

  Kind kind = Kind::add;
  std::string name;
  std::string url;  // the new one
};

// The text with these changes and no other; entries to be updated or removed are there. An error leaves all as it was.
Expected<std::string, SyntaxError> change_client_text(const Client& client, std::string_view text,
                                                      std::span<const ClientChange> changes);

// By the language of the file.
Expected<std::string, SyntaxError> change_json(const Client& client, std::string_view text, const ClientChange& change);
Expected<std::string, SyntaxError> change_toml(std::string_view text, const ClientChange& change);
// The value of an entry in JSON, over several lines, each but the first behind `indent`.
std::string json_entry(const Client& client, std::string_view url, std::string_view indent, std::string_view unit,
                       std::string_view line_end);

// ---- what is to be done
// -----------------------------------------------------------------------------------------------

// What is known about the entries of a file when a client's file is compared with what runs.
struct ClientKnowledge {
  std::vector<ClientEntry> wanted;              // servers with a URL
  std::vector<std::string> without_url;         // servers that have none now: their entries are left alone
  std::map<std::string, std::string> recorded;  // entries written before, by this project: name and URL
  std::map<std::string, std::string> others;    // the same of other projects
  std::vector<unsigned> ports;                  // of servers, beside the range
  unsigned first_port = 0;                      // the range
  unsigned last_port = 0;
};

struct ClientPlan {
  struct Line {
    enum class Kind { missing, stale, surplus, foreign };

    Kind kind = Kind::missing;
    std::string name;
    std::string found;   // URL in the file
    std::string wanted;  // URL of the server
    Position at;         // in the file
  };

  std::vector<Line> lines;  // drift; `foreign` ones are not ours to mend
  std::vector<ClientChange> changes;
  std::map<std::string, std::string> recorded;  // afterwards
  std::vector<std::string> in_step;
};

// An entry is Berth's own when this project has written it and nobody has changed its URL since; or when it has the
// name of one of its servers and a URL on this host and one of its ports, and no other project has written it.
ClientPlan plan_client(const Client& client, std::span<const ClientFileEntry> entries,
                       const ClientKnowledge& knowledge);

}  // namespace berth::config
