#include "pairloom/recordio.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "bindings.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

using ByteArray = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using NumberArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using OffsetArray = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Hands the memory of `array` to NumPy without a copy.
template <typename T>
nb::object to_numpy(GrowingArray<T>&& array, std::initializer_list<size_t> shape) {
  T* data = array.release();
  nb::capsule owner(data == nullptr ? std::malloc(1) : data,
                    [](void* memory) noexcept { std::free(memory); });
  return nb::cast(nb::ndarray<nb::numpy, T>(static_cast<T*>(owner.data()), shape, owner));
}

nb::dict rows_to_python(RecordioRows&& rows) {
  const size_t num_rows = rows.num_rows;
  const size_t num_values = rows.values.size();
  nb::dict result;
  result["feature_dim"] = rows.feature_dim;
  result["num_unsorted"] = rows.num_unsorted;
  result["labels"] = nb::none();
  if (!rows.labels.empty()) {
    result["labels"] = to_numpy(std::move(rows.labels), {num_rows});
  }
  result["row_offsets"] = result["feature_ids"] = nb::none();
  if (rows.is_dense) {
    result["values"] = to_numpy(std::move(rows.values), {num_rows, rows.feature_dim});
    return result;
  }
  result["values"] = to_numpy(std::move(rows.values), {num_values});
  result["row_offsets"] = to_numpy(std::move(rows.row_offsets), {num_rows + 1});
  result["feature_ids"] = to_numpy(std::move(rows.feature_ids), {num_values});
  return result;
}

RecordioNumbers numbers_of(const NumberArray& array) {
  RecordioNumbers numbers{RecordioNumber::kFloat32, array.data(), array.size()};
  if (array.dtype() == nb::dtype<double>()) {
    numbers.type = RecordioNumber::kFloat64;
  } else if (array.dtype() == nb::dtype<int64_t>()) {
    numbers.type = RecordioNumber::kInt64;
  } else if (array.dtype() != nb::dtype<float>()) {
    throw nb::type_error("expected float32, float64 or int64 numbers");
  }
  return numbers;
}

RecordioIds ids_of(const NumberArray& array) {
  const bool is_int64 = array.dtype() == nb::dtype<int64_t>();
  if (!is_int64 && array.dtype() != nb::dtype<int32_t>()) {
    throw nb::type_error("expected int32 or int64 feature ids");
  }
  return {is_int64, array.data(), array.size()};
}

// A matrix together with the arrays it borrows.
class RecordioEncoder {
 public:
  RecordioEncoder(uint64_t feature_dim, const NumberArray& values,
                  const std::optional<OffsetArray>& row_offsets,
                  const std::optional<NumberArray>& feature_ids,
                  const std::optional<NumberArray>& labels)
      : values_(values), row_offsets_(row_offsets), feature_ids_(feature_ids), labels_(labels) {
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
  }

  // The frames of the next rows; empty when there are no more.
  nb::object next_block(size_t block_bytes) {
    auto block = std::make_unique<std::vector<uint8_t>>();
    {
      nb::gil_scoped_release release;
      block->reserve(block_bytes + block_bytes / 4);
      next_row_ = encode_recordio(matrix_, next_row_, block_bytes, *block);
    }
    std::vector<uint8_t>* bytes = block.release();
    nb::capsule owner(
        bytes, [](void* memory) noexcept { delete static_cast<std::vector<uint8_t>*>(memory); });
    nb::object array =
        nb::cast(nb::ndarray<nb::numpy, const uint8_t>(bytes->data(), {bytes->size()}, owner));
    return nb::steal(PyMemoryView_FromObject(array.ptr()));
  }

 private:
  NumberArray values_;
  std::optional<OffsetArray> row_offsets_;
  std::optional<NumberArray> feature_ids_;
  std::optional<NumberArray> labels_;
  RecordioMatrix matrix_;
  uint64_t next_row_ = 0;
};

}  // namespace

void bind_recordio(nb::module_& module) {
  nb::class_<RecordioReader>(module, "RecordioReader")
      .def(
          "__init__",
          [](RecordioReader* self, uint64_t feature_dim, bool require_labels, bool binary_labels,
             uint64_t expected_bytes) {
            new (self) RecordioReader({feature_dim, require_labels, binary_labels, expected_bytes});
          },
          "feature_dim"_a, "require_labels"_a, "binary_labels"_a, "expected_bytes"_a)
      .def("begin_file", &RecordioReader::begin_file, "name"_a)
      .def(
          "feed",
          [](RecordioReader& self, const ByteArray& piece) {
            nb::gil_scoped_release release;
            self.feed({piece.data(), piece.size()});
          },
          "piece"_a)
      .def("end_file", &RecordioReader::end_file)
      .def(
          "finish", [](RecordioReader& self) { return rows_to_python(self.finish()); },
          nb::sig("def finish(self) -> dict[str, typing.Any]"));
  nb::class_<RecordioEncoder>(module, "RecordioEncoder")
      .def(nb::init<uint64_t, const NumberArray&, const std::optional<OffsetArray>&,
                    const std::optional<NumberArray>&, const std::optional<NumberArray>&>(),
           "feature_dim"_a, "values"_a, "row_offsets"_a.none(), "feature_ids"_a.none(),
           "labels"_a.none(),
           nb::sig("def __init__(self, feature_dim: int, values: NDArray[typing.Any], row_offsets: "
                   "NDArray[numpy.int64] | None, feature_ids: NDArray[typing.Any] | None, labels: "
                   "NDArray[typing.Any] | None) -> None"))
      .def("next_block", &RecordioEncoder::next_block, "block_bytes"_a,
           nb::sig("def next_block(self, block_bytes: int) -> memoryview"));
}

}  // namespace pairloom::bindings
