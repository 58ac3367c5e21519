#include "sim/fiber.hpp"

#include <cstdint>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define BERTH_SIM_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BERTH_SIM_ASAN
#endif
#endif
#ifdef BERTH_SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace berth::sim {

namespace {

constexpr std::size_t stack_size = std::size_t{256} << 10U;

// The stacks of those that have ended; to ask the kernel for each would take longer than what runs on it.
std::vector<std::unique_ptr<std::byte[]>>& spare_stacks() {
  static std::vector<std::unique_ptr<std::byte[]>> stacks;
  return stacks;
}

// What the address sanitizer has to know of a change of stacks.
void leaving([[maybe_unused]] void** shadow, [[maybe_unused]] const void* to, [[maybe_unused]] std::size_t size) {
#ifdef BERTH_SIM_ASAN
  __sanitizer_start_switch_fiber(shadow, to, size);
#endif
}

void arrived([[maybe_unused]] void* shadow, [[maybe_unused]] const void** from, [[maybe_unused]] std::size_t* size) {
#ifdef BERTH_SIM_ASAN
  __sanitizer_finish_switch_fiber(shadow, from, size);
#endif
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  auto& spare = spare_stacks();
  if (spare.empty()) {
    stack_.reset(new std::byte[stack_size]);
  } else {
    stack_ = std::move(spare.back());
    spare.pop_back();
  }
  ::getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_.get();
  inside_.uc_stack.ss_size = stack_size;
  inside_.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);  // makecontext(3) passes int, and nothing wider
  ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::main), 2, static_cast<unsigned>(self),
                static_cast<unsigned>(static_cast<std::uint64_t>(self) >> 32U));
}

Fiber::~Fiber() {
  spare_stacks().push_back(std::move(stack_));
}

void Fiber::main(unsigned low, unsigned high) {
  auto* self = reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(low | static_cast<std::uint64_t>(high) << 32U));
  arrived(nullptr, &self->outer_stack_, &self->outer_size_);
  self->body_();
  self->ended_ = true;
  leaving(nullptr, self->outer_stack_, self->outer_size_);
  ::setcontext(&self->outside_);
}

void Fiber::go_on() {
  running_ = true;
  leaving(&shadow_outside_, stack_.get(), stack_size);
  ::swapcontext(&outside_, &inside_);
  arrived(shadow_outside_, nullptr, nullptr);
  running_ = false;
}

void Fiber::stop() {
  leaving(&shadow_inside_, outer_stack_, outer_size_);
  ::swapcontext(&inside_, &outside_);
  arrived(shadow_inside_, &outer_stack_, &outer_size_);
}

}  // namespace berth::sim
