#include "pairloom/csv_rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include "decimal_number.h"
#include "pairloom/error.h"
#include "printable.h"
#include "request_row_collector.h"

namespace pairloom {

namespace {

using decimal::Fault;

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

const char* skip_blanks(const char* next) {
  while (is_blank(*next)) {
    ++next;
  }
  return next;
}

// The field at `place`, for a message.
std::string shown_field(const char* place, const char* line_end) {
  constexpr ptrdiff_t kShownBytes = 40;
  const char* stop = std::find(place, line_end, ',');
  const bool is_long = stop - place > kShownBytes;
  const auto size = static_cast<size_t>(is_long ? kShownBytes : stop - place);
  return '"' + printable({place, size}) + (is_long ? "...\"" : "\"");
}

class CsvRowsReader {
 public:
  CsvRowsReader(std::string_view text, uint64_t feature_dim)
      : text_(text), feature_dim_(feature_dim), rows_(feature_dim) {}

  RequestRows read();

 private:
  void read_line(const char* begin, const char* end);
  const char* read_field(const char* next, const char* end);
  [[noreturn]] void fail(const std::string& complaint) const;

  std::string_view text_;
  uint64_t feature_dim_;
  RequestRowCollector rows_;
  std::vector<float> values_;
  size_t line_ = 0;
};

RequestRows CsvRowsReader::read() {
  const char* next = text_.data();
  const char* end = next + text_.size();
  while (next != end) {
    const char* line_end = std::find(next, end, '\n');
    ++line_;
    read_line(next, line_end);
    next = line_end == end ? end : line_end + 1;
  }
  RequestRows rows = rows_.finish();
  if (rows.num_rows == 0) {
    throw DataFormatError("the body has no line, expected a row on each");
  }
  return rows;
}

void CsvRowsReader::read_line(const char* begin, const char* end) {
  end -= end != begin && end[-1] == '\r' ? 1 : 0;
  if (skip_blanks(begin) == end) {
    return;
  }
  values_.clear();
  const char* next = read_field(begin, end);
  while (next != end) {
    next = read_field(next + 1, end);
  }
  if (feature_dim_ != 0 && values_.size() != feature_dim_) {
    fail(" has " + std::to_string(values_.size()) + " values, expected " +
         std::to_string(feature_dim_));
  }
  rows_.add_dense(values_);
}

const char* CsvRowsReader::read_field(const char* next, const char* end) {
  const char* place = next;
  const auto number =
      decimal::parse_float_by_double(skip_blanks(next), end, decimal::Grammar::kLenient);
  const char* past = number.fault == Fault::kNoNumber ? place : skip_blanks(number.end);
  if (number.fault != Fault::kNone || (past != end && *past != ',')) {
    fail(", column " + std::to_string(values_.size() + 1) + " is " + shown_field(place, end) +
         ", expected a " + (number.fault == Fault::kTooLarge ? "float32 number" : "number"));
  }
  values_.push_back(number.value);
  return past;
}

void CsvRowsReader::fail(const std::string& complaint) const {
  throw DataFormatError("line " + std::to_string(line_) + complaint);
}

}  // namespace

RequestRows read_csv_rows(std::string_view text, uint64_t feature_dim) {
  return CsvRowsReader(text, feature_dim).read();
}

}  // namespace pairloom
