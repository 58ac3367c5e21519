#include "config/fields.hpp"

#include <set>

#include "config/reference.hpp"
#include "config/schema.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

// A file with every key at its default, or at its sample where there is none.
std::string every_key() {
  std::string text;
  for (const Section& section : sections()) {
    if (!section.name.empty()) {
      const std::string name(section.name);
      text += section.name == "servers" ? "[[servers]]\n" : "[" + name + "]\n";
    }
    for (const Field& field : fields()) {
      if (field.section != section.name || field.key == "env_file") continue;
      const std::string value(field.standard.empty() ? field.sample : field.standard);
      text += std::string(field.key) + " = " + value + "\n";
    }
  }
  return text;
}

void compare_with(const std::filesystem::path& path, const std::string& text) {
  if (regenerating()) return write(path, text);
  INFO("made from src/config/fields.cpp: BERTH_REGENERATE=1 writes it anew");
  CHECK(read(path) == text);
}

}  // namespace

TEST_CASE("every key has a section, a help, a default or a sample, and says what a change needs") {
  std::set<std::string> names;
  std::set<std::string_view> known_sections;
  for (const Section& section : sections()) {
    known_sections.insert(section.name);
    CHECK_FALSE(section.help.empty());
  }
  for (const Field& field : fields()) {
    INFO(dotted_name(field));
    CHECK(names.insert(dotted_name(field)).second);
    CHECK(known_sections.contains(field.section));
    CHECK(field.help.size() > 5);
    CHECK_FALSE(field.help.ends_with('.'));
    CHECK_FALSE((field.standard.empty() && field.sample.empty()));
    CHECK(field.change != Change::nothing);
    CHECK((field.same_config != nullptr) != (field.same_server != nullptr));
    const bool needs_limits = field.kind == Kind::integer || field.kind == Kind::number;
    CHECK(needs_limits == (field.most > 0));
    CHECK((field.kind == Kind::choice) == !field.choices.empty());
  }
}

TEST_CASE("the defaults in the table are those of the program") {
  const LoadResult explicit_defaults = parse(every_key(), "/folder/berth.toml");
  INFO(every_key() << lines(explicit_defaults));
  REQUIRE(explicit_defaults.config);
  const LoadResult minimal =
      parse("name = \"my-tools\"\n[[servers]]\nname = \"everything\"\ncommand = \"npx\"\n", "/folder/berth.toml");
  REQUIRE(minimal.config);
  Config expected = *minimal.config;
  expected.ports.registry = "/path/ports.json";
  expected.servers[0].limits = {.memory = 512U << 20U,
                                .open_files = 1024,
                                .processes = 64,
                                .nice = 5,
                                .user = "nobody",
                                .group = "users",
                                .no_new_privs = false};
  CHECK(*explicit_defaults.config == expected);
  CHECK(minimal.config->servers[0].ready == ReadyConfig{});
}

TEST_CASE("configs/berth.toml is what the table of keys makes") {
  compare_with(source_folder() / "configs/berth.toml", reference_file());
}

TEST_CASE("configs/berth.schema.json is what the table of keys makes") {
  compare_with(source_folder() / "configs/berth.schema.json", json_schema());
}

TEST_CASE("the reference file loads without a word and names every key") {
  const LoadResult result = parse(reference_file(), "/folder/berth.toml");
  CHECK(lines(result).empty());
  REQUIRE(result.config);
  for (const Field& field : fields()) {
    INFO(dotted_name(field));
    CHECK(reference_file().find("\n" + std::string(field.key) + " = ") !=
          reference_file().find("\n# " + std::string(field.key) + " = "));
  }
}

TEST_CASE("the starter file loads without a word and starts nothing") {
  const LoadResult result = parse(starter_file(), "/folder/berth.toml");
  CHECK(lines(result).empty());
  REQUIRE(result.config);
  for (const ServerConfig& server : result.config->servers) CHECK_FALSE(server.enabled);
}

TEST_CASE("differences name the keys that have changed") {
  ServerConfig before;
  ServerConfig after;
  CHECK(differences(before, after).empty());
  after.ready.timeout = Milliseconds{1};
  after.args = {"x"};
  const auto changed = differences(before, after);
  REQUIRE(changed.size() == 2);
  CHECK(dotted_name(*changed[0]) == "servers.args");
  CHECK(changed[0]->change == Change::restart);
  CHECK(dotted_name(*changed[1]) == "servers.ready.timeout");
  CHECK(changed[1]->change == Change::live);

  Config old_file;
  Config new_file;
  new_file.ports.host = "::1";
  REQUIRE(differences(old_file, new_file).size() == 1);
  CHECK(dotted_name(*differences(old_file, new_file)[0]) == "ports.host");
}

}  // namespace berth::config::test
