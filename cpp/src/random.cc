#include "pairloom/random.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "elementary.h"

namespace pairloom {

std::array<uint32_t, 4> philox(uint64_t seed, RandomStream stream, uint64_t position,
                               uint32_t block) {
  std::array<uint32_t, 4> counter{static_cast<uint32_t>(position),
                                  static_cast<uint32_t>(position >> 32), block,
                                  static_cast<uint32_t>(stream)};
  uint32_t key0 = static_cast<uint32_t>(seed);
  uint32_t key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(product1),
        static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

uint64_t rounding_key(uint64_t seed, uint64_t step) {
  const auto bits = philox(seed, RandomStream::kRounding, step, 0);
  return (uint64_t{bits[0]} << 32) | bits[1];
}

double uniform_from_bits(uint32_t bits) {
  return (static_cast<double>(bits) + 0.5) * (1.0 / 4294967296.0);
}

double normal_from_bits(uint32_t bits) {
  const double p = uniform_from_bits(bits);
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
           (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
  }
  double r = std::sqrt(-natural_log(q < 0 ? p : 1.0 - p));
  double tail;
  if (r <= 5.0) {
    r -= 1.6;
    tail = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
           ((0.12021132975 * r + 0.73700164250) * r + 1.0);
  } else {
    r -= 5.0;
    tail = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
           ((0.012258202635 * r + 0.24197894225) * r + 1.0);
  }
  return q < 0 ? -tail : tail;
}

std::vector<uint32_t> shuffled_rows(uint64_t seed, uint64_t epoch, uint32_t num_rows) {
  std::vector<uint32_t> order(num_rows);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t last = num_rows; last > 1; --last) {
    const auto bits = philox(seed, RandomStream::kShuffle, epoch, last - 1);
    // Multiply-shift maps 64 bits onto 0 .. last - 1 with a bias below 2^-32.
    const uint64_t wide = (uint64_t{bits[0]} << 32) | bits[1];
    const uint64_t high = (wide >> 32) * last + (((wide & 0xFFFFFFFFu) * last) >> 32);
    std::swap(order[last - 1], order[high >> 32]);
  }
  return order;
}

}  // namespace pairloom
