#include "decimal.h"

#include <bit>
#include <cfloat>
#include <charconv>

#include "decimal_scan.h"

namespace pairloom::decimal {

namespace {

constexpr uint64_t kLargestExactInteger = uint64_t{1} << 53;

Scanned scan(const char* text) {
  Scanned number;
  number.is_negative = *text == '-';
  const char* next = text + (*text == '-' || *text == '+' ? 1 : 0);
  number.begin = next;
  next = scan_digits(next, number.digits);
  number.num_digits = next - number.begin;
  if (*next == '.') {
    const char* fraction = ++next;
    next = scan_digits(next, number.digits);
    number.exponent = fraction - next;
    number.num_digits += next - fraction;
  }
  number.is_number = number.num_digits != 0;
  if (number.is_number && (*next == 'e' || *next == 'E')) {
    number.is_number = scan_exponent(next, number.exponent);
  }
  number.end = next;
  return number;
}

// The quotient or product of two exact doubles is the double nearest to the number. It rounds to
// the float nearest to the number too, unless it lies just between two floats, where the first
// rounding may have hidden on which side the number was. Returns false then, and where floats
// are subnormal or end.
bool round_twice(const Scanned& number, float& value) {
  if (number.num_digits > kMaxDigitsInUint64 || number.digits > kLargestExactInteger ||
      number.exponent < -kLargestPower || number.exponent > kLargestPower) {
    return false;
  }
  const auto digits = static_cast<double>(number.digits);
  const double nearest = number.exponent < 0
                             ? digits / kPowersOfTen[kLargestPower - number.exponent]
                             : digits * kPowersOfTen[kLargestPower + number.exponent];
  constexpr uint64_t kDroppedBits = (uint64_t{1} << 29) - 1;
  constexpr uint64_t kHalf = uint64_t{1} << 28;
  const bool is_between = (std::bit_cast<uint64_t>(nearest) & kDroppedBits) == kHalf;
  if (is_between || nearest > FLT_MAX || (nearest < FLT_MIN && number.digits != 0)) {
    return false;
  }
  value = static_cast<float>(nearest);
  return true;
}

// Digits left of the point when the number is written as 0.d1d2... * 10^magnitude, d1 not zero.
int64_t magnitude(const Scanned& number) {
  int64_t leading_zeros = 0;
  for (const char* next = number.begin; *next == '0' || *next == '.'; ++next) {
    leading_zeros += *next == '0' ? 1 : 0;
  }
  return number.num_digits - leading_zeros + number.exponent;
}

}  // namespace

ParsedFloat parse_float(const char* text) {
  const Scanned number = scan(text);
  if (!number.is_number) {
    return {number.end, 0, Fault::kNoNumber};
  }
  float value = 0;
  if (!round_twice(number, value)) {
    const auto result = std::from_chars(number.begin, number.end, value);
    if (result.ec == std::errc::result_out_of_range) {
      if (magnitude(number) > 0) {
        return {number.end, 0, Fault::kTooLarge};
      }
      value = 0;
    }
  }
  return {number.end, number.is_negative ? -value : value, Fault::kNone};
}

}  // namespace pairloom::decimal
