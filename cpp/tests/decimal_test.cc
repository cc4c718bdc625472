#include "decimal.h"

#include <doctest/doctest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace pairloom::decimal {

namespace {

// glibc's strtof rounds correctly.
void check_like_strtof(const std::string& text) {
  CAPTURE(text);
  char* end = nullptr;
  const float expected = std::strtof(text.c_str(), &end);
  const ParsedFloat parsed = parse_float(text.c_str());
  if (expected > FLT_MAX || expected < -FLT_MAX) {
    CHECK(parsed.fault == Fault::kTooLarge);
    return;
  }
  CHECK(parsed.fault == Fault::kNone);
  CHECK(parsed.end == end);
  CHECK(std::bit_cast<uint32_t>(parsed.value) == std::bit_cast<uint32_t>(expected));
}

uint64_t next_random(uint64_t& state) {  // splitmix64
  uint64_t mixed = state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

}  // namespace

TEST_CASE("numbers are the nearest float32") {
  for (const char* text :
       {"0",
        "-0",
        "1",
        "+1",
        "-1",
        ".5",
        "5.",
        "1e5",
        "1E+5",
        "1e-5",
        "0.1",
        "3.4028235e38",
        "3.4028235677973366e38",
        "3.4028234e38",
        "-3.5e38",
        "1e39",
        "1e400",
        "1e-400",
        "-1e-60",
        "1e-45",
        "7e-46",
        "7.1e-46",
        "1.17549435e-38",
        "1.1754943e-38",
        "16777217",
        "16777217.0001",
        "16777219",
        "9007199791611905",
        "9007199791611904.9999999",
        "0.000000000000000000000001",
        "123456789012345678901234567890",
        "0e99999999999999",
        "1e-99999999999999",
        "0.00000000000000000000000000000000000000000000000000000000000000000001e68",
        "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448",
        "1.00000005960464477539062500000000000000000001",
        "1.000000059604644775390625"}) {
    check_like_strtof(text);
  }
}

TEST_CASE("random numbers of every length are the nearest float32") {
  uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    std::string text = std::to_string(next_random(state) >> next_random(state) % 64);
    if (const size_t point = next_random(state) % (text.size() + 4); point < text.size()) {
      text.insert(text.begin() + static_cast<ptrdiff_t>(point), '.');
    }
    if (next_random(state) % 2 == 0) {
      text += 'e';
      text += std::to_string(static_cast<int>(next_random(state) % 100) - 50);
    }
    check_like_strtof(text);
  }
}

TEST_CASE("numbers halfway between two floats, and just beside, go to the nearest") {
  uint64_t state = 2;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t significand = (next_random(state) >> 40) | uint64_t{1} << 24;
    const uint64_t halfway = (significand * 2 + 1) << next_random(state) % 8;
    const std::string text = std::to_string(halfway);
    for (const char* tail : {"", ".0", ".000000000000000000000000000001", ".5"}) {
      check_like_strtof(text + tail);
    }
    check_like_strtof(std::to_string(halfway - 1) + ".99999999999999999999999999");
  }
}

TEST_CASE("short numbers that round to a double halfway between two floats go to the nearest") {
  uint64_t state = 3;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t halfway = (next_random(state) >> 41) * 2 + 1;  // of 2^24 steps from 1 to 2
    char text[32];
    std::snprintf(text, sizeof(text), "%.15f", 1 + std::ldexp(static_cast<double>(halfway), -24));
    check_like_strtof(text);
  }
}

TEST_CASE("what is no number is none") {
  for (const char* text : {"", "-", ".", "-.", "e5", ".e5", "1e", "1e+", "nan", "inf", "x"}) {
    CAPTURE(text);
    CHECK(parse_float(text).fault == Fault::kNoNumber);
  }
}

}  // namespace pairloom::decimal
