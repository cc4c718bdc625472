// Decimal numbers in text: to the nearest float32, and back in the fewest digits.
#pragma once

#include <cstdint>

namespace pairloom::decimal {

enum class Fault : uint8_t { kNone, kNoNumber, kTooLarge };

struct ParsedFloat {
  const char* end;  // past the number
  float value;
  Fault fault;
};

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

// Reads [+-]digits[.digits][e[+-]digits], where digits may stand on either side of the point
// alone. The value is the float32 nearest to the decimal number, ties to even, without a detour
// over double; what is nearer to zero than to the smallest float32 becomes zero. Some byte that
// is no part of a number must follow the text.
ParsedFloat parse_float(const char* text);

}  // namespace pairloom::decimal
