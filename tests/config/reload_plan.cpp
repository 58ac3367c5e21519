// What a changed file means for what runs, before anything is done.

#include "config/reload_plan.hpp"

#include "config/fields.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

Config made(const std::string& text) {
  auto result = parse("name = \"p\"\n" + text, "berth.toml");
  for (const auto& diagnostic : result.diagnostics) UNSCOPED_INFO(to_string(diagnostic));
  REQUIRE(result.config);
  return *result.config;
}

ReloadPlan plan(const std::string& before, const std::string& after, const std::map<std::string, Port>& berths = {}) {
  return plan_reload(made(before), made(after), berths);
}

std::string server(const std::string& name, const std::string& more = "") {
  return "[[servers]]\nname = \"" + name + "\"\ncommand = \"run\"\n" + more + "\n";
}

const ServerChange& of(const ReloadPlan& plan, const std::string& name) {
  for (const ServerChange& change : plan.servers) {
    if (change.name == name) return change;
  }
  FAIL("no server " << name);
  throw 0;
}

// A value that is not the default.
std::string another_value(const Field& field) {
  if (field.key == "host") return R"("::1")";
  switch (field.kind) {
    case Kind::boolean: return field.standard == "true" ? "false" : "true";
    case Kind::integer: return field.key == "nice" ? "7" : "77";
    case Kind::number: return field.key == "jitter" ? "0.7" : "7.5";
    case Kind::duration: return "\"25s\"";
    case Kind::size: return "\"77MiB\"";
    case Kind::signal: return "\"SIGINT\"";
    case Kind::port: return "50007";
    case Kind::port_range: return "[40000, 40010]";
    case Kind::exit_codes: return "[7]";
    case Kind::variables: return R"(["OTHER_PORT"])";
    case Kind::url_path: return R"("/other")";
    case Kind::name: return R"("other")";
    case Kind::text: return R"("another")";
    case Kind::file: return R"("/tmp")";
    case Kind::environment: return R"({ A = "b" })";
    case Kind::headers: return R"({ X-A = "b" })";
    case Kind::names: return R"(["needed"])";
    case Kind::choice:
      for (const std::string_view choice : field.choices) {
        if (field.standard != "\"" + std::string(choice) + "\"") return "\"" + std::string(choice) + "\"";
      }
      return "";
    default: return std::string(field.sample);
  }
}

TEST_CASE("every key of a server that is changed is told, with what the table says it needs") {
  for (const Field& field : fields()) {
    if (!field.section.starts_with("servers") || field.key == "name" || field.key == "env_file") continue;
    const std::string dotted = spoken_name(field);
    INFO(dotted);
    std::string base = "[[servers]]\nname = \"web\"\n";
    if (field.key != "command") base += "command = \"run\"\n";
    if (field.key == "secrets") base += "env.LICENSE = \"1234567\"\n";
    const std::string needed = server("needed", "args = [\"n\"]");
    const std::string usual = field.key == "command" ? "command = \"run\"\n" : "";
    const ReloadPlan it = plan(base + usual + needed, base + dotted + " = " + another_value(field) + "\n" + needed);
    const ServerChange& change = of(it, "web");
    CHECK(change.keys == std::vector<std::string>{dotted});
    CHECK(change.fate == (field.change == Change::restart ? Fate::restarted : Fate::live));
    CHECK(of(it, "needed").fate == Fate::unchanged);
  }
}

TEST_CASE("every key of Berth itself that is changed is told, and what cannot be changed yet stays as it was") {
  for (const Field& field : fields()) {
    if (field.section.starts_with("servers")) continue;
    INFO(dotted_name(field));
    const std::string line = std::string(field.key) + " = " + another_value(field) + "\n";
    const auto file = [&](bool changed) {
      if (field.section.empty()) return changed ? line : "name = \"p\"\n";
      return "name = \"p\"\n" + (changed ? "[" + std::string(field.section) + "]\n" + line : "");
    };
    const auto read = [&](bool changed) {
      auto result = parse(file(changed), "berth.toml");
      REQUIRE(result.config);
      return *result.config;
    };
    const Config before = read(false);
    const ReloadPlan it = plan_reload(before, read(true), {});
    const std::vector<std::string> told{dotted_name(field)};
    const bool waits = field.change == Change::supervisor;
    CHECK(it.waiting_keys == (waits ? told : std::vector<std::string>{}));
    CHECK(it.live_keys == (waits ? std::vector<std::string>{} : told));
    CHECK(differences(before, carried_out(before, read(true))).empty() == waits);
  }
}

