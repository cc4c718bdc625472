// What a round changed of entries, so that it can be added to other values of them than those that
// it began with.
#pragma once

#include <cstdint>
#include <span>

#include "pairloom/entry_rows.h"
#include "pairloom/merge.h"

namespace pairloom {

// Makes of `run` its difference from `start`: parameters and sums of squared gradients as what they
// grew by, with FTRL the parameters as they would be without l1; Adam's moments, which are means,
// as they are at the round's end.
template <class T>
void take_difference(const OptimizerStep<T>& step, const GroupStep<T>& group, const RunShape& shape,
                     const Run<const T>& start, const Run<T>& run);

// Adds so much of the parameters' difference, and all of the state's.
template <class T>
void add_difference(const OptimizerStep<T>& step, const GroupStep<T>& group, const RunShape& shape,
                    T share, const Run<const T>& difference, const Run<T>& run);

// Makes of `ends` their differences from `starts`, row by row.
template <class T>
void take_differences(const OptimizerStep<T>& step, const TableLayout& layout, size_t num_rows,
                      const EntryRows<const T>& starts, const EntryRows<T>& ends);

template <class T>
struct EntryDifferences {
  std::span<const int64_t> entries;  // ascending
  EntryRows<const T> rows;
};

// Adds differences to the rows of those entries that are among `entries`, ascending; in their
// order.
template <class T>
void add_differences(const OptimizerStep<T>& step, const TableLayout& layout, T share,
                     std::span<const int64_t> entries, const EntryRows<T>& rows,
                     std::span<const EntryDifferences<T>> differences);

}  // namespace pairloom
