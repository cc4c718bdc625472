// Rows of one request's body, whatever text they came from.
#pragma once

#include <cstdint>

#include "pairloom/growing_array.h"

namespace pairloom {

// In RowBatch's layout: dense rows have values alone, num_rows x feature_dim.
struct RequestRows {
  uint64_t num_rows = 0;
  uint64_t feature_dim = 0;
  bool is_dense = true;
  GrowingArray<int64_t> row_offsets;
  GrowingArray<int64_t> feature_ids;
  GrowingArray<float> values;
};

}  // namespace pairloom
