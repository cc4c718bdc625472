// What training has touched since a round began, for the class that owns a trainer.
#pragma once

#include <nanobind/nanobind.h>

#include <stdexcept>
#include <utility>

#include "arrays.h"
#include "entry_rows.h"
#include "pairloom/touches.h"

namespace pairloom::bindings {

inline void check_owners(uint32_t num_owners) {
  if (num_owners == 0) {
    throw std::invalid_argument("there must be at least one owner");
  }
}

// What one owner gets: features, their entries' rows, and, if counted, the mini-batches with each.
inline nanobind::tuple touched_arrays(const ParameterTable<float>& table, TouchedFeatures& part) {
  const size_t size = part.features.size(), counts = part.touches.size();
  auto [linear, factors, state] = entry_arrays(table, part.found());
  return nanobind::make_tuple(to_numpy(std::move(part.features), {size}), std::move(linear),
                              std::move(factors), std::move(state),
                              to_numpy(std::move(part.touches), {counts}));
}

template <class Owner>
void define_touches(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner
      .def(
          "note_touches", [](Owner& self) { self.trainer().note_touches(); },
          "From now on notes the features that mini-batches hold, and with Adam how many hold "
          "each.")
      .def(
          "take_touched",
          [](Owner& self, uint32_t num_owners) {
            check_owners(num_owners);
            nb::list parts;
            for (TouchedFeatures& part :
                 split_by_owner(self.trainer().take_touches(), num_owners)) {
              parts.append(touched_arrays(self.table(), part));
            }
            return parts;
          },
          nb::arg("num_owners"),
          nb::sig("def take_touched(self, num_owners: int) -> list[tuple[NDArray[numpy.int64], "
                  "NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], "
                  "NDArray[numpy.uint32]]]"),
          "The features touched since the last call by owner, ascending, with what read_entries "
          "says of them and, with Adam, how many mini-batches held each.");
}

}  // namespace pairloom::bindings
