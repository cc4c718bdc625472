// Rows in few bytes, for files that later epochs read instead of the data: feature ids as
// differences, values left out where all are 1.0, labels of a classifier as bits. Little-endian.
#pragma once

#include <cstdint>
#include <span>

#include "pairloom/growing_array.h"
#include "pairloom/row_batch.h"

namespace pairloom {

// Appends rows that have labels and whose ids ascend; throws DataError for others.
void pack_rows(const RowBatch& rows, GrowingArray<uint8_t>& out);

// Rows in RowBatch's layout. Dense rows have values alone, num_rows x feature_dim.
struct UnpackedRows {
  uint64_t num_rows = 0;
  uint64_t feature_dim = 0;
  bool is_dense = false;
  bool has_wide_ids = false;
  GrowingArray<int64_t> row_offsets;
  GrowingArray<int32_t> narrow_ids;
  GrowingArray<int64_t> wide_ids;
  GrowingArray<float> values;  // empty when all are 1.0
  GrowingArray<float> labels;
  GrowingArray<float> weights;  // empty when all are 1
};

// Throws DataFormatError for bytes that pack_rows does not write. Ids ascend; whether they are
// below feature_dim, and numbers finite, is for find_fault to say.
UnpackedRows unpack_rows(std::span<const uint8_t> bytes);

}  // namespace pairloom
