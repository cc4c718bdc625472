// Rows of one matrix, borrowed from their owner and read-only: the C++ side of pairloom.batch.
#pragma once

#include <cstdint>
#include <string>

namespace pairloom {

struct RowBatch {
  int64_t num_rows = 0;
  int64_t feature_dim = 0;
  const int64_t* row_offsets = nullptr;  // num_rows + 1; absent when rows are dense
  const uint32_t* ids32 = nullptr;       // feature ids of sparse rows, in one of two widths
  const uint64_t* ids64 = nullptr;
  const float* values = nullptr;   // absent when all are 1.0; dense: num_rows x feature_dim
  const float* labels = nullptr;   // num_rows, or absent
  const float* weights = nullptr;  // num_rows, or absent when all are 1

  bool dense() const { return row_offsets == nullptr; }

  // Upper bound of the nonzeros of one row: dense rows may hold zeros.
  int64_t row_capacity(int64_t row) const {
    return dense() ? feature_dim : row_offsets[row + 1] - row_offsets[row];
  }
};

// What breaks the rules of a RowBatch first: offsets that do not ascend, a feature id at or beyond
// feature_dim, a value that is not finite, a negative weight. Empty when all is well.
std::string find_fault(const RowBatch& rows);

// Whether every stored value is 1.0: the values can then be left out.
bool all_ones(const float* values, int64_t count);

}  // namespace pairloom
