#include "pairloom/libsvm.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "byte_pieces.h"
#include "source_matrix.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

FirstId first_id(std::optional<bool> zero_based) {
  if (!zero_based) {
    return FirstId::kAuto;
  }
  return *zero_based ? FirstId::kZero : FirstId::kOne;
}

nb::dict rows_to_python(LibsvmRows&& rows) {
  const size_t num_rows = rows.num_rows;
  const auto num_entries = static_cast<size_t>(rows.row_offsets[num_rows]);
  nb::dict result;
  result["feature_dim"] = rows.feature_dim;
  result["zero_based"] = rows.zero_based;
  result["mapped_labels"] = rows.mapped_labels;
  result["num_queries"] = rows.num_queries;
  result["zero_label_place"] = rows.zero_label_place;
  result["minus_one_label_place"] = rows.minus_one_label_place;
  result["labels"] = result["values"] = nb::none();
  if (!rows.labels.empty()) {
    result["labels"] = to_numpy(std::move(rows.labels), {num_rows});
  }
  if (!rows.values.empty()) {
    result["values"] = to_numpy(std::move(rows.values), {num_entries});
  }
  result["row_offsets"] = to_numpy(std::move(rows.row_offsets), {num_rows + 1});
  result["feature_ids"] = rows.has_wide_ids ? to_numpy(std::move(rows.wide_ids), {num_entries})
                                            : to_numpy(std::move(rows.narrow_ids), {num_entries});
  return result;
}

}  // namespace

void bind_libsvm(nb::module_& module) {
  nb::class_<LibsvmReader>(module, "LibsvmReader")
      .def(
          "__init__",
          [](LibsvmReader* self, uint64_t feature_dim, std::optional<bool> zero_based,
             bool require_labels, bool binary_labels, uint64_t expected_bytes) {
            new (self) LibsvmReader(
                {feature_dim, first_id(zero_based), require_labels, binary_labels, expected_bytes});
          },
          "feature_dim"_a, "zero_based"_a.none(), "require_labels"_a, "binary_labels"_a,
          "expected_bytes"_a)
      .def("begin_file", &LibsvmReader::begin_file, "name"_a, "lines_before"_a = 0)
      .def(
          "feed",
          [](LibsvmReader& self, const ByteArray& piece) {
            nb::gil_scoped_release release;
            self.feed({piece.data(), piece.size()});
          },
          "piece"_a)
      .def("end_file", &LibsvmReader::end_file)
      .def(
          "take",
          [](LibsvmReader& self) {
            return rows_to_python(without_gil([&] { return self.take(); }));
          },
          nb::sig("def take(self) -> dict[str, typing.Any]"));
  define_whole_records(module, "whole_lines", whole_lines, "lines");
  module.def(
      "encode_libsvm",
      [](const MatrixArrays& matrix, bool zero_based, uint64_t begin_row, size_t block_bytes) {
        return encode_block(block_bytes, [&](std::vector<uint8_t>& block) {
          return encode_libsvm(matrix.matrix(), zero_based, begin_row, block_bytes, block);
        });
      },
      "matrix"_a, "zero_based"_a, "begin_row"_a, "block_bytes"_a,
      nb::sig("def encode_libsvm(matrix: SourceMatrix, zero_based: bool, begin_row: int, "
              "block_bytes: int) -> tuple[int, memoryview]"),
      "The lines of some rows, and the row after them.");
}

}  // namespace pairloom::bindings
