// A matrix to be written to a file, borrowed from its owner.
#pragma once

#include <cstdint>
#include <span>

namespace pairloom {

// The number types that files are written from without loss; recordio's int64 must fit int32.
enum class NumberType : uint8_t { kFloat32, kFloat64, kInt64 };

struct SourceNumbers {
  NumberType type = NumberType::kFloat32;
  const void* data = nullptr;
  uint64_t size = 0;
};

struct SourceIds {
  bool is_int64 = false;
  const void* data = nullptr;
  uint64_t size = 0;

  int64_t operator[](uint64_t index) const {
    return is_int64 ? static_cast<const int64_t*>(data)[index]
                    : static_cast<const int32_t*>(data)[index];
  }
};

// Dense, row by row, when row_offsets is empty.
struct SourceMatrix {
  uint64_t num_rows = 0;
  uint64_t feature_dim = 0;
  SourceNumbers values;
  std::span<const int64_t> row_offsets;
  SourceIds feature_ids;
  SourceNumbers labels;            // no data: no labels
  std::span<const float> weights;  // empty: no weights
};

// Where a sparse row's values stand.
struct SourceRow {
  uint64_t begin = 0;
  uint64_t count = 0;
};

// Throws DataError when the row's offsets do not ascend within the matrix.
SourceRow sparse_row(const SourceMatrix& matrix, uint64_t row);

// Throws DataError unless the row's ids lie below feature_dim, each once.
void check_ids(const SourceMatrix& matrix, const SourceRow& row);

}  // namespace pairloom
