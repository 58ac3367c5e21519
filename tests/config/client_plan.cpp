#include "config/client/client.hpp"
#include "support/catch.hpp"

namespace berth::config {
namespace {

using Line = ClientPlan::Line::Kind;
using Entries = std::vector<ClientFileEntry>;

const std::string here = "http://127.0.0.1:50000/mcp";
const std::string before = "http://127.0.0.1:50007/mcp";
const std::string elsewhere = "https://mcp.example.com/mcp";

ClientKnowledge knows() {
  ClientKnowledge knowledge;
  knowledge.wanted = {{"notes", here}};
  knowledge.first_port = 50000;
  knowledge.last_port = 51000;
  return knowledge;
}

ClientPlan plan(const Entries& entries, const ClientKnowledge& knowledge) {
  return plan_client(*find_client("cursor"), entries, knowledge);
}

}  // namespace

TEST_CASE("plan: what is missing is added, what is in step stays") {
  const ClientPlan missing = plan({}, knows());
  REQUIRE(missing.changes.size() == 1);
  CHECK(missing.changes[0].kind == ClientChange::Kind::add);
  CHECK(missing.recorded.at("notes") == here);
  const ClientPlan in_step = plan({{"notes", {}, here}, {"other", {}, elsewhere}}, knows());
  CHECK(in_step.lines.empty());
  CHECK(in_step.changes.empty());
  CHECK(in_step.recorded.size() == 1);
}

TEST_CASE("plan: an entry with a port of Berth's, or one that it wrote, is brought up to date") {
  CHECK(plan({{"notes", {}, before}}, knows()).lines[0].kind == Line::stale);
  CHECK(plan({{"notes", {}, "http://localhost:50007/mcp"}}, knows()).lines[0].kind == Line::stale);
  ClientKnowledge knowledge = knows();
  knowledge.recorded["notes"] = "http://127.0.0.1:3000/mcp";  // a fixed port, once
  CHECK(plan({{"notes", {}, "http://127.0.0.1:3000/mcp"}}, knowledge).lines[0].kind == Line::stale);
}

TEST_CASE("plan: an entry of the same name that is somebody else's is left alone, and told") {
  for (const std::string& url :
       {elsewhere, std::string(), std::string("http://127.0.0.1:3000/mcp"), std::string("http://10.0.0.1:50001/mcp")}) {
    const ClientPlan foreign = plan({{"notes", {}, url}}, knows());
    INFO(url);
    REQUIRE(foreign.lines.size() == 1);
    CHECK(foreign.lines[0].kind == Line::foreign);
    CHECK(foreign.changes.empty());
    CHECK(foreign.recorded.empty());
  }
  ClientKnowledge knowledge = knows();
  knowledge.others["notes"] = before;  // another project has written it
  CHECK(plan({{"notes", {}, before}}, knowledge).lines[0].kind == Line::foreign);
  // Ours once, and changed by its user since.
  knowledge = knows();
  knowledge.recorded["notes"] = before;
  CHECK(plan({{"notes", {}, elsewhere}}, knowledge).lines[0].kind == Line::foreign);
}

TEST_CASE("plan: only what this project has written is surplus") {
  ClientKnowledge knowledge = knows();
  knowledge.recorded = {{"gone", before}, {"changed", before}, {"stopped", before}, {"removed", before}};
  knowledge.without_url = {"stopped"};
  const ClientPlan done = plan({{"notes", {}, here},
                                {"gone", {}, before},
                                {"changed", {}, elsewhere},
                                {"stopped", {}, before},
                                {"of-another-project", {}, "http://127.0.0.1:50003/mcp"}},
                               knowledge);
  REQUIRE(done.lines.size() == 1);
  CHECK(done.lines[0].kind == Line::surplus);
  CHECK(done.lines[0].name == "gone");
  REQUIRE(done.changes.size() == 1);
  CHECK(done.changes[0].kind == ClientChange::Kind::remove);
  CHECK(done.recorded == std::map<std::string, std::string>{{"notes", here}, {"stopped", before}});
}

TEST_CASE("plan: names are those that the client allows") {
  ClientKnowledge knowledge = knows();
  knowledge.wanted = {{"a.b", here}};
  CHECK(plan_client(*find_client("codex"), {}, knowledge).changes[0].name == "a-b");
  CHECK(plan_client(*find_client("cursor"), {}, knowledge).changes[0].name == "a.b");
  CHECK(name_for(*find_client("claude-code"), "workspace") == "berth-workspace");
}

TEST_CASE("plan: a client is named as it is known") {
  CHECK(find_client("cursor") != nullptr);
  CHECK(find_client("curser") == nullptr);
  CHECK(unknown_client("curser").find("did you mean `cursor`") != std::string::npos);
  CHECK(unknown_client("emacs").find("there are: claude-desktop") != std::string::npos);
  CHECK(client_file(*find_client("codex"), {"/h", "", "", "/c"}) == "/c/config.toml");
  CHECK(client_file(*find_client("zed"), {"/h", "/x", "", ""}) == "/x/zed/settings.json");
}

}  // namespace berth::config
