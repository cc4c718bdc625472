// Merging workers' versions of entries, for the class that owns a trainer.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "entry_rows.h"
#include "pairloom/merge.h"
#include "pairloom/trainer.h"
#include "rows.h"

namespace pairloom::bindings {

using EntryPart =
    std::tuple<ReadVector<int64_t>, ReadVector<float>, ReadArray<float, nanobind::ndim<2>>,
               ReadArray<float, nanobind::ndim<3>>, ReadVector<uint32_t>>;

// Without the entries.
inline EntryVersions<float> checked_part(const EntryPart& part, const Trainer<float>& trainer) {
  const auto& [features, linear, factors, state, touches] = part;
  const auto checked = checked_ascending(features, trainer.features());
  check_line_shapes(trainer.table().layout(), checked.size(), linear, factors, state);
  const size_t counts = counts_touches(trainer.optimizer().optimizer) ? checked.size() : 0;
  if (touches.shape(0) != counts) {
    throw std::invalid_argument("expected " + std::to_string(counts) + " counts of touches for " +
                                std::to_string(checked.size()) + " features");
  }
  return {checked, {}, {linear.data(), factors.data(), state.data()}, touches.data()};
}

inline nanobind::tuple merged_parts(Trainer<float>& trainer, const std::vector<EntryPart>& parts,
                                    const MergeSettings<float>& settings) {
  std::vector<EntryVersions<float>> workers;
  for (const EntryPart& part : parts) {
    workers.push_back(checked_part(part, trainer));
  }
  MergedEntries<float> merged;
  {
    const nanobind::gil_scoped_release release;
    std::vector<FeatureEntries> taken;
    for (EntryVersions<float>& worker : workers) {
      taken.push_back(trainer.take_in(worker.features));
      worker.entries = taken.back().view();
    }
    merged = merge_entries<float>(settings, trainer.table(), workers);
  }
  const TableLayout& layout = trainer.table().layout();
  const size_t size = merged.features.size(), counts = merged.touches.size();
  const auto factors = static_cast<size_t>(layout.num_factors);
  const auto slots = static_cast<size_t>(layout.state_slots);
  return nanobind::make_tuple(to_numpy(std::move(merged.features), {size}),
                              to_numpy(std::move(merged.linear), {size}),
                              to_numpy(std::move(merged.factors), {size, factors}),
                              to_numpy(std::move(merged.state), {size, slots, 1 + factors}),
                              to_numpy(std::move(merged.touches), {counts}));
}

inline MergeSettings<float> merge_settings(const Trainer<float>& trainer, size_t num_workers,
                                           size_t rounds_alone) {
  return {optimizer_step<float>(trainer.optimizer(), 1), num_workers, rounds_alone};
}

// The bias and its states are one run of one parameter.
inline void merge_bias(Trainer<float>& trainer, const std::vector<std::vector<float>>& versions,
                       const std::vector<uint32_t>& touches, size_t rounds_alone) {
  const auto slots = static_cast<size_t>(trainer.table().layout().state_slots);
  const MergeSettings<float> settings = merge_settings(trainer, versions.size(), rounds_alone);
  std::vector<RunVersion<float>> given;
  for (size_t i = 0; i < versions.size(); ++i) {
    if (versions[i].size() != 1 + slots || touches.size() != versions.size()) {
      throw std::invalid_argument("expected of each version the bias, " + std::to_string(slots) +
                                  " states and a count of mini-batches");
    }
    if (touches[i] != 0) {
      given.push_back({{versions[i].data(), versions[i].data() + 1, 1}, touches[i]});
    }
  }
  if (given.empty()) {
    return;
  }
  ParameterTable<float>& table = trainer.table();
  const Run<float> bias{&table.bias, table.bias_state, 1};
  merge_run<float>(settings, settings.step.bias, {1, slots}, read_only(bias), given, bias);
}

template <class Owner>
void define_merge(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner
      .def(
          "merge_entries",
          [](Owner& self, const std::vector<EntryPart>& parts, size_t rounds_alone) {
            return merged_parts(self.trainer(), parts,
                                merge_settings(self.trainer(), parts.size(), rounds_alone));
          },
          nb::arg("parts"), nb::arg("rounds_alone"),
          nb::sig("def merge_entries(self, parts: Sequence[tuple[NDArray[numpy.int64], "
                  "NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], "
                  "NDArray[numpy.uint32]]], rounds_alone: int) -> tuple[NDArray[numpy.int64], "
                  "NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.float32], "
                  "NDArray[numpy.uint32]]"),
          "What all workers made of this table's entries (ids, linear weights, factors, state, "
          "with Adam touches), merged in their order by the optimizer's rule; the values stay. "
          "Features without entries get them, or MemoryError tells that there is no room.")
      .def(
          "merge_bias",
          [](Owner& self, const std::vector<std::vector<float>>& versions,
             const std::vector<uint32_t>& touches,
             size_t rounds_alone) { merge_bias(self.trainer(), versions, touches, rounds_alone); },
          nb::arg("versions"), nb::arg("touches"), nb::arg("rounds_alone"),
          "Takes on what all workers made of the bias and its states, by the same rule.");
}

}  // namespace pairloom::bindings
