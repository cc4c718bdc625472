// Instruction paths. Every path runs the same source with the same lane order, so all give the
// same bytes; the caller names one, or takes the best that this processor has.
#pragma once

#include <string>

namespace pairloom {

enum class SimdPath { kBaseline, kAvx2 };

// "auto", "baseline" or "avx2"; throws std::invalid_argument for another name, or for a path that
// this processor or this build lacks.
SimdPath simd_path(const std::string& name);

const char* simd_name(SimdPath path);

}  // namespace pairloom
