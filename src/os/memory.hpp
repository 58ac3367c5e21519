#pragma once
// The allocator's habits are made for programs that go on to need what they once needed. A supervisor reads a file and
// starts a hundred servers within a second, and then waits for months.

namespace berth::os {

// One heap for all threads, and pages at its end go back to the kernel early. To be called before there are threads.
void keep_memory_small();

// What is free goes back to the kernel, from the middle of the heap too. Takes some microseconds for each MiB.
void give_back_memory();

}  // namespace berth::os