TEST_CASE("who is new is added, who is missing is removed, and the order of the file is nobody's change") {
  const ReloadPlan it =
      plan(server("a") + server("b") + server("c", "args = [\"x\"]"),
           server("c", "args = [\"x\"]") + server("d") + server("a") + server("e", "enabled = false"));
  CHECK(of(it, "a").fate == Fate::unchanged);
  CHECK(of(it, "b").fate == Fate::removed);
  CHECK(of(it, "c").fate == Fate::unchanged);
  CHECK(of(it, "d").fate == Fate::added);
  CHECK(of(it, "d").starts);
  CHECK(of(it, "e").fate == Fate::added);
  CHECK_FALSE(of(it, "e").starts);
  CHECK(lines(it).back() == "2 added, 1 removed, 0 restarted, 0 applied live, 2 unchanged");
  CHECK_FALSE(it.changes_nothing());
  CHECK(plan(server("a"), server("a")).changes_nothing());
}

TEST_CASE("a server under another name is the same one when nobody else runs what it runs") {
  const auto with = [](const std::string& name, const std::string& arg) {
    return server(name, "args = [\"" + arg + "\"]");
  };
  SECTION("nobody else does") {
    const ReloadPlan it = plan(with("a", "1") + with("b", "2"), with("c", "1") + with("b", "2"));
    CHECK(of(it, "c").fate == Fate::restarted);
    CHECK(of(it, "c").was == "a");
    CHECK(it.of(Fate::removed).empty());
  }
  SECTION("also when something else about it has changed") {
    const ReloadPlan it = plan(with("a", "1"), server("c", "args = [\"1\"]\nhealth.interval = \"3s\""));
    CHECK(of(it, "c").was == "a");
    CHECK(of(it, "c").keys == std::vector<std::string>{"health.interval"});
  }
  SECTION("one that stays does") {
    const ReloadPlan it = plan(with("a", "1") + with("b", "1"), with("c", "1") + with("b", "1"));
    CHECK(of(it, "a").fate == Fate::removed);
    CHECK(of(it, "c").fate == Fate::added);
  }
  SECTION("two have been renamed") {
    const ReloadPlan it = plan(with("a", "1") + with("b", "2"), with("c", "2") + with("d", "1"));
    CHECK(of(it, "c").was == "b");
    CHECK(of(it, "d").was == "a");
  }
}

TEST_CASE("who has a port that is now fixed for another moves") {
  const std::string before = server("a") + server("b");
  const std::string after = server("a") + server("b") + server("c", "port = 50001");
  const ReloadPlan it = plan(before, after, {{"a", 50000}, {"b", 50001}});
  CHECK(of(it, "a").fate == Fate::unchanged);
  CHECK(of(it, "b").fate == Fate::restarted);
  CHECK(of(it, "b").note == "its port 50001 is fixed for `c` from now on");
  CHECK(plan(after, after, {{"a", 50000}, {"b", 50002}, {"c", 50001}}).changes_nothing());
}

TEST_CASE("a plan names keys and never a value") {
  const ReloadPlan it =
      plan(server("a", "env.API_KEY = \"very-secret-one\""), server("a", "env.API_KEY = \"very-secret-two\""));
  CHECK(lines(it).front() == "restarted    a: env");
}

TEST_CASE("a file tells from which other files it was made") {
  const auto folder = std::filesystem::temp_directory_path();
  const auto result =
      parse("name = \"p\"\n" + server("a", "env_file = \"none.env\""), (folder / "berth.toml").string());
  CHECK(result.files == std::vector<std::string>{(folder / "berth.toml").string(), (folder / "none.env").string()});
}

}  // namespace
}  // namespace berth::config::test
