// Counter-based randomness: every number is a pure function of (seed, stream, position), so that
// a feature starts the same whether its entry is made first, last or on another machine.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace pairloom {

enum class RandomStream : uint32_t {
  kBias = 0,
  kLinear = 1,
  kFactors = 2,
  kShuffle = 3,
  kRounding = 4
};

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
std::array<uint32_t, 4> philox(uint64_t seed, RandomStream stream, uint64_t position,
                               uint32_t block);

// The word of two numbers that roundings of one step take their bits from.
uint64_t rounding_key(uint64_t seed, uint64_t step);

// In the open interval (0, 1), in steps of 2^-32.
double uniform_from_bits(uint32_t bits);

// Standard normal by inversion (Wichura 1988, algorithm AS 241, PPND7: 7 decimal digits).
double normal_from_bits(uint32_t bits);

// A permutation of 0 .. num_rows - 1 for one epoch (Fisher-Yates).
std::vector<uint32_t> shuffled_rows(uint64_t seed, uint64_t epoch, uint32_t num_rows);

}  // namespace pairloom
