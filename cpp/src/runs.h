// Parameters that learn alike, eight at a time and one by one where fewer are left, and where
// FTRL's are before l1 pulls at them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "pairloom/merge.h"
#include "vec8.h"

namespace pairloom {

// Calls `visit(V{}, i)` for all i of `size`, those that V holds at once in one call: V is Vec8<T>,
// or T for the rest.
template <class T, class Visit>
void for_each_block(size_t size, const Visit& visit) {
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    visit(Vec8<T>{}, i);
  }
  for (; i < size; ++i) {
    visit(T{}, i);
  }
}

template <class V, class T>
PAIRLOOM_INLINE V load_as(const T* from) {
  V values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

template <class V, class T>
PAIRLOOM_INLINE void store_as(T* to, V values) {
  std::memcpy(to, &values, sizeof(values));
}

template <class T, class V>
PAIRLOOM_INLINE V root_of(V values) {
  if constexpr (std::is_same_v<V, T>) {
    return std::sqrt(values);
  } else {
    return square_root<T>(values);
  }
}

// What a change of z by one changes a parameter of FTRL by is one over this.
template <class T, class V>
PAIRLOOM_INLINE V ftrl_strength(const OptimizerStep<T>& step, const GroupStep<T>& group,
                                V squares) {
  return (root_of<T>(squares) + step.ftrl_beta) / group.rate + group.decay;
}

// Where parameters are before FTRL's l1 pulls at them; the others have no such pull.
template <class V, class T>
PAIRLOOM_INLINE V unpulled(const OptimizerStep<T>& step, const GroupStep<T>& group,
                           const Run<const T>& run, size_t i) {
  if (step.optimizer != Optimizer::kFtrl) {
    return load_as<V>(run.values + i);
  }
  return -load_as<V>(run.slot(1) + i) / ftrl_strength(step, group, load_as<V>(run.slot(0) + i));
}

// Puts parameters there, by the z that does; their squared gradients are in the run already.
template <class V, class T>
PAIRLOOM_INLINE void place_unpulled(const OptimizerStep<T>& step, const GroupStep<T>& group,
                                    V place, const Run<T>& run, size_t i) {
  if (step.optimizer != Optimizer::kFtrl) {
    store_as(run.values + i, place);
    return;
  }
  const V strength = ftrl_strength(step, group, load_as<V>(run.slot(0) + i));
  const V z = -place * strength, l1 = V{} + group.l1;
  const V pulled = ((z > T(0) ? l1 : -l1) - z) / strength;
  store_as(run.slot(1) + i, z);
  store_as(run.values + i, (z > T(0) ? z : -z) <= l1 ? V{} : pulled);
}

// An entry's two runs: its linear weight, and its factors.
template <class T>
struct EntryRuns {
  Run<T> linear, factors;
};

template <class T>
EntryRuns<T> runs_of_row(const EntryRows<T>& rows, size_t row, size_t factors, size_t slots) {
  T* const states = rows.state + row * slots * (1 + factors);
  return {{rows.linear + row, states, 1 + factors},
          {rows.factors + row * factors, states + 1, 1 + factors}};
}

}  // namespace pairloom
