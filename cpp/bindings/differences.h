// Differences of entries, which can be added to other values, for the class that owns a trainer.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "arrays.h"
#include "entry_rows.h"
#include "merge.h"
#include "pairloom/differences.h"
#include "pairloom/trainer.h"
#include "rows.h"

namespace pairloom::bindings {

using EntryLines =
    std::tuple<ReadVector<int64_t>, ReadVector<float>, ReadArray<float, nanobind::ndim<2>>,
               ReadArray<float, nanobind::ndim<3>>>;
using BiasLine = std::vector<float>;  // the bias and its states

inline EntryDifferences<float> checked_lines(const EntryLines& lines,
                                             const Trainer<float>& trainer) {
  const auto& [features, linear, factors, state] = lines;
  const auto checked = checked_ascending(features, trainer.features());
  check_line_shapes(trainer.table().layout(), checked.size(), linear, factors, state);
  return {checked, {linear.data(), factors.data(), state.data()}};
}

inline EntryArrays<float> copied_rows(const EntryDifferences<float>& lines,
                                      const TableLayout& layout) {
  const size_t size = lines.entries.size();
  const auto factors = static_cast<size_t>(layout.num_factors);
  const auto slots = static_cast<size_t>(layout.state_slots);
  EntryArrays<float> arrays{new_array<float, 1>({size}), new_array<float, 2>({size, factors}),
                            new_array<float, 3>({size, slots, 1 + factors})};
  std::copy_n(lines.rows.linear, size, std::get<0>(arrays).data());
  std::copy_n(lines.rows.factors, size * factors, std::get<1>(arrays).data());
  std::copy_n(lines.rows.state, size * slots * (1 + factors), std::get<2>(arrays).data());
  return arrays;
}

inline EntryRows<float> rows_of(EntryArrays<float>& arrays) {
  return {std::get<0>(arrays).data(), std::get<1>(arrays).data(), std::get<2>(arrays).data()};
}

inline OptimizerStep<float> step_of(const Trainer<float>& trainer) {
  return optimizer_step<float>(trainer.optimizer(), 1);
}

inline EntryArrays<float> entry_differences(const Trainer<float>& trainer, const EntryLines& starts,
                                            const EntryLines& ends) {
  const TableLayout& layout = trainer.table().layout();
  const auto from = checked_lines(starts, trainer), to = checked_lines(ends, trainer);
  if (!std::equal(from.entries.begin(), from.entries.end(), to.entries.begin(), to.entries.end())) {
    throw std::invalid_argument("expected the same features before and after");
  }
  EntryArrays<float> arrays = copied_rows(to, layout);
  const auto step = step_of(trainer);
  take_differences<float>(step, layout, from.entries.size(), from.rows, rows_of(arrays));
  return arrays;
}

inline EntryArrays<float> with_differences(const Trainer<float>& trainer, const EntryLines& base,
                                           const std::vector<EntryLines>& differences,
                                           float share) {
  const TableLayout& layout = trainer.table().layout();
  const auto to = checked_lines(base, trainer);
  std::vector<EntryDifferences<float>> added;
  for (const EntryLines& lines : differences) {
    added.push_back(checked_lines(lines, trainer));
  }
  EntryArrays<float> arrays = copied_rows(to, layout);
  const auto step = step_of(trainer);
  add_differences<float>(step, layout, share, to.entries, rows_of(arrays), added);
  return arrays;
}

inline void check_bias_lines(const Trainer<float>& trainer, const BiasLine& one,
                             const BiasLine& other) {
  const auto slots = static_cast<size_t>(trainer.table().layout().state_slots);
  if (one.size() != 1 + slots || other.size() != 1 + slots) {
    throw std::invalid_argument("expected the bias and " + std::to_string(slots) + " states");
  }
}

// The bias is a run of one parameter.
inline Run<const float> bias_run(const BiasLine& line) { return {line.data(), line.data() + 1, 1}; }
inline Run<float> bias_run(BiasLine& line) { return {line.data(), line.data() + 1, 1}; }

inline BiasLine bias_difference(const Trainer<float>& trainer, const BiasLine& start,
                                BiasLine end) {
  check_bias_lines(trainer, start, end);
  const auto step = step_of(trainer);
  take_difference<float>(step, step.bias, {1, end.size() - 1}, bias_run(start), bias_run(end));
  return end;
}

inline BiasLine bias_with_difference(const Trainer<float>& trainer, BiasLine base,
                                     const BiasLine& difference, float share) {
  check_bias_lines(trainer, base, difference);
  const auto step = step_of(trainer);
  add_difference<float>(step, step.bias, {1, base.size() - 1}, share, bias_run(difference),
                        bias_run(base));
  return base;
}

template <class Owner>
void define_differences(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner
      .def(
          "entry_differences",
          [](Owner& self, const EntryLines& starts, const EntryLines& ends) {
            return entry_differences(self.trainer(), starts, ends);
          },
          nb::arg("starts"), nb::arg("ends"),
          "What training changed of entries (ids, linear weights, factors, state), so that "
          "with_differences adds it to other values of them.")
      .def(
          "with_differences",
          [](Owner& self, const EntryLines& base, const std::vector<EntryLines>& differences,
             float share) { return with_differences(self.trainer(), base, differences, share); },
          nb::arg("base"), nb::arg("differences"), nb::arg("share"),
          "Linear weights, factors and state of `base` with the differences of its features added "
          "in order, of parameters this share; the table has no part in it.")
      .def(
          "bias_difference",
          [](Owner& self, const BiasLine& start, const BiasLine& end) {
            return bias_difference(self.trainer(), start, end);
          },
          nb::arg("start"), nb::arg("end"), "The same of the bias and its states.")
      .def(
          "bias_with_difference",
          [](Owner& self, const BiasLine& base, const BiasLine& difference, float share) {
            return bias_with_difference(self.trainer(), base, difference, share);
          },
          nb::arg("base"), nb::arg("difference"), nb::arg("share"),
          "The same of the bias and its states.");
}

}  // namespace pairloom::bindings
