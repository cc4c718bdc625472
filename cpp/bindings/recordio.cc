#include "pairloom/recordio.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "byte_pieces.h"
#include "pairloom/feature_hash.h"
#include "source_matrix.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

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
  result["weights"] = nb::none();
  if (!rows.weights.empty()) {
    result["weights"] = to_numpy(std::move(rows.weights), {num_rows});
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

// A body's bytes in one call: for a single row, the calls would take longer than the reading.
RecordioRows read_body(const nb::bytes& body, uint64_t feature_dim, unsigned hash_bits) {
  nb::gil_scoped_release release;
  RecordioReader reader({feature_dim, false, false, 0, hash_bits});
  reader.begin_file("body");
  reader.feed({reinterpret_cast<const uint8_t*>(body.c_str()), body.size()});
  reader.end_file();
  return reader.take();
}

}  // namespace

void bind_recordio(nb::module_& module) {
  nb::class_<RecordioReader>(module, "RecordioReader")
      .def(
          "__init__",
          [](RecordioReader* self, uint64_t feature_dim, bool require_labels, bool binary_labels,
             uint64_t expected_bytes, unsigned hash_bits, const std::string& weight_feature,
             bool require_weights) {
            if (hash_bits > kMaxHashBits) {
              throw nb::value_error("hash_bits must be at most 30");
            }
            new (self) RecordioReader({feature_dim, require_labels, binary_labels, expected_bytes,
                                       hash_bits, weight_feature, require_weights});
          },
          "feature_dim"_a, "require_labels"_a, "binary_labels"_a, "expected_bytes"_a, "hash_bits"_a,
          "weight_feature"_a = "", "require_weights"_a = true)
      .def("begin_file", &RecordioReader::begin_file, "name"_a, "offset"_a = 0,
           "record_number"_a = 0)
      .def(
          "feed",
          [](RecordioReader& self, const ByteArray& piece) {
            nb::gil_scoped_release release;
            self.feed({piece.data(), piece.size()});
          },
          "piece"_a)
      .def("end_file", &RecordioReader::end_file)
      .def(
          "take",
          [](RecordioReader& self) {
            return rows_to_python(without_gil([&] { return self.take(); }));
          },
          nb::sig("def take(self) -> dict[str, typing.Any]"));
  define_whole_records(module, "whole_records", whole_records, "records");
  module.def(
      "first_record",
      [](const ByteArray& piece, bool ends) {
        return without_gil([&] { return first_record({piece.data(), piece.size()}, ends); });
      },
      "piece"_a, "ends"_a,
      "Where the first record begins in a piece from the middle of a file; -1 when none is found.");
  module.def(
      "read_recordio_rows",
      [](const nb::bytes& body, uint64_t feature_dim, unsigned hash_bits) {
        return rows_to_python(read_body(body, feature_dim, hash_bits));
      },
      "body"_a, "feature_dim"_a, "hash_bits"_a,
      nb::sig("def read_recordio_rows(body: bytes, feature_dim: int, hash_bits: int) -> "
              "dict[str, typing.Any]"),
      "The rows of a request's body, whose labels are not asked for.");
  module.def(
      "encode_recordio",
      [](const MatrixArrays& matrix, uint64_t begin_row, size_t block_bytes,
         const std::string& weight_feature) {
        return encode_block(block_bytes, [&](std::vector<uint8_t>& block) {
          return encode_recordio(matrix.matrix(), begin_row, block_bytes, block, weight_feature);
        });
      },
      "matrix"_a, "begin_row"_a, "block_bytes"_a, "weight_feature"_a = "",
      nb::sig("def encode_recordio(matrix: SourceMatrix, begin_row: int, block_bytes: int, "
              "weight_feature: str = '') -> "
              "tuple[int, memoryview]"),
      "The bytes of some rows, and the row after them.");
}

}  // namespace pairloom::bindings
