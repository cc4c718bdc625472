#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string>
#include <type_traits>

#include "pairloom/error.h"
#include "pairloom/libsvm.h"

namespace pairloom {

namespace {

constexpr size_t kMostBytesOfANumber = 32;  // shortest forms; a double takes 24

template <typename T>
char* write_number(char* next, T number) {
  if (number == 1) {  // most values of one-hot rows
    *next = '1';
    return next + 1;
  }
  return std::to_chars(next, next + kMostBytesOfANumber, number).ptr;
}

template <typename T>
bool is_finite(T number) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(number);
  }
  return true;
}

// Calls `visit` with the number at `index`, as its own type.
template <typename Visit>
void visit_number(const SourceNumbers& numbers, uint64_t index, const Visit& visit) {
  switch (numbers.type) {
    case NumberType::kFloat32:
      return visit(static_cast<const float*>(numbers.data)[index]);
    case NumberType::kFloat64:
      return visit(static_cast<const double*>(numbers.data)[index]);
    case NumberType::kInt64:
      break;
  }
  visit(static_cast<const int64_t*>(numbers.data)[index]);
}

void append_entry(uint64_t column, bool zero_based, const SourceNumbers& values, uint64_t index,
                  std::vector<uint8_t>& out) {
  char text[2 * kMostBytesOfANumber + 2];
  char* next = text;
  *next++ = ' ';
  next = write_number(next, column + (zero_based ? 0 : 1));
  *next++ = ':';
  visit_number(values, index, [&](auto value) {
    if (!is_finite(value)) {
      throw DataError("value " + std::to_string(value) + " at column " + std::to_string(column) +
                      "; expected finite numbers");
    }
    next = write_number(next, value);
  });
  out.insert(out.end(), text, next);
}

void append_label(const SourceMatrix& matrix, uint64_t row, std::vector<uint8_t>& out) {
  if (matrix.labels.data == nullptr) {
    throw DataError("no label; expected one for each row, which libsvm text needs");
  }
  char text[kMostBytesOfANumber];
  visit_number(matrix.labels, row, [&](auto label) {
    if (!is_finite(label)) {
      throw DataError("label " + std::to_string(label) + "; expected finite numbers");
    }
    out.insert(out.end(), text, write_number(text, label));
  });
}

void append_dense(const SourceMatrix& matrix, uint64_t row, bool zero_based,
                  std::vector<uint8_t>& out) {
  for (uint64_t column = 0; column < matrix.feature_dim; ++column) {
    const uint64_t index = row * matrix.feature_dim + column;
    bool is_zero = false;
    visit_number(matrix.values, index, [&](auto value) { is_zero = value == 0; });
    if (!is_zero) {
      append_entry(column, zero_based, matrix.values, index, out);
    }
  }
}

// The places of a row's entries, by ascending id, as readers want them.
std::vector<uint64_t> ascending_places(const SourceIds& ids, const SourceRow& row) {
  std::vector<uint64_t> places(static_cast<size_t>(row.count));
  std::iota(places.begin(), places.end(), row.begin);
  const auto by_id = [&](uint64_t left, uint64_t right) { return ids[left] < ids[right]; };
  if (!std::is_sorted(places.begin(), places.end(), by_id)) {
    std::sort(places.begin(), places.end(), by_id);
  }
  return places;
}

void append_sparse(const SourceMatrix& matrix, uint64_t row, bool zero_based,
                   std::vector<uint8_t>& out) {
  const SourceRow entries = sparse_row(matrix, row);
  check_ids(matrix, entries);
  for (const uint64_t place : ascending_places(matrix.feature_ids, entries)) {
    const auto column = static_cast<uint64_t>(matrix.feature_ids[place]);
    append_entry(column, zero_based, matrix.values, place, out);
  }
}

void append_line(const SourceMatrix& matrix, bool zero_based, uint64_t row,
                 std::vector<uint8_t>& out) {
  append_label(matrix, row, out);
  if (matrix.row_offsets.empty()) {
    append_dense(matrix, row, zero_based, out);
  } else {
    append_sparse(matrix, row, zero_based, out);
  }
  out.push_back('\n');
}

}  // namespace

uint64_t encode_libsvm(const SourceMatrix& matrix, bool zero_based, uint64_t begin_row,
                       size_t block_bytes, std::vector<uint8_t>& out) {
  uint64_t row = begin_row;
  while (row < matrix.num_rows && out.size() < block_bytes) {
    try {
      append_line(matrix, zero_based, row, out);
    } catch (const DataError& error) {
      throw DataError("row " + std::to_string(row) + ": " + error.what());
    }
    ++row;
  }
  return row;
}

}  // namespace pairloom
