// libFuzzer target: any text is rows or a DataFormatError, and rows survive a round trip.
// The first byte chooses the options.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "checks.h"
#include "pairloom/error.h"
#include "pairloom/json_rows.h"

namespace {

using fuzz::equal;
using fuzz::require;
using pairloom::JsonRowsOptions;
using pairloom::RequestRows;

// The text is copied, so that the sanitizer sees a step past the null character behind it.
std::optional<RequestRows> read(const std::string& text, const JsonRowsOptions& options) {
  try {
    return pairloom::read_json_rows(text, options);
  } catch (const pairloom::DataFormatError& error) {
    require(*error.what() != '\0');
    return std::nullopt;
  }
}

void check_rows(const RequestRows& rows, const JsonRowsOptions& options) {
  require(rows.num_rows != 0);
  require(options.feature_dim == 0 ? !rows.is_dense : rows.feature_dim == options.feature_dim);
  for (const float value : rows.values) {
    require(std::isfinite(value));
  }
  if (rows.is_dense) {
    require(rows.values.size() == rows.num_rows * rows.feature_dim);
    return;
  }
  require(rows.feature_ids.size() == rows.values.size());
  fuzz::check_sparse_rows(rows.num_rows, rows.feature_dim, rows.row_offsets, rows.feature_ids);
}

std::string number(float value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof(text), static_cast<double>(value));
  return {text, written.ptr};
}

template <typename Array, typename Write>
std::string list(const Array& array, int64_t begin, int64_t end, const Write& write) {
  std::string text = "[";
  for (int64_t i = begin; i < end; ++i) {
    text += (i == begin ? "" : ",") + write(array[static_cast<size_t>(i)]);
  }
  return text + "]";
}

std::string body_of(const RequestRows& rows, bool lines) {
  std::string text = lines ? "" : "{\"instances\":[";
  for (size_t row = 0; row < rows.num_rows; ++row) {
    text += row == 0 ? "" : lines ? "\n" : ",";
    if (rows.is_dense) {
      const auto width = static_cast<int64_t>(rows.feature_dim);
      const auto begin = static_cast<int64_t>(row) * width;
      text += "{\"features\":" + list(rows.values, begin, begin + width, number) + "}";
      continue;
    }
    const int64_t begin = rows.row_offsets[row];
    const int64_t end = rows.row_offsets[row + 1];
    const auto id = [](int64_t value) { return std::to_string(value); };
    text += "{\"data\":{\"features\":{\"keys\":" + list(rows.feature_ids, begin, end, id) +
            ",\"values\":" + list(rows.values, begin, end, number) + "}}}";
  }
  return text + (lines ? "" : "]}");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  const JsonRowsOptions options{(data[0] & 1) != 0 ? uint64_t{3} : 0, (data[0] & 2) != 0};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::optional<RequestRows> rows = read(text, options);
  if (rows) {
    check_rows(*rows, options);
    const std::optional<RequestRows> again = read(body_of(*rows, options.lines), options);
    require(again && again->num_rows == rows->num_rows && again->is_dense == rows->is_dense);
    require(equal(again->row_offsets, rows->row_offsets));
    require(equal(again->feature_ids, rows->feature_ids) && equal(again->values, rows->values));
  }
  return 0;
}
