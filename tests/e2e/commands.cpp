#include "e2e/commands.hpp"

namespace e2e {
namespace {

namespace fs = std::filesystem;

// Its socket, when it sleeps with one; else empty.
std::string sleeps_with_socket(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos || stat[name_end + 2] != 'S') return {};
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
    std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with("socket:")) return target;
  }
  return {};
}

}  // namespace

void await_asking(Program& program) {
  std::string before;
  const bool asks = eventually([&] {
    const std::string now = sleeps_with_socket(program.pid());
    return std::exchange(before, now) == now && !now.empty();
  });
  INFO("stderr: " << program.err());
  REQUIRE(asks);
}

void check_ended(Program& program, int code, const std::string& words) {
  const auto ended = program.wait();
  INFO("stderr: " << program.err());
  REQUIRE(ended.has_value());
  CHECK(ended->code == code);
  CHECK(program.err().find(words) != std::string::npos);
}

}  // namespace e2e
