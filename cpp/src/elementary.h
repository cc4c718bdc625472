// exp, log and log1p of our own: libm's differ between machines, and these use only operations that
// IEEE 754 rounds exactly. Internal linkage, like vec8.h.
#pragma once

#include "vec8.h"

namespace pairloom {

template <class T>
struct ExpConstants;

template <>
struct ExpConstants<float> {
  static constexpr float kLimit = 87.0f;
  static constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  static constexpr int kMantissaBits = 23, kTaylorTerms = 7, kLog1pTerms = 8;
};

template <>
struct ExpConstants<double> {
  static constexpr double kLimit = 708.0;
  static constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double kLn2High = 6.93147180369123816490e-01,
                          kLn2Low = 1.90821492927058770002e-10;
  static constexpr int kMantissaBits = 52, kTaylorTerms = 14, kLog1pTerms = 18;
};

// exp(x) for -kLimit <= x <= 0, from below clamped to the limit.
template <class T>
PAIRLOOM_INLINE Vec8<T> exp_of_negative(Vec8<T> x) {
  using Constants = ExpConstants<T>;
  using Integers = typename LaneTypes<T>::Integers;
  x = larger<T>(x, broadcast<T>(-Constants::kLimit));
  const Vec8<T> round = broadcast<T>(Constants::kRound);
  const Vec8<T> shifted = x * T(1.44269504088896340736) + round;
  const Vec8<T> n = shifted - round;
  const Vec8<T> r = (x - n * Constants::kLn2High) - n * Constants::kLn2Low;
  Vec8<T> sum = broadcast<T>(T(1));
  for (int term = Constants::kTaylorTerms; term >= 1; --term) {
    sum = T(1) + (r * (T(1) / T(term))) * sum;
  }
  // The low bits of `shifted` hold n: moved to the exponent's place they multiply by 2^n.
  Integers bits, scaled;
  std::memcpy(&bits, &shifted, sizeof(bits));
  std::memcpy(&scaled, &sum, sizeof(scaled));
  scaled += bits << Constants::kMantissaBits;
  std::memcpy(&sum, &scaled, sizeof(sum));
  return sum;
}

// log(1 + e) for 0 <= e <= 1: 2 atanh(t) with t = e / (2 + e), at most 1/3.
template <class T>
PAIRLOOM_INLINE Vec8<T> log1p_of_fraction(Vec8<T> e) {
  const Vec8<T> t = e / (T(2) + e);
  const Vec8<T> t2 = t * t;
  Vec8<T> series = broadcast<T>(T(0));
  for (int term = ExpConstants<T>::kLog1pTerms; term >= 0; --term) {
    series = T(1) / T(2 * term + 1) + t2 * series;
  }
  return T(2) * t * series;
}

// log(x) of a positive, normal x: exponent and mantissa apart, the mantissa in [2^-1/2, 2^1/2).
PAIRLOOM_INLINE double natural_log(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0xFFFFFFFFFFFFFull) | (uint64_t{1023} << 52);
  double mantissa;
  std::memcpy(&mantissa, &bits, sizeof(mantissa));
  if (mantissa > 1.41421356237309504880) {
    mantissa *= 0.5;
    exponent += 1;
  }
  const double t = (mantissa - 1.0) / (mantissa + 1.0);
  const double t2 = t * t;
  double series = 0.0;
  for (int term = 12; term >= 0; --term) {
    series = 1.0 / (2 * term + 1) + t2 * series;
  }
  return exponent * 0.69314718055994530942 + 2.0 * t * series;
}

PAIRLOOM_INLINE double integer_power(double base, uint64_t exponent) {
  double power = 1.0;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) {
      power *= base;
    }
    base *= base;
  }
  return power;
}

}  // namespace pairloom
