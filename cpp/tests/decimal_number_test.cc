#include "decimal_number.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace pairloom::decimal {

namespace {

ParsedFloat parse(const std::string& text, Grammar grammar = Grammar::kJson) {
  return parse_float_by_double(text.data(), text.data() + text.size(), grammar);
}

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

void check_as_strtod(const std::string& text) {
  const ParsedFloat number = parse(text);
  CAPTURE(text);
  const auto expected = static_cast<float>(std::strtod(text.c_str(), nullptr));
  REQUIRE(number.fault == (std::isinf(expected) ? Fault::kTooLarge : Fault::kNone));
  REQUIRE(number.end == text.data() + text.size());
  if (number.fault == Fault::kNone) {
    REQUIRE(bits(number.value) == bits(expected));
  }
}

}  // namespace

TEST_CASE("numbers round to double and then to float32") {
  for (const char* text : {"0",
                           "-0",
                           "0.0",
                           "1",
                           "-1.5",
                           "123456789",
                           "0.1",
                           "1e5",
                           "1E-5",
                           "2e+3",
                           "16777217",
                           "16777219",
                           "0.32941177487373352",
                           "-3.8316574096679688",
                           "1e-45",
                           "7e-46",
                           "1e-400",
                           "0e999",
                           "-0.0e-999",
                           "3.4028235e38",
                           "3.4028235677973366e38",
                           "3.402823567797336e38",
                           "1e39",
                           "1e999",
                           "1.00000005960464477539062500001",
                           "1.000000059604644775390625",
                           "123456789012345678901234567890",
                           "0.00000000000000000000000000001234",
                           "1.17549435e-38",
                           "1.1754942e-38",
                           "18446744073709551616e-10"}) {
    check_as_strtod(text);
  }
  check_as_strtod("0." + std::string(400, '0') + "1");
  check_as_strtod("1" + std::string(400, '0'));
  check_as_strtod("1" + std::string(400, '0') + "e-400");
}

TEST_CASE("random numbers of any spelling round as strtod rounds them") {
  std::mt19937_64 random(7);
  const auto digits = [&](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text += static_cast<char>('0' + random() % 10);
    }
    return text;
  };
  for (int i = 0; i < 5000; ++i) {
    std::string text = std::to_string(static_cast<int>(random() % 2000) - 1000);
    if (random() % 4 != 0) {
      text.append(".").append(digits(1 + random() % 24));
    }
    if (random() % 4 == 0) {
      text.append("e").append(std::to_string(static_cast<int>(random() % 120) - 60));
    }
    check_as_strtod(text);
  }
}

TEST_CASE("numbers halfway between two floats round as their doubles do") {
  std::mt19937 random(8);
  for (int i = 0; i < 5000; ++i) {
    const float low = std::bit_cast<float>(static_cast<uint32_t>(random() % 0x7f000000u));
    const double between =
        (static_cast<double>(low) + static_cast<double>(std::nextafter(low, 1e38f))) / 2;
    for (const int digits : {9, 16, 17, 18}) {
      char text[40];
      std::snprintf(text, sizeof(text), "%.*e", digits, between);
      check_as_strtod(text);
    }
  }
}

TEST_CASE("JSON's grammar is narrower than others") {
  for (const char* text :
       {"01", "1.", ".5", "+1", "-", "", "1e", "1e+", "-.5", "00", "NaN", "inf"}) {
    CAPTURE(text);
    const ParsedFloat number = parse(text);
    CHECK((number.fault == Fault::kNoNumber || *number.end != '\0'));
  }
  for (const char* text : {"01", "1.", ".5", "+1", "-.5"}) {
    CAPTURE(text);
    CHECK(parse(text, Grammar::kLenient).value == static_cast<float>(std::atof(text)));
    CHECK(*parse(text, Grammar::kLenient).end == '\0');
  }
}

}  // namespace pairloom::decimal
