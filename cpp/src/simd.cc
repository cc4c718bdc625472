#include "pairloom/simd.h"

#include <stdexcept>

namespace pairloom {

namespace {

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

}  // namespace

SimdPath simd_path(const std::string& name) {
  if (name == "auto") {
    return has_avx2() ? SimdPath::kAvx2 : SimdPath::kBaseline;
  }
  if (name == "baseline") {
    return SimdPath::kBaseline;
  }
  if (name == "avx2") {
    if (!has_avx2()) {
      throw std::invalid_argument("instruction path 'avx2' is not supported by this processor");
    }
    return SimdPath::kAvx2;
  }
  throw std::invalid_argument("instruction path '" + name +
                              "' is unknown; expected auto, baseline or avx2");
}

const char* simd_name(SimdPath path) { return path == SimdPath::kAvx2 ? "avx2" : "baseline"; }

}  // namespace pairloom
