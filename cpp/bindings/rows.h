// RowBatch over NumPy arrays, which stay alive as long as it does.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <optional>
#include <variant>

#include "pairloom/row_batch.h"

namespace pairloom::bindings {

template <class T, class... Shape>
using ReadArray = nanobind::ndarray<const T, nanobind::c_contig, nanobind::device::cpu, Shape...>;
template <class T>
using ReadVector = ReadArray<T, nanobind::ndim<1>>;
using FloatVector = std::optional<ReadVector<float>>;

class Rows {
 public:
  static Rows dense(ReadArray<float, nanobind::ndim<2>> values, FloatVector labels,
                    FloatVector weights);
  static Rows sparse(int64_t feature_dim, ReadVector<int64_t> row_offsets,
                     std::variant<ReadVector<int32_t>, ReadVector<int64_t>> feature_ids,
                     FloatVector values, FloatVector labels, FloatVector weights);

  const RowBatch& batch() const { return batch_; }

 private:
  void take(FloatVector labels, FloatVector weights);

  RowBatch batch_;
  nanobind::list owners_;
};

}  // namespace pairloom::bindings
