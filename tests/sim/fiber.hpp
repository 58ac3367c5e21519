#pragma once
// A function with a stack of its own that can stop in its middle and go on later: a process in a simulated world.
// It must not stop while an exception is under way or handled: the runtime counts those by thread.

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace berth::sim {

class Fiber {
 public:
  // `body` must catch what it throws.
  explicit Fiber(std::function<void()> body);
  ~Fiber();  // it has to have ended, or never begun: what is on its stack is not destroyed
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs until `stop` is called within, or to the end.
  void go_on();
  void stop();
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool running() const { return running_; }

 private:
  static void main(unsigned low, unsigned high);

  std::function<void()> body_;
  std::unique_ptr<std::byte[]> stack_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  bool ended_ = false;
  bool running_ = false;
  void* shadow_inside_ = nullptr;  // the address sanitizer's
  void* shadow_outside_ = nullptr;
  const void* outer_stack_ = nullptr;
  std::size_t outer_size_ = 0;
};

}  // namespace berth::sim
