#include "decimal_number.h"

#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace pairloom::decimal {

namespace {

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int64_t kLargestExactPower = 22;
constexpr int64_t kMaxDigitsInUint64 = 19;
constexpr int64_t kLargestExponent = 1'000'000'000;

// digits * 10^exponent; `digits` has wrapped when more than kMaxDigitsInUint64 are significant.
struct Scanned {
  const char* begin = nullptr;  // past the sign
  const char* end = nullptr;
  uint64_t digits = 0;
  int64_t num_digits = 0;
  int64_t exponent = 0;
  bool is_negative = false;
  bool is_number = false;
};

// Eight characters at once, the first in the lowest byte: neighbours are joined to numbers of
// two, four and eight digits.
constexpr bool are_eight_digits(uint64_t text) {
  constexpr uint64_t kHighHalves = 0xF0F0F0F0F0F0F0F0;
  constexpr uint64_t kZeros = 0x3030303030303030;
  constexpr uint64_t kSixes = 0x0606060606060606;  // carries what is above 9 into the upper half
  return (text & kHighHalves) == kZeros && ((text + kSixes) & kHighHalves) == kZeros;
}

constexpr uint64_t join_eight_digits(uint64_t text) {
  text &= 0x0F0F0F0F0F0F0F0F;
  text = (text * 10 + (text >> 8)) & 0x00FF00FF00FF00FF;
  text = (text * 100 + (text >> 16)) & 0x0000FFFF0000FFFF;
  return (text * 10000 + (text >> 32)) & 0x00000000FFFFFFFF;
}

inline const char* scan_digits(const char* next, const char* end, uint64_t& digits) {
  if constexpr (std::endian::native == std::endian::little) {
    while (end - next >= 8) {
      uint64_t text;
      std::memcpy(&text, next, sizeof(text));
      if (!are_eight_digits(text)) {
        break;
      }
      digits = digits * 100'000'000 + join_eight_digits(text);
      next += 8;
    }
  }
  while (is_digit(*next)) {
    digits = digits * 10 + static_cast<uint64_t>(*next++ - '0');
  }
  return next;
}

// Moves past an exponent; false when its digits are missing.
bool scan_exponent(const char*& next, int64_t& exponent) {
  ++next;
  const bool is_negative = *next == '-';
  next += is_negative || *next == '+' ? 1 : 0;
  if (!is_digit(*next)) {
    return false;
  }
  int64_t written = 0;
  for (; is_digit(*next); ++next) {
    written = written < kLargestExponent ? written * 10 + (*next - '0') : written;
  }
  exponent += is_negative ? -written : written;
  return true;
}

inline Scanned scan(const char* text, const char* end, Grammar grammar) {
  const bool is_json = grammar == Grammar::kJson;
  Scanned number;
  number.is_negative = *text == '-';
  const char* next = text + (*text == '-' || (*text == '+' && !is_json) ? 1 : 0);
  number.begin = next;
  next = scan_digits(next, end, number.digits);
  number.num_digits = next - number.begin;
  if (is_json && (number.num_digits == 0 || (*number.begin == '0' && number.num_digits > 1))) {
    return number;
  }
  if (*next == '.') {
    const char* fraction = ++next;
    next = scan_digits(next, end, number.digits);
    number.exponent = fraction - next;
    number.num_digits += next - fraction;
    if (is_json && next == fraction) {
      return number;
    }
  }
  number.is_number = number.num_digits != 0;
  if (number.is_number && (*next == 'e' || *next == 'E')) {
    number.is_number = scan_exponent(next, number.exponent);
  }
  number.end = next;
  return number;
}

int64_t significant_digits(const Scanned& number) {
  int64_t leading_zeros = 0;
  for (const char* next = number.begin; *next == '0' || *next == '.'; ++next) {
    leading_zeros += *next == '0' ? 1 : 0;
  }
  return number.num_digits - leading_zeros;
}

// Two roundings, of the digits and of the quotient or product, leave a double within three units
// of the nearest one. Both round to the same float unless they lie about halfway between two
// floats; false then, and where floats are subnormal or end.
inline bool round_fast(const Scanned& number, float& value) {
  const bool fits =
      number.num_digits <= kMaxDigitsInUint64 || significant_digits(number) <= kMaxDigitsInUint64;
  if (fits && number.digits == 0) {
    value = 0;
    return true;
  }
  if (!fits || number.exponent < -kLargestExactPower || number.exponent > kLargestExactPower) {
    return false;
  }
  const auto digits = static_cast<double>(number.digits);
  const double near = number.exponent < 0 ? digits / kPowersOfTen[-number.exponent]
                                          : digits * kPowersOfTen[number.exponent];
  constexpr uint64_t kDroppedBits = (uint64_t{1} << 29) - 1;
  constexpr uint64_t kHalf = uint64_t{1} << 28;
  constexpr uint64_t kMargin = 8;
  const uint64_t above = (std::bit_cast<uint64_t>(near) & kDroppedBits) + kMargin - kHalf;
  if (above <= 2 * kMargin || near > FLT_MAX / 2 || near < 2 * FLT_MIN) {
    return false;
  }
  value = static_cast<float>(near);
  return true;
}

Fault round_slowly(const Scanned& number, float& value) {
  double nearest = 0;
  const auto result = std::from_chars(number.begin, number.end, nearest);
  if (result.ec == std::errc::result_out_of_range) {
    nearest = 0;
    if (significant_digits(number) + number.exponent > 0) {
      return Fault::kTooLarge;
    }
  }
  value = static_cast<float>(nearest);
  return std::isinf(value) ? Fault::kTooLarge : Fault::kNone;
}

}  // namespace

ParsedFloat parse_float_by_double(const char* text, const char* end, Grammar grammar) {
  const Scanned number = scan(text, end, grammar);
  if (!number.is_number) [[unlikely]] {
    return {text, 0, Fault::kNoNumber};
  }
  float value = 0;
  Fault fault = Fault::kNone;
  if (!round_fast(number, value)) [[unlikely]] {
    fault = round_slowly(number, value);
  }
  return {number.end, number.is_negative ? -value : value, fault};
}

}  // namespace pairloom::decimal
