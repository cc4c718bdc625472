#include "source_matrix.h"

#include <nanobind/stl/optional.h>

#include "bindings.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

SourceNumbers numbers_of(const NumberArray& array) {
  SourceNumbers numbers{NumberType::kFloat32, array.data(), array.size()};
  if (array.dtype() == nb::dtype<double>()) {
    numbers.type = NumberType::kFloat64;
  } else if (array.dtype() == nb::dtype<int64_t>()) {
    numbers.type = NumberType::kInt64;
  } else if (array.dtype() != nb::dtype<float>()) {
    throw nb::type_error("expected float32, float64 or int64 numbers");
  }
  return numbers;
}

SourceIds ids_of(const NumberArray& array) {
  const bool is_int64 = array.dtype() == nb::dtype<int64_t>();
  if (!is_int64 && array.dtype() != nb::dtype<int32_t>()) {
    throw nb::type_error("expected int32 or int64 feature ids");
  }
  return {is_int64, array.data(), array.size()};
}

}  // namespace

MatrixArrays::MatrixArrays(uint64_t feature_dim, const NumberArray& values,
                           const std::optional<OffsetArray>& row_offsets,
                           const std::optional<NumberArray>& feature_ids,
                           const std::optional<NumberArray>& labels,
                           const std::optional<WeightArray>& weights)
    : values_(values),
      row_offsets_(row_offsets),
      feature_ids_(feature_ids),
      labels_(labels),
      weights_(weights) {
  matrix_.feature_dim = feature_dim;
  matrix_.values = numbers_of(values);
  if (feature_dim == 0 || (row_offsets_ && row_offsets_->size() == 0)) {
    throw nb::value_error("expected one column or more, and one row offset or more");
  }
  matrix_.num_rows = values.size() / feature_dim;
  if (row_offsets_) {
    matrix_.row_offsets = {row_offsets_->data(), row_offsets_->size()};
    matrix_.num_rows = row_offsets_->size() - 1;
    matrix_.feature_ids = ids_of(feature_ids_.value());
  }
  if (labels_) {
    matrix_.labels = numbers_of(*labels_);
    if (matrix_.labels.size != matrix_.num_rows) {
      throw nb::value_error("expected one label for each row");
    }
  }
  if (weights_) {
    matrix_.weights = {weights_->data(), weights_->size()};
    if (matrix_.weights.size() != matrix_.num_rows) {
      throw nb::value_error("expected one weight for each row");
    }
  }
}

nb::object to_memoryview(std::unique_ptr<std::vector<uint8_t>> bytes) {
  std::vector<uint8_t>* memory = bytes.release();
  nb::capsule owner(
      memory, [](void* pointer) noexcept { delete static_cast<std::vector<uint8_t>*>(pointer); });
  nb::object array =
      nb::cast(nb::ndarray<nb::numpy, const uint8_t>(memory->data(), {memory->size()}, owner));
  return nb::steal(PyMemoryView_FromObject(array.ptr()));
}

void bind_source_matrix(nb::module_& module) {
  nb::class_<MatrixArrays>(module, "SourceMatrix", "A matrix to be written, borrowed by the core.")
      .def(nb::init<uint64_t, const NumberArray&, const std::optional<OffsetArray>&,
                    const std::optional<NumberArray>&, const std::optional<NumberArray>&,
                    const std::optional<WeightArray>&>(),
           "feature_dim"_a, "values"_a, "row_offsets"_a.none(), "feature_ids"_a.none(),
           "labels"_a.none(), "weights"_a.none() = nb::none(),
           nb::sig("def __init__(self, feature_dim: int, values: NDArray[typing.Any], row_offsets: "
                   "NDArray[numpy.int64] | None, feature_ids: NDArray[typing.Any] | None, labels: "
                   "NDArray[typing.Any] | None, weights: NDArray[numpy.float32] | None = None) -> "
                   "None"))
      .def_prop_ro("num_rows", [](const MatrixArrays& self) { return self.matrix().num_rows; });
}

}  // namespace pairloom::bindings
