#pragma once
// vfork(2) with two more wishes, by clone3(2):
// - The child is born in another control group. One that moves itself, by a write to cgroup.procs, makes the kernel
// wait
//   for every processor (an RCU grace period of milliseconds).
// - The child begins with the parent's table of descriptors, not a copy, which would cost more with each that is open,
//   twice: they would have to be closed again when it executes. It has to take a table of its own before it changes
//   any.
//
// The C library has no such call before glibc 2.39, and a system call that returns twice cannot be wrapped in a
// function, hence the assembly. The child lives on the caller's stack, below what that may use, until it executes.

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define BERTH_WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BERTH_WITH_ASAN
#endif
#endif

namespace berth::os {

// The child's pid, in which child(context) runs and never returns; -1 with errno, ENOSYS where this is not known.
// `group` is a descriptor of the group's folder, or -1. The parent stands still until the child executes or ends.
inline pid_t clone_vfork(int group, void (*child)(void*), void* context) {
  clone_args request{};
  request.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES;
  request.exit_signal = SIGCHLD;
  if (group >= 0) {
    request.flags |= CLONE_INTO_CGROUP;
    request.cgroup = static_cast<std::uint64_t>(group);
  }
#if defined(BERTH_WITH_ASAN)
  // It knows of vfork what it has to forget when the child is gone, and nothing of this.
  const long result = -ENOSYS;
  static_cast<void>(child), static_cast<void>(context);
#elif defined(__x86_64__)
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[context], %%rdi\n\t"
      "sub $512, %%rsp\n\t"  // the caller may use 128 bytes below its stack pointer
      "and $-16, %%rsp\n\t"
      "call *%[child]\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(&request), "S"(sizeof(request)), [child] "r"(child), [context] "r"(context)
      : "rcx", "r11", "cc", "memory");
#elif defined(__aarch64__)
  register long result asm("x0") = reinterpret_cast<long>(&request);
  register long size asm("x1") = sizeof(request);
  register long number asm("x8") = SYS_clone3;
  asm volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x0, %[context]\n\t"
      "blr %[child]\n\t"
      "brk #1\n"
      "1:"
      : "+r"(result)
      : "r"(size), "r"(number), [child] "r"(child), [context] "r"(context)
      : "cc", "memory");
#else
  const long result = -ENOSYS;
  static_cast<void>(request), static_cast<void>(child), static_cast<void>(context);
#endif
  if (result >= 0) return static_cast<pid_t>(result);
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace berth::os
