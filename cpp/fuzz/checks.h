// What the fuzz targets have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "pairloom/growing_array.h"

namespace fuzz {

inline void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

template <typename T>
bool equal(const pairloom::GrowingArray<T>& left, const pairloom::GrowingArray<T>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

// Sparse rows: offsets of all entries, ids that ascend in each row and lie below the width.
template <typename Id>
void check_sparse_rows(uint64_t num_rows, uint64_t feature_dim,
                       const pairloom::GrowingArray<int64_t>& row_offsets,
                       const pairloom::GrowingArray<Id>& ids) {
  require(row_offsets.size() == num_rows + 1 && row_offsets[0] == 0);
  require(ids.size() == static_cast<size_t>(row_offsets[num_rows]));
  for (size_t row = 0; row < num_rows; ++row) {
    int64_t previous = -1;
    for (int64_t i = row_offsets[row]; i < row_offsets[row + 1]; ++i) {
      const int64_t id = ids[static_cast<size_t>(i)];
      require(id > previous && static_cast<uint64_t>(id) < feature_dim);
      previous = id;
    }
  }
}

}  // namespace fuzz
