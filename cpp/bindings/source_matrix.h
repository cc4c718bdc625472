// A matrix to be written, over NumPy arrays that stay alive as long as it does.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pairloom/source_matrix.h"

namespace pairloom::bindings {

using NumberArray = nanobind::ndarray<nanobind::ro, nanobind::c_contig, nanobind::device::cpu>;
using OffsetArray =
    nanobind::ndarray<const int64_t, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;
using WeightArray =
    nanobind::ndarray<const float, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

class MatrixArrays {
 public:
  MatrixArrays(uint64_t feature_dim, const NumberArray& values,
               const std::optional<OffsetArray>& row_offsets,
               const std::optional<NumberArray>& feature_ids,
               const std::optional<NumberArray>& labels, const std::optional<WeightArray>& weights);

  const SourceMatrix& matrix() const { return matrix_; }

 private:
  NumberArray values_;
  std::optional<OffsetArray> row_offsets_;
  std::optional<NumberArray> feature_ids_;
  std::optional<NumberArray> labels_;
  std::optional<WeightArray> weights_;
  SourceMatrix matrix_;
};

// Bytes as a memoryview that owns them.
nanobind::object to_memoryview(std::unique_ptr<std::vector<uint8_t>> bytes);

// Runs `encode`, which appends to a block and returns the next row, without the GIL.
template <typename Encode>
nanobind::object encode_block(size_t block_bytes, const Encode& encode) {
  auto block = std::make_unique<std::vector<uint8_t>>();
  uint64_t next_row = 0;
  {
    nanobind::gil_scoped_release release;
    block->reserve(block_bytes + block_bytes / 4);
    next_row = encode(*block);
  }
  return nanobind::make_tuple(next_row, to_memoryview(std::move(block)));
}

}  // namespace pairloom::bindings
