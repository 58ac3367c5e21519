// Where --json is asked for, stdout is JSON and nothing else.

#include "e2e/e2e.hpp"

namespace e2e {
namespace {

void check_one_document(Sandbox& sandbox, Arguments args) {
  args.emplace_back("--json");
  const Result result = sandbox.berth(args);
  INFO(args.front() << " exits with " << result.code << "\nstdout: " << result.out << "\nstderr: " << result.err);
  CHECK(is_one_json_document(result.out));
}

TEST_CASE("A status that is asked for without usage is the same without it") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const auto server = [&](const std::string& target) {
    const HttpReply reply = http_over_unix(sandbox.socket_path(), "GET", target);
    REQUIRE(reply.status == 200);
    return boost::json::parse(reply.body).at("servers").at(0).as_object();
  };
  auto full = server("/v1/status");
  auto lean = server("/v1/status?usage=0");
  for (const char* key : {"cpu_s", "memory_bytes", "processes"}) {
    CHECK_FALSE(full.at(key).is_null());
    CHECK(lean.at(key).is_null());
    lean[key] = full[key];
  }
  for (auto* one : {&full, &lean}) one->erase("uptime_s");
  CHECK(lean == full);
  sandbox.down();
}

}  // namespace

TEST_CASE("Every command that prints facts prints one JSON document") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  config.server("broken").command("no-such-command-anywhere", {});
  sandbox.write(config);
  sandbox.up();
  sandbox.await("web", "ready");
  sandbox.await("broken", "failed");

  for (const Arguments& args : {Arguments{"status"}, Arguments{"ps"}, Arguments{"status", "web"},
                                Arguments{"-v", "status"}, Arguments{"--color", "always", "status"}, Arguments{"ports"},
                                Arguments{"url", "web"}, Arguments{"env"}, Arguments{"check"}, Arguments{"version"}}) {
    check_one_document(sandbox, args);
  }
  sandbox.down();
}

TEST_CASE("ports prints JSON without a config and without a supervisor") {
  Sandbox sandbox;
  const Result result = sandbox.berth({"ports", "--json"});
  INFO(result.err);
  CHECK(result.code == 0);
  REQUIRE(is_one_json_document(result.out));
  const auto document = boost::json::parse(result.out).as_object();
  CHECK(document.at("instances").as_array().empty());
  CHECK(document.at("dead").as_array().empty());
}

TEST_CASE("check --json of a broken config is one document too") {
  Sandbox sandbox;
  sandbox.write(std::string("nonsense = 1\n[[servers]]\n"));
  const Result result = sandbox.berth({"check", "--json"});
  CHECK(result.code == 2);
  CHECK(is_one_json_document(result.out));
}

TEST_CASE("status --json of some servers has only these") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("one");
  config.server("two");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Result result = sandbox.berth({"status", "two", "--json"});
  REQUIRE(is_one_json_document(result.out));
  const auto document = boost::json::parse(result.out).as_object();
  REQUIRE(document.at("servers").as_array().size() == 1);
  CHECK(text(document.at("servers").as_array()[0].as_object(), "name") == "two");
  sandbox.down();
}

TEST_CASE("events prints one JSON object a line with all its keys") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const auto events = json_lines(sandbox.berth({"events"}).out);
  REQUIRE_FALSE(events.empty());
  for (const Object& event : events) {
    for (const char* key : {"at", "server", "from", "to", "cause", "message", "port", "pid"}) {
      INFO(key << " in " << boost::json::serialize(event));
      CHECK(event.contains(key));
    }
  }
  sandbox.down();
}

TEST_CASE("The control socket answers with the document of status --json") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});

  const HttpReply reply = http_over_unix(sandbox.socket_path(), "GET", "/v1/status");
  REQUIRE(reply.status == 200);
  const auto document = boost::json::parse(reply.body).as_object();
  CHECK(text(document, "project") == sandbox.project());
  CHECK(document.at("servers").as_array().size() == 1);

  const HttpReply unknown = http_over_unix(sandbox.socket_path(), "GET", "/v1/servers/nobody");
  CHECK(unknown.status == 404);
  CHECK(boost::json::parse(unknown.body).at("error").at("code").as_string() == "unknown_server");
  sandbox.down();
}

TEST_CASE("The ledger tells about a live server in the five fixed fields", "[.][later]") {
  Sandbox sandbox;
  auto config = sandbox.config();
  config.server("web");
  sandbox.write(config);
  sandbox.up({"--wait"});
  const Object web = sandbox.server("web");

  const auto ledger = boost::json::parse(read_file(sandbox.runtime_dir() / "ports.json")).as_object();
  const auto& instances = ledger.at("instances").as_array();
  REQUIRE(instances.size() == 1);
  const Object& entry = instances[0].as_object();
  CHECK(number(entry, "port") == number(web, "port"));
  CHECK(number(entry, "pid") == number(web, "pid"));
  CHECK(text(entry, "instanceId").starts_with(sandbox.project() + ".web."));
  CHECK(number(entry, "createdAt") > 1'600'000'000'000);  // milliseconds
  CHECK(number(entry, "lastHeartbeat") >= number(entry, "createdAt"));
  sandbox.down();

  const auto after = boost::json::parse(read_file(sandbox.runtime_dir() / "ports.json")).as_object();
  CHECK(after.at("instances").as_array().empty());
}

}  // namespace e2e
