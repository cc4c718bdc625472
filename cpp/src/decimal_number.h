// Decimal numbers as other programs round them: to the nearest double, and that to float32.
#pragma once

#include "decimal.h"

namespace pairloom::decimal {

// Which spellings beyond JSON's count as numbers.
enum class Grammar : uint8_t {
  kJson,
  kLenient,  // a plus sign, leading zeros, a point without digits on one side
};

// Reads the number at `text`, which `end` bounds; a character that is no part of a number must
// stand there. The value is the double nearest to the number, rounded to float32.
ParsedFloat parse_float_by_double(const char* text, const char* end, Grammar grammar);

}  // namespace pairloom::decimal
