#include "pairloom/row_batch.h"

#include <cmath>

namespace pairloom {

namespace {

std::string number(float value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  return std::isinf(value) ? (value > 0 ? "inf" : "-inf") : std::to_string(value);
}

bool all_finite(const float* values, int64_t count) {
  float zeros = 0.0f;
  for (int64_t i = 0; i < count; ++i) {
    zeros += values[i] * 0.0f;
  }
  return zeros == 0.0f;
}

// The row of a stored entry of sparse rows, or of a value of dense rows.
int64_t row_of(const RowBatch& rows, int64_t entry) {
  if (rows.dense()) {
    return entry / rows.feature_dim;
  }
  int64_t row = 0;
  while (rows.row_offsets[row + 1] <= entry) {
    ++row;
  }
  return row;
}

template <class Id>
std::string find_id_fault(const RowBatch& rows, const Id* ids) {
  const auto limit = static_cast<uint64_t>(rows.feature_dim);
  const int64_t begin = rows.row_offsets[0], end = rows.row_offsets[rows.num_rows];
  bool inside = true;
  for (int64_t i = begin; i < end; ++i) {
    inside &= ids[i] < limit;
  }
  for (int64_t i = begin; !inside && i < end; ++i) {
    if (ids[i] >= limit) {
      const auto id =
          sizeof(Id) == 4 ? int64_t{static_cast<int32_t>(ids[i])} : static_cast<int64_t>(ids[i]);
      return "row " + std::to_string(row_of(rows, i)) + " holds feature id " + std::to_string(id) +
             "; ids must be from 0 to feature_dim - 1 = " + std::to_string(rows.feature_dim - 1);
    }
  }
  return {};
}

std::string find_offset_fault(const RowBatch& rows) {
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (rows.row_offsets[row] > rows.row_offsets[row + 1]) {
      return "row_offsets must ascend, but row " + std::to_string(row) + " ends at " +
             std::to_string(rows.row_offsets[row + 1]) + " and begins at " +
             std::to_string(rows.row_offsets[row]);
    }
  }
  return {};
}

std::string find_value_fault(const RowBatch& rows) {
  const int64_t begin = rows.dense() ? 0 : rows.row_offsets[0];
  const int64_t end =
      rows.dense() ? rows.num_rows * rows.feature_dim : rows.row_offsets[rows.num_rows];
  if (rows.values == nullptr || all_finite(rows.values + begin, end - begin)) {
    return {};
  }
  int64_t at = begin;
  while (std::isfinite(rows.values[at])) {
    ++at;
  }
  return "row " + std::to_string(row_of(rows, at)) + " holds the value " + number(rows.values[at]) +
         "; values must be finite";
}

std::string find_row_fault(const RowBatch& rows) {
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (rows.labels != nullptr && !std::isfinite(rows.labels[row])) {
      return "row " + std::to_string(row) + " has the label " + number(rows.labels[row]) +
             "; labels must be finite";
    }
    if (rows.weights != nullptr && (!std::isfinite(rows.weights[row]) || rows.weights[row] < 0)) {
      return "row " + std::to_string(row) + " has the weight " + number(rows.weights[row]) +
             "; weights must be finite and not negative";
    }
  }
  return {};
}

}  // namespace

std::string find_fault(const RowBatch& rows) {
  std::string fault;
  if (!rows.dense()) {
    fault = find_offset_fault(rows);
    if (fault.empty()) {
      fault =
          rows.ids32 != nullptr ? find_id_fault(rows, rows.ids32) : find_id_fault(rows, rows.ids64);
    }
  }
  if (fault.empty()) {
    fault = find_value_fault(rows);
  }
  return fault.empty() ? find_row_fault(rows) : fault;
}

bool all_ones(const float* values, int64_t count) {
  bool ones = true;
  for (int64_t i = 0; i < count; ++i) {
    ones &= values[i] == 1.0f;
  }
  return ones;
}

}  // namespace pairloom
