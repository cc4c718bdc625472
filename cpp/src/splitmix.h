// SplitMix64 (Steele, Lea and Flood 2014): number n of the generator that starts at s is
// scrambled(s + n x kSplitMixStep). Internal linkage, like vec8.h.
#pragma once

#include <cstdint>

#include "vec8.h"

namespace pairloom {

inline constexpr uint64_t kSplitMixStep = 0x9E3779B97F4A7C15u;

PAIRLOOM_INLINE uint64_t scrambled(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

}  // namespace pairloom
