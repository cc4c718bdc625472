#include "decimal_number.h"

#include <charconv>
#include <cmath>

namespace pairloom::decimal {

namespace {

Scanned scan(const char* text, const char* end, Grammar grammar) {
  const bool is_json = grammar == Grammar::kJson;
  Scanned number;
  number.is_negative = *text == '-';
  const char* next = text + (*text == '-' || (*text == '+' && !is_json) ? 1 : 0);
  number.begin = next;
  next = scan_many_digits(next, end, number.digits);
  number.num_digits = next - number.begin;
  if (is_json && (number.num_digits == 0 || (*number.begin == '0' && number.num_digits > 1))) {
    return number;
  }
  if (*next == '.') {
    const char* fraction = ++next;
    next = scan_many_digits(next, end, number.digits);
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

bool is_usual(const Scanned& number) {
  return significant_digits(number) <= kMaxDigitsInUint64 && number.exponent >= -kLargestPower &&
         number.exponent <= kLargestPower;
}

Fault round_slowly(const Scanned& number, float& value) {
  double nearest = 0;
  const auto result = std::from_chars(number.begin, number.end, nearest);
  if (result.ec == std::errc::result_out_of_range) {
    nearest = 0;
    const int64_t significant = significant_digits(number);
    if (significant != 0 && significant + number.exponent > 0) {
      return Fault::kTooLarge;
    }
  }
  value = static_cast<float>(nearest);
  return std::isinf(value) ? Fault::kTooLarge : Fault::kNone;
}

}  // namespace

ParsedFloat parse_any_float(const char* text, const char* end, Grammar grammar) {
  const Scanned number = scan(text, end, grammar);
  if (!number.is_number) {
    return {text, 0, Fault::kNoNumber};
  }
  float value = 0;
  Fault fault = Fault::kNone;
  if (!is_usual(number) || !round_fast(number.digits, number.exponent, value)) {
    fault = round_slowly(number, value);
  }
  return {number.end, number.is_negative ? -value : value, fault};
}

}  // namespace pairloom::decimal
