#include "pairloom/packed_rows.h"

#include <nanobind/nanobind.h>

#include "arrays.h"
#include "bindings.h"
#include "byte_pieces.h"
#include "rows.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

nb::object packed(const Rows& rows) {
  GrowingArray<uint8_t> bytes = without_gil([&] {
    GrowingArray<uint8_t> out;
    pack_rows(rows.batch(), out);
    out.shrink_to_fit();
    return out;
  });
  const size_t size = bytes.size();
  return to_numpy(std::move(bytes), {size});
}

nb::dict rows_to_python(UnpackedRows&& rows) {
  const size_t num_rows = rows.num_rows, num_entries = rows.values.size();
  nb::dict result;
  result["feature_dim"] = rows.feature_dim;
  result["labels"] = to_numpy(std::move(rows.labels), {num_rows});
  if (!rows.weights.empty()) {
    result["weights"] = to_numpy(std::move(rows.weights), {num_rows});
  }
  if (rows.is_dense) {
    result["values"] = to_numpy(std::move(rows.values), {num_rows, rows.feature_dim});
    return result;
  }
  if (num_entries != 0) {
    result["values"] = to_numpy(std::move(rows.values), {num_entries});
  }
  result["row_offsets"] = to_numpy(std::move(rows.row_offsets), {num_rows + 1});
  const size_t num_ids = rows.has_wide_ids ? rows.wide_ids.size() : rows.narrow_ids.size();
  result["feature_ids"] = rows.has_wide_ids ? to_numpy(std::move(rows.wide_ids), {num_ids})
                                            : to_numpy(std::move(rows.narrow_ids), {num_ids});
  return result;
}

}  // namespace

void bind_packed_rows(nb::module_& module) {
  module.def("pack_rows", packed, nb::arg("rows"),
             nb::sig("def pack_rows(rows: Rows) -> numpy.typing.NDArray[numpy.uint8]"),
             "Labelled rows whose ids ascend, in few bytes.");
  module.def(
      "unpack_rows",
      [](const ByteArray& bytes) {
        return rows_to_python(
            without_gil([&] { return unpack_rows({bytes.data(), bytes.size()}); }));
      },
      nb::arg("bytes"),
      nb::sig("def unpack_rows(bytes: numpy.typing.NDArray[numpy.uint8]) -> dict[str, typing.Any]"),
      "The arrays of a RowBatch, from what pack_rows returned.");
}

}  // namespace pairloom::bindings
