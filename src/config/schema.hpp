#pragma once
// The JSON Schema of the config, for editors.

#include <string>

namespace berth::config {

// configs/berth.schema.json, draft 7: the one that TOML plugins of editors know.
std::string json_schema();

}  // namespace berth::config
