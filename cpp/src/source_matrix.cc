#include "pairloom/source_matrix.h"

#include <algorithm>
#include <string>
#include <vector>

#include "pairloom/error.h"

namespace pairloom {

namespace {

void check_distinct(const SourceIds& ids, const SourceRow& row) {
  std::vector<int64_t> sorted;
  for (uint64_t i = 0; i < row.count; ++i) {
    sorted.push_back(ids[row.begin + i]);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    throw DataError("feature id " + std::to_string(*twice) +
                    " twice; expected distinct ids (sum_duplicates() makes them so)");
  }
}

}  // namespace

SourceRow sparse_row(const SourceMatrix& matrix, uint64_t row) {
  const int64_t begin = matrix.row_offsets[row];
  const int64_t end = matrix.row_offsets[row + 1];
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > matrix.values.size ||
      static_cast<uint64_t>(end) > matrix.feature_ids.size) {
    throw DataError("row offsets " + std::to_string(begin) + " and " + std::to_string(end) +
                    "; expected ascending offsets up to " + std::to_string(matrix.values.size));
  }
  return {static_cast<uint64_t>(begin), static_cast<uint64_t>(end - begin)};
}

void check_ids(const SourceMatrix& matrix, const SourceRow& row) {
  int64_t previous = -1;
  bool is_ascending = true;
  for (uint64_t i = 0; i < row.count; ++i) {
    const int64_t id = matrix.feature_ids[row.begin + i];
    if (id < 0 || static_cast<uint64_t>(id) >= matrix.feature_dim) {
      throw DataError("feature id " + std::to_string(id) + "; expected 0 to " +
                      std::to_string(matrix.feature_dim - 1));
    }
    is_ascending &= id > previous;
    previous = id;
  }
  if (!is_ascending) {
    check_distinct(matrix.feature_ids, row);
  }
}

}  // namespace pairloom
