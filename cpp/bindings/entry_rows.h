// The ways in and out of a table for the entries of some features.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>

#include <stdexcept>
#include <string>
#include <tuple>

#include "arrays.h"
#include "pairloom/entry_rows.h"
#include "pairloom/trainer.h"
#include "rows.h"

namespace pairloom::bindings {

template <class T>
using EntryArrays = std::tuple<NewArray<T, 1>, NewArray<T, 2>, NewArray<T, 3>>;

inline std::span<const int64_t> checked_features(const ReadVector<int64_t>& features,
                                                 const FeatureMap& map) {
  for (size_t i = 0; i < features.shape(0); ++i) {
    if (features.data()[i] < 0 || features.data()[i] >= map.feature_dim()) {
      throw std::out_of_range("feature " + std::to_string(features.data()[i]) +
                              " is at or beyond feature_dim " + std::to_string(map.feature_dim()));
    }
  }
  return {features.data(), features.shape(0)};
}

inline std::span<const int64_t> checked_ascending(const ReadVector<int64_t>& features,
                                                  const FeatureMap& map) {
  const auto checked = checked_features(features, map);
  for (size_t i = 1; i < checked.size(); ++i) {
    if (checked[i] <= checked[i - 1]) {
      throw std::invalid_argument("feature " + std::to_string(checked[i]) + " follows " +
                                  std::to_string(checked[i - 1]) + "; ids must ascend");
    }
  }
  return checked;
}

// Throws unless rows of entries hold all that the table's do, in its own numbers.
inline void check_exchangeable(const TableLayout& layout) {
  if (layout.shared_slot != kNoSlot) {
    throw std::invalid_argument("rows of entries have an optimizer value for each factor");
  }
  if (layout.factor_type != FactorType::kWhole) {
    throw std::invalid_argument("rows of entries have factors of float32");
  }
}

template <class T>
EntryArrays<T> entry_arrays(const ParameterTable<T>& table, std::span<const int64_t> entries) {
  check_exchangeable(table.layout());
  const auto factors = static_cast<size_t>(table.layout().num_factors);
  const auto slots = static_cast<size_t>(table.layout().state_slots);
  EntryArrays<T> arrays{new_array<T, 1>({entries.size()}),
                        new_array<T, 2>({entries.size(), factors}),
                        new_array<T, 3>({entries.size(), slots, 1 + factors})};
  const EntryRows<T> rows{std::get<0>(arrays).data(), std::get<1>(arrays).data(),
                          std::get<2>(arrays).data()};
  const nanobind::gil_scoped_release release;
  read_entries(table, entries, rows);
  return arrays;
}

template <class T>
EntryArrays<T> entry_arrays_of(const Trainer<T>& trainer, const ReadVector<int64_t>& features) {
  const auto checked = checked_features(features, trainer.features());
  return entry_arrays(trainer.table(), trainer.features().entries_of(checked).view());
}

template <class T>
void check_line_shapes(const TableLayout& layout, size_t size, const ReadVector<T>& linear,
                       const ReadArray<T, nanobind::ndim<2>>& factors,
                       const ReadArray<T, nanobind::ndim<3>>& state) {
  check_exchangeable(layout);
  const auto num_factors = static_cast<size_t>(layout.num_factors);
  const auto slots = static_cast<size_t>(layout.state_slots);
  if (linear.shape(0) != size || factors.shape(0) != size || factors.shape(1) != num_factors ||
      state.shape(0) != size || state.shape(1) != slots || state.shape(2) != 1 + num_factors) {
    throw std::invalid_argument("expected a line for each of " + std::to_string(size) +
                                " features: a linear weight, " + std::to_string(num_factors) +
                                " factors and " + std::to_string(slots) +
                                " times the optimizer's state");
  }
}

template <class T>
void set_entry_arrays(Trainer<T>& trainer, const ReadVector<int64_t>& features,
                      const ReadVector<T>& linear, const ReadArray<T, nanobind::ndim<2>>& factors,
                      const ReadArray<T, nanobind::ndim<3>>& state) {
  const auto checked = checked_features(features, trainer.features());
  check_line_shapes(trainer.table().layout(), checked.size(), linear, factors, state);
  const nanobind::gil_scoped_release release;
  write_entries(trainer.table(), trainer.features(), trainer.take_in(checked).view(),
                {linear.data(), factors.data(), state.data()});
}

// Defines reading and writing of entries for a class that owns a trainer.
template <class T, class Owner>
void define_entry_rows(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner
      .def(
          "read_entries",
          [](Owner& self, const ReadVector<int64_t>& features) {
            return entry_arrays_of<T>(self.trainer(), features);
          },
          nb::arg("features"),
          "Linear weights, factors and optimizer state (feature, slot, linear and factors).")
      .def(
          "write_entries",
          [](Owner& self, const ReadVector<int64_t>& features, const ReadVector<T>& linear,
             const ReadArray<T, nb::ndim<2>>& factors, const ReadArray<T, nb::ndim<3>>& state) {
            set_entry_arrays<T>(self.trainer(), features, linear, factors, state);
          },
          nb::arg("features"), nb::arg("linear_weights"), nb::arg("factors"), nb::arg("state"),
          "Sets what read_entries reads, and marks the features as trained; those without entries "
          "get them, or MemoryError tells that there is no room.");
}

}  // namespace pairloom::bindings
