// Gradients of chunks as arrays, for the class that owns a trainer.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "entry_rows.h"
#include "pairloom/trainer.h"
#include "rows.h"

namespace pairloom::bindings {

template <class T>
nanobind::object copied(const std::vector<T>& values, std::initializer_list<size_t> shape) {
  GrowingArray<T> array;
  array.append(values.data(), values.size());
  return to_numpy(std::move(array), shape);
}

inline nanobind::tuple gradient_arrays(const RowGradient<float>& gradient, size_t num_factors) {
  const size_t size = gradient.features.size();
  const nanobind::object squares =
      gradient.squares.empty() ? nanobind::none() : copied(gradient.squares, {size});
  return nanobind::make_tuple(copied(gradient.features, {size}), copied(gradient.linear, {size}),
                              copied(gradient.factors, {size, num_factors}), squares, gradient.bias,
                              gradient.metrics, gradient.finite);
}

using GradientPart =
    std::tuple<ReadVector<int64_t>, ReadVector<float>, ReadArray<float, nanobind::ndim<2>>,
               std::optional<ReadVector<float>>, float, MetricSums>;

inline RowGradient<float> checked_gradient(const GradientPart& part,
                                           const Trainer<float>& trainer) {
  const auto& [features, linear, factors, squares, bias, metrics] = part;
  const auto checked = checked_ascending(features, trainer.features());
  const size_t size = checked.size();
  const auto num_factors = static_cast<size_t>(trainer.table().layout().num_factors);
  if (linear.shape(0) != size || factors.shape(0) != size || factors.shape(1) != num_factors ||
      (squares && squares->shape(0) != size)) {
    throw std::invalid_argument("expected the gradient of " + std::to_string(size) +
                                " features, of factors with " + std::to_string(num_factors) +
                                " values");
  }
  RowGradient<float> gradient;
  gradient.features.assign(checked.begin(), checked.end());
  gradient.linear.assign(linear.data(), linear.data() + size);
  gradient.factors.assign(factors.data(), factors.data() + size * num_factors);
  if (squares) {
    gradient.squares.assign(squares->data(), squares->data() + size);
  }
  gradient.bias = bias;
  gradient.metrics = metrics;
  return gradient;
}

// At least as many chunks as asked for; as many as one process would have, if those are more.
inline std::vector<int64_t> chunk_bounds(uint32_t num_rows, int64_t feature_dim,
                                         uint32_t at_least) {
  const uint32_t num_chunks = std::max(chunk_count(num_rows, feature_dim), at_least);
  std::vector<int64_t> bounds;
  for (uint32_t chunk = 0; chunk <= num_chunks; ++chunk) {
    bounds.push_back(chunk_begin(num_rows, num_chunks, chunk));
  }
  return bounds;
}

// Defines the two halves of a step whose gradients come from several workers.
template <class Owner>
void define_gradients(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner
      .def(
          "gradient",
          [](Owner& self, const Rows& rows, const std::optional<ReadVector<uint32_t>>& order,
             int64_t begin, int64_t end) {
            const RowOrder row_order = self.checked_order(rows, order, {begin, end});
            RowGradient<float> gradient;
            {
              const nb::gil_scoped_release release;
              gradient = self.trainer().gradient(row_order, begin, end);
            }
            return gradient_arrays(gradient,
                                   static_cast<size_t>(self.table().layout().num_factors));
          },
          nb::arg("rows"), nb::arg("order").none(), nb::arg("begin"), nb::arg("end"),
          nb::sig(
              "def gradient(self, rows: Rows, order: NDArray[numpy.uint32] | None, begin: int, "
              "end: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32], "
              "NDArray[numpy.float32], NDArray[numpy.float32] | None, float, MetricSums, bool]"),
          "The gradient of positions begin .. end as one chunk: features, ascending, sums for "
          "linear weights, factors and squares (None: as linear), bias, metrics, whether finite.")
      .def(
          "apply_gradients",
          [](Owner& self, const std::vector<GradientPart>& parts) {
            std::vector<RowGradient<float>> chunks;
            for (const GradientPart& part : parts) {
              chunks.push_back(checked_gradient(part, self.trainer()));
            }
            GradientResult result;
            {
              const nb::gil_scoped_release release;
              result = self.trainer().apply(chunks);
            }
            const size_t size = result.features.size();
            const std::optional<std::string> not_finite =
                result.not_finite == nullptr ? std::nullopt
                                             : std::optional<std::string>(result.not_finite);
            return nb::make_tuple(copied(result.features, {size}), result.metrics,
                                  nb::cast(not_finite));
          },
          nb::arg("chunks"),
          nb::sig("def apply_gradients(self, chunks: Sequence[tuple[NDArray[numpy.int64], "
                  "NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32] | None, "
                  "float, MetricSums]]) -> tuple[NDArray[numpy.int64], MetricSums, str | None]"),
          "One step with the gradients of a mini-batch's chunks, added in their order: the "
          "features changed, the mini-batch's metrics, what diverged.");
}

}  // namespace pairloom::bindings
