#include "rows.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/variant.h>

#include <stdexcept>
#include <string>

#include "bindings.h"
#include "byte_pieces.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

void require_length(const char* name, size_t length, int64_t expected) {
  if (static_cast<int64_t>(length) != expected) {
    throw std::invalid_argument(std::string(name) + " has length " + std::to_string(length) +
                                "; expected " + std::to_string(expected));
  }
}

}  // namespace

void Rows::take(FloatVector labels, FloatVector weights) {
  if (labels) {
    require_length("labels", labels->shape(0), batch_.num_rows);
    batch_.labels = labels->data();
    owners_.append(nb::cast(*labels));
  }
  if (weights) {
    require_length("weights", weights->shape(0), batch_.num_rows);
    batch_.weights = weights->data();
    owners_.append(nb::cast(*weights));
  }
  const std::string fault = without_gil([&] { return find_fault(batch_); });
  if (!fault.empty()) {
    throw std::invalid_argument(fault);
  }
}

Rows Rows::dense(ReadArray<float, nb::ndim<2>> values, FloatVector labels, FloatVector weights) {
  Rows rows;
  rows.batch_.num_rows = static_cast<int64_t>(values.shape(0));
  rows.batch_.feature_dim = static_cast<int64_t>(values.shape(1));
  rows.batch_.values = values.data();
  rows.owners_.append(nb::cast(values));
  rows.take(std::move(labels), std::move(weights));
  return rows;
}

Rows Rows::sparse(int64_t feature_dim, ReadVector<int64_t> row_offsets,
                  std::variant<ReadVector<int32_t>, ReadVector<int64_t>> feature_ids,
                  FloatVector values, FloatVector labels, FloatVector weights) {
  Rows rows;
  if (feature_dim < 0) {
    throw std::invalid_argument("feature_dim is " + std::to_string(feature_dim) +
                                "; it must not be negative");
  }
  if (row_offsets.shape(0) == 0) {
    throw std::invalid_argument("row_offsets is empty; it needs one offset more than rows");
  }
  rows.batch_.num_rows = static_cast<int64_t>(row_offsets.shape(0)) - 1;
  rows.batch_.feature_dim = feature_dim;
  rows.batch_.row_offsets = row_offsets.data();
  rows.owners_.append(nb::cast(row_offsets));
  const int64_t stored = row_offsets.data()[rows.batch_.num_rows];
  if (row_offsets.data()[0] < 0) {
    throw std::invalid_argument("row_offsets must not be negative");
  }
  const auto take_ids = [&](const auto& ids) {
    if (static_cast<int64_t>(ids.shape(0)) < stored) {
      require_length("feature_ids", ids.shape(0), stored);
    }
    rows.owners_.append(nb::cast(ids));
    return ids.data();
  };
  if (const auto* narrow = std::get_if<0>(&feature_ids)) {
    rows.batch_.ids32 = reinterpret_cast<const uint32_t*>(take_ids(*narrow));
  } else {
    rows.batch_.ids64 = reinterpret_cast<const uint64_t*>(take_ids(std::get<1>(feature_ids)));
  }
  if (values) {
    if (static_cast<int64_t>(values->shape(0)) < stored) {
      require_length("values", values->shape(0), stored);
    }
    const int64_t first = row_offsets.data()[0];
    if (!without_gil([&] { return all_ones(values->data() + first, stored - first); })) {
      rows.batch_.values = values->data();
      rows.owners_.append(nb::cast(*values));
    }
  }
  rows.take(std::move(labels), std::move(weights));
  return rows;
}

void bind_rows(nb::module_& module) {
  nb::class_<Rows>(module, "Rows", "Rows checked and borrowed by the core; see pairloom.batch.")
      .def_static("dense", &Rows::dense, nb::arg("values").noconvert(),
                  nb::arg("labels").noconvert().none(), nb::arg("weights").noconvert().none())
      .def_static("sparse", &Rows::sparse, nb::arg("feature_dim"),
                  nb::arg("row_offsets").noconvert(), nb::arg("feature_ids").noconvert(),
                  nb::arg("values").noconvert().none(), nb::arg("labels").noconvert().none(),
                  nb::arg("weights").noconvert().none())
      .def_prop_ro("num_rows", [](const Rows& rows) { return rows.batch().num_rows; })
      .def_prop_ro("feature_dim", [](const Rows& rows) { return rows.batch().feature_dim; })
      .def_prop_ro("all_ones", [](const Rows& rows) { return rows.batch().values == nullptr; });
}

}  // namespace pairloom::bindings
