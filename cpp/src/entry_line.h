// One entry's parameters and states side by side, and where FTRL's are before l1 pulls at them.
#pragma once

#include <cmath>
#include <cstddef>

#include "pairloom/merge.h"

namespace pairloom {

// What a change of z by one changes a parameter of FTRL by is one over this.
template <class T>
T ftrl_strength(const GroupStep<T>& group, T beta, T squares) {
  return (std::sqrt(squares) + beta) / group.rate + group.decay;
}

// Where the i-th parameter of a line is before FTRL's l1 pulls at it; the others have no such pull.
template <class T>
T unpulled(const OptimizerStep<T>& step, const GroupStep<T>& group, const T* line, size_t size,
           size_t i) {
  if (step.optimizer != Optimizer::kFtrl) {
    return line[i];
  }
  return -line[2 * size + i] / ftrl_strength(group, step.ftrl_beta, line[size + i]);
}

// Puts the i-th parameter there, by the z that does.
template <class T>
void place_unpulled(const OptimizerStep<T>& step, const GroupStep<T>& group, T place, T* line,
                    size_t size, size_t i) {
  if (step.optimizer != Optimizer::kFtrl) {
    line[i] = place;
    return;
  }
  const T strength = ftrl_strength(group, step.ftrl_beta, line[size + i]);
  const T z = -place * strength;
  line[2 * size + i] = z;
  line[i] = std::abs(z) <= group.l1 ? T(0) : (std::copysign(group.l1, z) - z) / strength;
}

template <class T>
void copy_values(const T* from, size_t size, T* to) {
  for (size_t i = 0; i < size; ++i) {
    to[i] = from[i];
  }
}

// Copies an entry's parameters and states side by side.
template <class T>
void copy_line(const EntryRows<const T>& rows, size_t row, const LineShape<T>& shape, T* line) {
  const size_t factors = shape.size - 1;
  line[0] = rows.linear[row];
  copy_values(rows.factors + row * factors, factors, line + 1);
  const size_t states = shape.size * shape.state_slots;
  copy_values(rows.state + row * states, states, line + shape.size);
}

template <class T>
void store_line(const T* line, const LineShape<T>& shape, const EntryRows<T>& rows, size_t row) {
  const size_t factors = shape.size - 1;
  rows.linear[row] = line[0];
  copy_values(line + 1, factors, rows.factors + row * factors);
  const size_t states = shape.size * shape.state_slots;
  copy_values(line + shape.size, states, rows.state + row * states);
}

}  // namespace pairloom
