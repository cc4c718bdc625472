// Collects the rows of a request: dense while all of them are, sparse from the first one that is.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pairloom/request_rows.h"

namespace pairloom {

class RequestRowCollector {
 public:
  // Width 0: rows of any width, all of them sparse.
  explicit RequestRowCollector(uint64_t feature_dim);

  // As many values as the width tells.
  void add_dense(std::span<const float> values);
  // Ascending ids below the width.
  void add_sparse(std::span<const int64_t> ids, std::span<const float> values);
  RequestRows finish();

 private:
  void make_sparse();
  void append_nonzeros(std::span<const float> values);
  void end_sparse_row();

  RequestRows rows_;
  bool any_width_;
};

}  // namespace pairloom
