// Whole numbers in as few bytes as each needs: for every four a byte of lengths, two bits each,
// all of these before the numbers' own bytes, so that four are read without waiting for the four
// before. After Lemire, Kurz and Rupp, "Stream VByte", Information Processing Letters 130, 2018.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "pairloom/growing_array.h"

namespace pairloom::number_groups {

static_assert(std::endian::native == std::endian::little);

// How many bytes the four lengths stand for.
template <class Number>
inline constexpr std::array<uint8_t, 4> kBytes =
    sizeof(Number) == 4 ? std::array<uint8_t, 4>{1, 2, 3, 4} : std::array<uint8_t, 4>{1, 2, 4, 8};

// Where the numbers of a group begin, and where the next group does.
template <class Number>
inline constexpr auto kBegins = [] {
  std::array<std::array<uint8_t, 5>, 256> begins{};
  for (size_t lengths = 0; lengths < 256; ++lengths) {
    for (size_t i = 0; i < 4; ++i) {
      const uint8_t bytes = kBytes<Number>[(lengths >> (2 * i)) & 3];
      begins[lengths][i + 1] = static_cast<uint8_t>(begins[lengths][i] + bytes);
    }
  }
  return begins;
}();

template <class Number>
inline constexpr std::array<Number, 4> kMasks = [] {
  std::array<Number, 4> masks{};
  for (size_t i = 0; i < 4; ++i) {
    masks[i] = static_cast<Number>(~Number{0}) >> (8 * (sizeof(Number) - kBytes<Number>[i]));
  }
  return masks;
}();

// Which of the four lengths a number needs.
template <class Number>
unsigned length_of(Number number) {
  const auto bytes = static_cast<unsigned>(std::bit_width(number | Number{1}) + 7) / 8;
  return sizeof(Number) == 4 ? bytes - 1 : static_cast<unsigned>(std::bit_width(bytes - 1));
}

inline size_t num_groups(size_t count) { return count / 4 + (count % 4 != 0); }

// Appends `count` numbers, asked for one after the other.
template <class Number, class Next>
void append(size_t count, Next&& next, GrowingArray<uint8_t>& out) {
  const size_t begin = out.size(), groups = num_groups(count);
  out.extend(groups + count * sizeof(Number));
  uint8_t* lengths = out.data() + begin;
  uint8_t* at = lengths + groups;
  std::fill_n(lengths, groups, uint8_t{0});
  for (size_t i = 0; i < count; ++i) {
    const Number number = next();
    const unsigned length = length_of(number);
    lengths[i / 4] = static_cast<uint8_t>(lengths[i / 4] | length << (2 * (i % 4)));
    std::memcpy(at, &number, kBytes<Number>[length]);
    at += kBytes<Number>[length];
  }
  out.truncate(static_cast<size_t>(at - out.data()));
}

// Fills `numbers` from the beginning of `bytes`; returns how many bytes that took, 0 when there
// are too few (no numbers take none).
template <class Number>
size_t read(std::span<const uint8_t> bytes, std::span<Number> numbers) {
  const size_t groups = num_groups(numbers.size());
  if (bytes.size() < groups) {
    return 0;
  }
  const uint8_t* lengths = bytes.data();
  const uint8_t* at = lengths + groups;
  const uint8_t* end = bytes.data() + bytes.size();
  size_t i = 0;
  for (; i + 4 <= numbers.size() && end - at >= static_cast<ptrdiff_t>(4 * sizeof(Number));
       i += 4) {
    const unsigned group = lengths[i / 4];
    const auto& begins = kBegins<Number>[group];
    for (size_t j = 0; j < 4; ++j) {
      Number number;
      std::memcpy(&number, at + begins[j], sizeof number);
      numbers[i + j] = number & kMasks<Number>[(group >> (2 * j)) & 3];
    }
    at += begins[4];
  }
  for (; i < numbers.size(); ++i) {
    const size_t count = kBytes<Number>[(lengths[i / 4] >> (2 * (i % 4))) & 3];
    if (end - at < static_cast<ptrdiff_t>(count)) {
      return 0;
    }
    numbers[i] = 0;
    std::memcpy(&numbers[i], at, count);
    at += count;
  }
  return static_cast<size_t>(at - bytes.data());
}

}  // namespace pairloom::number_groups
