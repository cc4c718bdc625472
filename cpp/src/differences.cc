#include "pairloom/differences.h"

#include <algorithm>

#include "runs.h"

namespace pairloom {

namespace {

struct EntryShapes {
  RunShape linear, factors;
};

EntryShapes shapes_of(const TableLayout& layout) {
  const auto slots = static_cast<size_t>(layout.state_slots);
  return {{1, slots}, {static_cast<size_t>(layout.num_factors), slots}};
}

}  // namespace

template <class T>
void take_difference(const OptimizerStep<T>& step, const GroupStep<T>& group, const RunShape& shape,
                     const Run<const T>& start, const Run<T>& run) {
  const bool shares = merges_shares(step.optimizer);
  const Run<const T> end = read_only(run);
  for_each_block<T>(shape.size, [&]<class V>(V, size_t i) {
    V change{};
    if (shares) {
      change = load_as<V>(end.values + i) - load_as<V>(start.values + i);
    } else if (group.rate != T(0)) {
      change = unpulled<V>(step, group, end, i) - unpulled<V>(step, group, start, i);
    }
    store_as<V>(run.values + i, change);
    if (!shares) {
      store_as<V>(run.states + i, load_as<V>(end.states + i) - load_as<V>(start.states + i));
    }
  });
  // What is left is FTRL's z, which follows from the others.
  for (size_t slot = 1; slot < shape.state_slots && !shares; ++slot) {
    std::fill_n(run.slot(slot), shape.size, T(0));
  }
}

template <class T>
void add_difference(const OptimizerStep<T>& step, const GroupStep<T>& group, const RunShape& shape,
                    T share, const Run<const T>& difference, const Run<T>& run) {
  if (merges_shares(step.optimizer)) {
    for (size_t i = 0; i < shape.size; ++i) {
      run.values[i] += share * difference.values[i];
    }
    for (size_t slot = 0; slot < shape.state_slots; ++slot) {
      std::copy_n(difference.slot(slot), shape.size, run.slot(slot));
    }
    return;
  }
  if (group.rate == T(0)) {
    return;  // it has learned nothing
  }
  for_each_block<T>(shape.size, [&]<class V>(V, size_t i) {
    const V place =
        unpulled<V>(step, group, read_only(run), i) + share * load_as<V>(difference.values + i);
    store_as<V>(run.states + i, load_as<V>(run.states + i) + load_as<V>(difference.states + i));
    place_unpulled<V>(step, group, place, run, i);
  });
}

template <class T>
void take_differences(const OptimizerStep<T>& step, const TableLayout& layout, size_t num_rows,
                      const EntryRows<const T>& starts, const EntryRows<T>& ends) {
  const auto [linear, factors] = shapes_of(layout);
  for (size_t row = 0; row < num_rows; ++row) {
    const EntryRuns<const T> start = runs_of_row(starts, row, factors.size, factors.state_slots);
    const EntryRuns<T> end = runs_of_row(ends, row, factors.size, factors.state_slots);
    take_difference(step, step.linear, linear, start.linear, end.linear);
    take_difference(step, step.factors, factors, start.factors, end.factors);
  }
}

template <class T>
void add_differences(const OptimizerStep<T>& step, const TableLayout& layout, T share,
                     std::span<const int64_t> entries, const EntryRows<T>& rows,
                     std::span<const EntryDifferences<T>> differences) {
  const auto [linear, factors] = shapes_of(layout);
  for (const EntryDifferences<T>& added : differences) {
    size_t row = 0;
    for (size_t from = 0; from < added.entries.size(); ++from) {
      while (row < entries.size() && entries[row] < added.entries[from]) {
        ++row;
      }
      if (row == entries.size()) {
        break;
      }
      if (entries[row] != added.entries[from]) {
        continue;
      }
      const EntryRuns<const T> by =
          runs_of_row(added.rows, from, factors.size, factors.state_slots);
      const EntryRuns<T> to = runs_of_row(rows, row, factors.size, factors.state_slots);
      add_difference(step, step.linear, linear, share, by.linear, to.linear);
      add_difference(step, step.factors, factors, share, by.factors, to.factors);
    }
  }
}

template void take_difference(const OptimizerStep<float>&, const GroupStep<float>&, const RunShape&,
                              const Run<const float>&, const Run<float>&);
template void add_difference(const OptimizerStep<float>&, const GroupStep<float>&, const RunShape&,
                             float, const Run<const float>&, const Run<float>&);
template void take_differences(const OptimizerStep<float>&, const TableLayout&, size_t,
                               const EntryRows<const float>&, const EntryRows<float>&);
template void add_differences(const OptimizerStep<float>&, const TableLayout&, float,
                              std::span<const int64_t>, const EntryRows<float>&,
                              std::span<const EntryDifferences<float>>);

}  // namespace pairloom
