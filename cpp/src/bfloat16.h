// Factors of bfloat16: the upper half of a float, two in a cell. Internal linkage, like vec8.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "splitmix.h"
#include "vec8.h"

namespace pairloom {

static_assert(std::endian::native == std::endian::little, "lanes take their bits in that order");

typedef uint32_t Words8 __attribute__((vector_size(32)));
typedef uint16_t Halves8 __attribute__((vector_size(16)));

inline constexpr uint32_t kQuietHalf = 0x0040;  // keeps a NaN one whose mark lay in the lower half

PAIRLOOM_INLINE float widened(uint16_t half) {
  return __builtin_bit_cast(float, uint32_t{half} << 16);
}

PAIRLOOM_INLINE uint16_t nearest_bfloat16(float value) {
  const auto bits = __builtin_bit_cast(uint32_t, value);
  if (value != value) {
    return static_cast<uint16_t>((bits >> 16) | kQuietHalf);
  }
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);  // ties to even
}

PAIRLOOM_INLINE float bfloat16_at(const void* cells, int factor) {
  uint16_t half;
  std::memcpy(&half, static_cast<const char*>(cells) + 2 * factor, sizeof(half));
  return widened(half);
}

PAIRLOOM_INLINE void set_bfloat16(void* cells, int factor, float value) {
  const uint16_t half = nearest_bfloat16(value);
  std::memcpy(static_cast<char*>(cells) + 2 * factor, &half, sizeof(half));
}

PAIRLOOM_INLINE Vec8<float> widened(Words8 halves) {
  return __builtin_bit_cast(Vec8<float>, halves << 16);
}

// Eight factors from `factor` on, or four and zeros.
PAIRLOOM_INLINE Vec8<float> load_bfloat16(const void* cells, int factor, bool four) {
  Halves8 halves = {};
  std::memcpy(&halves, static_cast<const char*>(cells) + 2 * factor, four ? 8 : 16);
  return widened(__builtin_convertvector(halves, Words8));
}

// Where the random bits of one feature's factors are in one step; `key` is the step's.
PAIRLOOM_INLINE uint64_t rounding_position(uint64_t key, uint32_t feature) {
  return key + feature * kSplitMixStep;
}

// Sixteen random bits for each of eight factors from `factor` on, or of four.
PAIRLOOM_INLINE Words8 rounding_bits(uint64_t position, int factor, bool four) {
  const auto of_four = [position](int block) __attribute__((always_inline)) {
    return scrambled(position + (static_cast<uint64_t>(block) << 32) * kSplitMixStep);
  };
  const uint64_t words[2] = {of_four(factor / 4), four ? 0 : of_four(factor / 4 + 1)};
  Halves8 halves;
  std::memcpy(&halves, words, sizeof(halves));
  return __builtin_convertvector(halves, Words8);
}

// Rounds up as often as the part that is cut off is large: sixteen bits are added below the sixteen
// that stay. Returns what was stored.
PAIRLOOM_INLINE Vec8<float> store_bfloat16(void* cells, int factor, Vec8<float> lanes, bool four,
                                           Words8 random) {
  const auto bits = __builtin_bit_cast(Words8, lanes);
  const Words8 rounded = lanes == lanes ? (bits + random) >> 16 : (bits >> 16) | kQuietHalf;
  const Halves8 halves = __builtin_convertvector(rounded, Halves8);
  std::memcpy(static_cast<char*>(cells) + 2 * factor, &halves, four ? 8 : 16);
  return widened(rounded);
}

}  // namespace pairloom
