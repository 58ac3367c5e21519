// `berth client --write`: entries put into, changed in and taken out of a client's file. The input is the text of the
// file; the byte behind its last zero says whose it is. What is not Berth's stays, byte by byte.

#include "config/client/client.hpp"

#include <algorithm>

#include "fuzz/support.hpp"

namespace {

using namespace berth;
using config::Client;
using config::ClientChange;
using config::ClientFileEntry;
using fuzz::visible;
using Kind = ClientChange::Kind;

const std::string name = "berth's own";
const std::string first = "http://127.0.0.1:50000/mcp";
const std::string second = "http://localhost:50001/mcp";

using Entries = std::vector<ClientFileEntry>;

std::string told(const Entries& entries) {
  std::string text;
  for (const ClientFileEntry& entry : entries) text += entry.name + " " + entry.url + "\n";
  return text;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  fuzz::Decisions decisions(text);
  const auto clients = config::clients();
  const Client& client = clients[decisions.next() % clients.size()];
  const auto before = config::read_client_entries(client, text);
  if (!before) {
    FUZZ_CHECK(before.error().at.line >= 1 && before.error().at.column >= 1 && !before.error().message.empty(),
               visible(text));
    return 0;
  }
  const bool there = std::ranges::find(*before, name, &ClientFileEntry::name) != before->end();
  if (there || text.find(first) != std::string_view::npos) return 0;

  const std::vector<ClientChange> add{{Kind::add, name, first}};
  const auto added = config::change_client_text(client, text, add);
  if (!added) {  // an inline table of TOML takes no more
    FUZZ_CHECK(client.toml, visible(std::string(text) + added.error().message));
    return 0;
  }
  const auto with = config::read_client_entries(client, *added);
  FUZZ_CHECK(with && with->size() == before->size() + 1, visible(*added));

  const std::vector<ClientChange> update{{Kind::update, name, second}};
  const auto moved = config::change_client_text(client, *added, update);
  FUZZ_CHECK(moved && *moved == fuzz::replaced(*added, first, second), visible(*added));

  const std::vector<ClientChange> remove{{Kind::remove, name, ""}};
  const auto removed = config::change_client_text(client, *moved, remove);
  FUZZ_CHECK(removed, visible(*moved));
  const auto after = config::read_client_entries(client, *removed);
  FUZZ_CHECK(after && told(*after) == told(*before), visible(*removed));
  // A table that was missing stays, empty; else only blanks may differ.
  if (!before->empty())
    FUZZ_CHECK(without_blanks(*removed) == without_blanks(text), visible(std::string(text) + "\n---\n" + *removed));
  return 0;
}
