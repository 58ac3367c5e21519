#include "os/brand.hpp"

#include <sys/resource.h>

#include <charconv>
#include <random>
#include <string>
#include <string_view>

#include "os/read_file.hpp"

namespace berth::os {

namespace {

constexpr Brand sign = Brand{1} << 61U;
constexpr Brand run_mask = (Brand{1} << 24U) - 1;
constexpr Brand supervisor_mask = ((Brand{1} << 61U) - 1) & ~run_mask;

}  // namespace

Brand new_supervisor_brand() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) != 0 || limit.rlim_max != RLIM_INFINITY) return 0;
  std::random_device random;
  return sign | ((Brand{random()} << 32U | random()) & supervisor_mask);
}

Brand brand_of_run(Brand supervisor, std::uint32_t run) {
  return supervisor == 0 ? 0 : supervisor | (run & run_mask);
}

bool same_supervisor(Brand a, Brand b) {
  return a != 0 && b != 0 && (a & ~run_mask) == (b & ~run_mask);
}

Brand brand_of(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/limits", 16384);
  if (!text) return 0;
  constexpr std::string_view name = "Max realtime timeout";
  auto at = text->find(name);
  if (at == std::string::npos) return 0;
  at = text->find_first_not_of(' ', at + name.size());
  if (at == std::string::npos) return 0;
  Brand brand = 0;
  std::from_chars(text->data() + at, text->data() + text->size(), brand);
  return (brand >> 61U) == 1 ? brand : 0;
}

void remove_own_brand() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_RTTIME, &limit);
}

}  // namespace berth::os
