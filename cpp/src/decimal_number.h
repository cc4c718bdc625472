// Decimal numbers as other programs round them: to the nearest double, and that to float32. The
// spelling of nearly every number is read here, inlined into the loops over them.
#pragma once

#include <bit>
#include <cfloat>
#include <cstdint>
#include <cstring>

#include "decimal_scan.h"

namespace pairloom::decimal {

// Which spellings beyond JSON's count as numbers.
enum class Grammar : uint8_t {
  kJson,
  kLenient,  // a plus sign, leading zeros, a point without digits on one side
};

// Whether eight characters, the first in the lowest byte, are digits.
constexpr bool are_digits(uint64_t text) {
  constexpr uint64_t kHighHalves = 0xF0F0F0F0F0F0F0F0;
  constexpr uint64_t kZeros = 0x3030303030303030;
  constexpr uint64_t kSixes = 0x0606060606060606;  // carries what is above 9 into the upper half
  return (((text & kHighHalves) ^ kZeros) | (((text + kSixes) & kHighHalves) ^ kZeros)) == 0;
}

// The number of eight digits: neighbours are joined to numbers of two, four and eight digits.
constexpr uint64_t join_digits(uint64_t text) {
  text &= 0x0F0F0F0F0F0F0F0F;
  text = (text * 10 + (text >> 8)) & 0x00FF00FF00FF00FF;
  text = (text * 100 + (text >> 16)) & 0x0000FFFF0000FFFF;
  return (text * 10000 + (text >> 32)) & 0x00000000FFFFFFFF;
}

inline const char* scan_many_digits(const char* next, const char* end, uint64_t& digits) {
  if constexpr (std::endian::native == std::endian::little) {
    uint64_t text = 0;
    while (end - next >= 8 && (std::memcpy(&text, next, sizeof(text)), are_digits(text))) {
      digits = digits * 100'000'000 + join_digits(text);
      next += 8;
    }
  }
  return scan_digits(next, digits);
}

// digits * 10^exponent for an exponent of at most kLargestPower either way. Three roundings, of the
// digits, the power and the product, leave a double within four units of the nearest one. Both
// round to the same float unless they lie about halfway between two floats; false then, and where
// floats are subnormal or end.
inline bool round_fast(uint64_t digits, int64_t exponent, float& value) {
  constexpr uint64_t kDroppedBits = (uint64_t{1} << 29) - 1;
  constexpr uint64_t kHalf = uint64_t{1} << 28;
  constexpr uint64_t kMargin = 8;
  const double near = static_cast<double>(digits) * kPowersOfTen[exponent + kLargestPower];
  const uint64_t above = (std::bit_cast<uint64_t>(near) & kDroppedBits) + kMargin - kHalf;
  value = static_cast<float>(near);
  return above > 2 * kMargin && ((near < FLT_MAX / 2 && near > 2 * FLT_MIN) || digits == 0);
}

// As parse_float_by_double, for numbers of any spelling and size.
ParsedFloat parse_any_float(const char* text, const char* end, Grammar grammar);

// Reads the number at `text`, which `end` bounds; a character that is no part of a number must
// stand there. The value is the double nearest to the number, rounded to float32.
inline ParsedFloat parse_float_by_double(const char* text, const char* end, Grammar grammar) {
  const bool is_negative = *text == '-';
  const char* begin = text + (is_negative ? 1 : 0);
  uint64_t digits = 0;
  const char* next = scan_digits(begin, digits);
  int64_t num_decimals = 0;
  const bool is_plain = next != begin && (*begin != '0' || next == begin + 1);
  if (*next == '.') {
    const char* fraction = next + 1;
    next = scan_many_digits(fraction, end, digits);
    num_decimals = next - fraction;
  }
  float value = 0;
  const bool is_usual = is_plain && next[-1] != '.' && (*next | 0x20) != 'e' &&
                        next - begin <= kMaxDigitsInUint64 + (num_decimals != 0 ? 1 : 0) &&
                        round_fast(digits, -num_decimals, value);
  if (!is_usual) [[unlikely]] {
    return parse_any_float(text, end, grammar);
  }
  const uint32_t sign = is_negative ? uint32_t{1} << 31 : 0;
  return {next, std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign), Fault::kNone};
}

}  // namespace pairloom::decimal
