// Gradients of parts of a mini-batch, which workers hand to those who apply them.
#pragma once

#include <cstdint>
#include <vector>

#include "pairloom/loss.h"

namespace pairloom {

// The summed gradient of one chunk of rows: row-sparse, features ascending.
template <class T>
struct RowGradient {
  std::vector<int64_t> features;
  std::vector<T> linear;   // sums of g x, g being the loss's derivative
  std::vector<T> factors;  // sums of g x S, S the row's factor sum: num_factors per feature
  std::vector<T> squares;  // sums of g x^2; empty where all values are 1.0: then they are `linear`
  T bias = 0;              // sum of g
  MetricSums metrics;
  bool finite = true;  // every score and loss derivative
};

}  // namespace pairloom
