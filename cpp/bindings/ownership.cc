#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "pairloom/entry_rows.h"
#include "rows.h"
#include "touches.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

std::span<const int64_t> span_of(const ReadVector<int64_t>& features) {
  return {features.data(), features.shape(0)};
}

std::vector<NewArray<int64_t, 1>> positions_by_owner(const ReadVector<int64_t>& features,
                                                     uint32_t num_owners) {
  check_owners(num_owners);
  const OwnerSplit split = split_by_owner(span_of(features), num_owners);
  std::vector<NewArray<int64_t, 1>> parts;
  for (uint32_t owner = 0; owner < num_owners; ++owner) {
    const auto begin = split.begins[owner], end = split.begins[owner + 1];
    parts.push_back(new_array<int64_t, 1>({static_cast<size_t>(end - begin)}));
    std::copy(split.positions.data() + begin, split.positions.data() + end, parts.back().data());
  }
  return parts;
}

}  // namespace

void bind_ownership(nb::module_& module) {
  module.def("positions_by_owner", &positions_by_owner, nb::arg("features"), nb::arg("num_owners"),
             "For each owner the positions of its features, in their order.");
}

}  // namespace pairloom::bindings
