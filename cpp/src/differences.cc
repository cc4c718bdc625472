#include "pairloom/differences.h"

#include <algorithm>
#include <vector>

#include "entry_line.h"

namespace pairloom {

namespace {

template <class T>
const GroupStep<T>& group_of(const LineShape<T>& shape, size_t i) {
  return i == 0 ? shape.first : shape.others;
}

template <class T>
EntryRows<const T> read_only(const EntryRows<T>& rows) {
  return {rows.linear, rows.factors, rows.state};
}

}  // namespace

template <class T>
void take_difference(const OptimizerStep<T>& step, const LineShape<T>& shape, const T* start,
                     T* line) {
  const size_t size = shape.size;
  if (merges_shares(step.optimizer)) {
    for (size_t i = 0; i < size; ++i) {
      line[i] -= start[i];
    }
    return;
  }
  for (size_t i = 0; i < size; ++i) {
    const GroupStep<T>& group = group_of(shape, i);
    line[i] = group.rate == T(0)
                  ? T(0)
                  : unpulled(step, group, line, size, i) - unpulled(step, group, start, size, i);
    line[size + i] -= start[size + i];
  }
  // What is left is FTRL's z, which follows from the others.
  std::fill(line + 2 * size, line + shape.num_values(), T(0));
}

template <class T>
void add_difference(const OptimizerStep<T>& step, const LineShape<T>& shape, T share,
                    const T* difference, T* line) {
  const size_t size = shape.size;
  if (merges_shares(step.optimizer)) {
    for (size_t i = 0; i < size; ++i) {
      line[i] += share * difference[i];
    }
    copy_values(difference + size, shape.num_values() - size, line + size);
    return;
  }
  for (size_t i = 0; i < size; ++i) {
    const GroupStep<T>& group = group_of(shape, i);
    if (group.rate == T(0)) {
      continue;  // it has learned nothing
    }
    const T place = unpulled(step, group, line, size, i) + share * difference[i];
    line[size + i] += difference[size + i];
    place_unpulled(step, group, place, line, size, i);
  }
}

template <class T>
LineShape<T> line_shape(const OptimizerStep<T>& step, const TableLayout& layout) {
  return {1 + static_cast<size_t>(layout.num_factors), static_cast<size_t>(layout.state_slots),
          step.linear, step.factors};
}

template <class T>
void take_differences(const OptimizerStep<T>& step, const LineShape<T>& shape, size_t num_rows,
                      const EntryRows<const T>& starts, const EntryRows<T>& ends) {
  std::vector<T> values(2 * shape.num_values());
  T* const start = values.data();
  T* const line = start + shape.num_values();
  for (size_t row = 0; row < num_rows; ++row) {
    copy_line(starts, row, shape, start);
    copy_line(read_only(ends), row, shape, line);
    take_difference(step, shape, start, line);
    store_line(line, shape, ends, row);
  }
}

template <class T>
void add_differences(const OptimizerStep<T>& step, const LineShape<T>& shape, T share,
                     std::span<const int64_t> entries, const EntryRows<T>& rows,
                     std::span<const EntryDifferences<T>> differences) {
  std::vector<T> values(2 * shape.num_values());
  T* const difference = values.data();
  T* const line = difference + shape.num_values();
  for (const EntryDifferences<T>& added : differences) {
    size_t row = 0;
    for (size_t from = 0; from < added.entries.size(); ++from) {
      while (row < entries.size() && entries[row] < added.entries[from]) {
        ++row;
      }
      if (row == entries.size()) {
        break;
      }
      if (entries[row] == added.entries[from]) {
        copy_line(added.rows, from, shape, difference);
        copy_line(read_only(rows), row, shape, line);
        add_difference(step, shape, share, difference, line);
        store_line(line, shape, rows, row);
      }
    }
  }
}

template void take_difference(const OptimizerStep<float>&, const LineShape<float>&, const float*,
                              float*);
template void add_difference(const OptimizerStep<float>&, const LineShape<float>&, float,
                             const float*, float*);
template LineShape<float> line_shape(const OptimizerStep<float>&, const TableLayout&);
template void take_differences(const OptimizerStep<float>&, const LineShape<float>&, size_t,
                               const EntryRows<const float>&, const EntryRows<float>&);
template void add_differences(const OptimizerStep<float>&, const LineShape<float>&, float,
                              std::span<const int64_t>, const EntryRows<float>&,
                              std::span<const EntryDifferences<float>>);

}  // namespace pairloom
