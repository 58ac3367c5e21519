#pragma once
// Whether a status tells what the processes of each server use.

namespace berth::app {

enum class Usage { unknown, looked_up };

}  // namespace berth::app
