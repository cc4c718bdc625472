// The parts of a decimal number in text, and the powers that its point stands for.
#pragma once

#include <cstdint>

#include "decimal.h"

namespace pairloom::decimal {

// The doubles nearest to 10^-22 to 10^22.
constexpr double kPowersOfTen[] = {1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14,
                                   1e-13, 1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,  1e-6,  1e-5,
                                   1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,   1e2,   1e3,   1e4,
                                   1e5,   1e6,   1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,
                                   1e14,  1e15,  1e16,  1e17,  1e18,  1e19,  1e20,  1e21,  1e22};
constexpr int64_t kLargestPower = 22;
constexpr int64_t kMaxDigitsInUint64 = 19;
constexpr int64_t kLargestWrittenExponent = 1'000'000'000;

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

inline const char* scan_digits(const char* next, uint64_t& digits) {
  while (is_digit(*next)) {
    digits = digits * 10 + static_cast<uint64_t>(*next++ - '0');
  }
  return next;
}

// Moves past an exponent; false when its digits are missing.
inline bool scan_exponent(const char*& next, int64_t& exponent) {
  ++next;
  const bool is_negative = *next == '-';
  next += is_negative || *next == '+' ? 1 : 0;
  if (!is_digit(*next)) {
    return false;
  }
  int64_t written = 0;
  for (; is_digit(*next); ++next) {
    written = written < kLargestWrittenExponent ? written * 10 + (*next - '0') : written;
  }
  exponent += is_negative ? -written : written;
  return true;
}

}  // namespace pairloom::decimal
