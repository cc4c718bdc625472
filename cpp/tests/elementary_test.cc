#include "elementary.h"

#include <doctest/doctest.h>

#include <cmath>

#include "pairloom/random.h"

namespace pairloom::testing {

namespace {

template <class T>
void check_exp_and_log1p(double tolerance) {
  for (int i = 0; i <= 20000; ++i) {
    const double x = -double(i) * 0.004;
    const Vec8<T> e = exp_of_negative<T>(broadcast<T>(T(x)));
    CHECK(double(e[0]) == doctest::Approx(std::exp(double(T(x)))).epsilon(tolerance));
    const double fraction = i / 20000.0;
    const Vec8<T> log1p = log1p_of_fraction<T>(broadcast<T>(T(fraction)));
    CHECK(double(log1p[7]) == doctest::Approx(std::log1p(double(T(fraction)))).epsilon(tolerance));
  }
}

}  // namespace

TEST_CASE("exp and log1p agree with the C library") {
  check_exp_and_log1p<float>(3e-7);
  check_exp_and_log1p<double>(2e-15);
}

TEST_CASE("natural_log agrees with the C library") {
  for (int i = 1; i < 2000; ++i) {
    const double x = 1e-12 * i * i * i;
    CHECK(natural_log(x) == doctest::Approx(std::log(x)).epsilon(1e-14));
  }
}

TEST_CASE("integer_power agrees with the C library") {
  for (const uint64_t exponent : {0, 1, 2, 3, 10, 1000, 123456}) {
    CHECK(integer_power(0.999, exponent) ==
          doctest::Approx(std::pow(0.999, double(exponent))).epsilon(1e-12));
  }
}

TEST_CASE("philox gives the known answers of its authors") {
  const auto zeros = philox(0, static_cast<RandomStream>(0), 0, 0);
  CHECK(zeros == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const auto ones =
      philox(~uint64_t{0}, static_cast<RandomStream>(0xffffffff), ~uint64_t{0}, 0xffffffff);
  CHECK(ones == std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("normal_from_bits inverts the normal distribution") {
  for (uint32_t i = 1; i < 1000; ++i) {
    const uint32_t bits = i * 4294967u;
    const double quantile = normal_from_bits(bits);
    const double probability = 0.5 * std::erfc(-quantile / std::sqrt(2.0));
    CHECK(probability == doctest::Approx(uniform_from_bits(bits)).epsilon(2e-6));
  }
  CHECK(std::isfinite(normal_from_bits(0)));
  CHECK(std::isfinite(normal_from_bits(~0u)));
}

TEST_CASE("shuffled_rows is a permutation that changes with seed and epoch") {
  const auto order = shuffled_rows(1, 0, 1000);
  std::vector<bool> seen(1000, false);
  for (const uint32_t row : order) {
    REQUIRE(row < 1000);
    CHECK_FALSE(seen[row]);
    seen[row] = true;
  }
  CHECK(order == shuffled_rows(1, 0, 1000));
  CHECK(order != shuffled_rows(1, 1, 1000));
  CHECK(order != shuffled_rows(2, 0, 1000));
}

}  // namespace pairloom::testing
