#pragma once
// What the fuzzing targets share. A target is one function, `LLVMFuzzerTestOneInput`, that ends the process when
// something does not hold: by FUZZ_CHECK, or by a sanitizer.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace berth::fuzz {

[[noreturn]] void fail(const char* condition, const char* file, int line, const std::string& detail);

// `detail`, an expression that makes a string, is only looked at when the condition does not hold.
#define FUZZ_CHECK(condition, detail) \
  ((condition) ? static_cast<void>(0) : berth::fuzz::fail(#condition, __FILE__, __LINE__, (detail)))

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Decisions of a target that are part of its input: the bytes behind the last zero byte, read from the end. Without a
// zero byte there are none, and all are 0: a plain text is a good input too.
class Decisions {
 public:
  explicit Decisions(std::string_view& input);
  std::uint8_t next();
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

bool is_utf8(std::string_view text);
bool has_control_characters(std::string_view text);

// `text` with every `from` replaced.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);

// The text with what cannot be shown as \xNN, cut when it is long.
std::string visible(std::string_view text);

// A folder of this process, removed at its end.
const std::string& scratch_folder();

}  // namespace berth::fuzz
