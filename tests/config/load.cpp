#include "config/load.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "config/files.hpp"
#include "config/project.hpp"
#include "config/support.hpp"
#include "support/catch.hpp"

namespace berth::config::test {
namespace {

const std::string server = "[[servers]]\nname = \"a\"\ncommand = \"true\"\n";

// A folder of its own, gone at the end.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : base_(std::filesystem::temp_directory_path() / ("berth-config-" + std::to_string(::getpid()))),
        path_(base_ / name) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(base_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path base_;
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a file that cannot be read is one diagnostic with a cure") {
  for (const char* file : {"/no/such/berth.toml", "/", "", "/dev/null/x"}) {
    const LoadResult result = load(file);
    INFO(file);
    CHECK_FALSE(result.config);
    REQUIRE(result.diagnostics.size() == 1);
    CHECK(result.diagnostics[0].file == file);
    CHECK_FALSE(result.diagnostics[0].hint.empty());
  }
}

TEST_CASE("a huge file is refused") {
  const Folder folder("huge");
  const auto path = folder.path() / "berth.toml";
  write(path, server + std::string(largest_file, '#'));
  const LoadResult result = load(path.string());
  CHECK_FALSE(result.config);
  CHECK(lines(result).find("larger than 16 MiB") != std::string::npos);
}

TEST_CASE("the project is called by -p, else by `name`, else by its folder") {
  const auto name_of = [](const std::string& text, std::optional<std::string> project) {
    LoadOptions options;
    options.project = std::move(project);
    const LoadResult result = parse(text, "/home/me/tools/berth.toml", options);
    return result.config ? result.config->name : lines(result);
  };
  CHECK(name_of(server, {}) == "tools");
  CHECK(name_of("name = \"own\"\n" + server, {}) == "own");
  CHECK(name_of("name = \"own\"\n" + server, "given") == "given");
  CHECK(name_of(server, "not good").find("-p") != std::string::npos);
}

TEST_CASE("a folder whose name cannot name a project is an error with a cure") {
  for (const char* file : {"/home/my tools/berth.toml", "/berth.toml", "/home/.config/berth.toml"}) {
    const LoadResult result = parse(server, file);
    INFO(file);
    CHECK_FALSE(result.config);
    CHECK(lines(result).find("-p NAME") != std::string::npos);
    CHECK(parse("name = \"x\"\n" + server, file).config);
  }
}

TEST_CASE("the project of a file is known even when the rest of it is wrong") {
  const Folder folder("half");
  const std::string file = (folder.path() / "berth.toml").string();
  CHECK(project_of(file) == "half");
  write(file, "name = \"own\"\nnonsense = 1\n");
  CHECK(project_of(file) == "own");
  write(file, "name = \"${BERTH_TEST_NOT_SET:-given}\"\n");
  CHECK(project_of(file) == "given");
  write(file, "name = \n");
  CHECK(project_of(file) == "half");
  write(file, "# mine\nname = \"own\"\n[[servers]\nname = \"not-this\"\n");
  CHECK(project_of(file) == "own");
  write(file, "[[servers]]\nname = \"not-this\"\nnonsense");
  CHECK(project_of(file) == "half");
  write(file, "notes = \"\"\"\n[not a table]\nname = 'not-this'\n\"\"\"\nodd = [\n[1]]\nname = \"own\"\n[[servers]]\n");
  CHECK(project_of(file) == "own");
  write(file, "notes = \"\"\"\nname = 'not-this'\n\"\"\"\n");
  CHECK(project_of(file) == "half");
  write(file, "[[servers]]\nname = \"not-this\"\n");
  CHECK(project_of(file) == "half");
}

TEST_CASE("paths are relative to the config, however that was named") {
  const Folder folder("project");
  write(folder.path() / "berth.toml",
        server + "cwd = \"sub/../sub\"\nenv_file = \"my.env\"\n\n[[servers]]\nname = \"b\"\ncommand = \"true\"\n");
  write(folder.path() / "my.env", "A=1\n");
  const auto elsewhere = folder.path() / ".." / "project" / "berth.toml";
  const LoadResult result = load(elsewhere.string());
  INFO(lines(result));
  REQUIRE(result.config);
  CHECK(result.config->path == (folder.path() / "berth.toml").string());
  CHECK(result.config->servers[0].cwd == (folder.path() / "sub").string());
  CHECK(result.config->servers[1].cwd == folder.path().string());
  CHECK(result.config->servers[0].env_file == EnvironmentList{{"A", "1"}});
}

TEST_CASE("a diagnostic is one line whatever stands in it") {
  const LoadResult result = parse(server + "\"a\\nb\" = 1\n", "be\nrth.toml");
  REQUIRE_FALSE(result.diagnostics.empty());
  CHECK(to_string(result.diagnostics[0]).find('\n') == std::string::npos);
  CHECK(to_string({Severity::error, "f", 3, 4, "message", "hint"}) == "f:3:4: error: message (hint)");
  CHECK(to_string({Severity::warning, "f", 3, 4, "message", ""}) == "f:3:4: warning: message");
}

TEST_CASE("an unset variable is an error, in a disabled server a warning") {
  const std::string text = server + "args = [\"${NOT_SET}\"]\n";
  LoadOptions options;
  options.environment = environment({});
  CHECK_FALSE(parse(text, "/tools/berth.toml", options).config);
  const LoadResult disabled = parse(text + "enabled = false\n", "/tools/berth.toml", options);
  REQUIRE(disabled.config);
  REQUIRE(disabled.diagnostics.size() == 1);
  CHECK(disabled.diagnostics[0].severity == Severity::warning);
}

TEST_CASE("a chain of dependencies may be as long as the file") {
  std::string text;
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("[[servers]]\nname = \"s{}\"\ncommand = \"x\"\ndepends_on = [\"s{}\"]\n", i, (i + 1) % count);
  }
  const LoadResult result = parse(text, "/tools/berth.toml");
  REQUIRE(result.diagnostics.size() == 1);
  CHECK(result.diagnostics[0].message.starts_with("dependency cycle: s0 -> s1 -> "));
}

}  // namespace berth::config::test
