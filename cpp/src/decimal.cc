#include "decimal.h"

#include <bit>
#include <cfloat>
#include <charconv>

namespace pairloom::decimal {

namespace {

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int64_t kLargestExactPower = 22;
constexpr uint64_t kLargestExactInteger = uint64_t{1} << 53;
constexpr int64_t kMaxDigitsInUint64 = 19;
constexpr int64_t kLargestExponent = 1'000'000'000;

// digits * 10^exponent; `digits` has wrapped when there are more than kMaxDigitsInUint64.
struct Scanned {
  const char* begin;  // past the sign
  const char* end;
  uint64_t digits = 0;
  int64_t num_digits = 0;
  int64_t exponent = 0;
  bool is_negative = false;
  bool is_number = false;
};

const char* scan_digits(const char* next, uint64_t& digits) {
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
      number.exponent < -kLargestExactPower || number.exponent > kLargestExactPower) {
    return false;
  }
  const auto digits = static_cast<double>(number.digits);
  const double nearest = number.exponent < 0 ? digits / kPowersOfTen[-number.exponent]
                                             : digits * kPowersOfTen[number.exponent];
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
