// Scoring kernels. Included once per instruction path, inside that path's namespace.
//
// The score is Rendle 2010 ("Factorization machines", lemma 3.1):
//   bias + sum w_i x_i + 1/2 sum_f ((sum_i v_if x_i)^2 - sum_i v_if^2 x_i^2),
// with the last sum taken from the cached half square norms.

// Calls body.operator()<kBlocks, kTail>(first_factor) for groups of blocks of eight factors; a
// group with kTail ends in a block of four. K = 0 takes the factor count at run time. Groups are
// independent of each other, so their sizes do not change a byte.
template <int K, class Body>
PAIRLOOM_INLINE void for_block_groups(int padded_factors, Body&& body) {
  if constexpr (K == 64) {
    body.template operator()<4, false>(0);
    body.template operator()<4, false>(32);
  } else if constexpr (K != 0) {
    body.template operator()<(K + 4) / 8, K % 8 != 0>(0);
  } else {
    int first = 0;
    for (; first + 32 <= padded_factors; first += 32) {
      body.template operator()<4, false>(first);
    }
    for (; first + 8 <= padded_factors; first += 8) {
      body.template operator()<1, false>(first);
    }
    if (first < padded_factors) {
      body.template operator()<1, true>(first);
    }
  }
}

// sums = sum_i v_i x_i of one row. Even and odd nonzeros have accumulators of their own, added at
// the end. Returns sum_f sums_f^2.
template <class T, int K, bool kValued, class FactorsAt>
PAIRLOOM_INLINE T sum_factors(int padded_factors, FactorsAt&& factors_at, const float* values,
                              uint32_t count, T* sums) {
  Vec8<T> squares = broadcast<T>(T(0));
  for_block_groups<K>(
      padded_factors, [&]<int kBlocks, bool kTail>(int first) __attribute__((always_inline)) {
        Vec8<T> even[kBlocks] = {}, odd[kBlocks] = {};
        const auto add = [&](Vec8<T>* to, uint32_t i) __attribute__((always_inline)) {
          const T* v = factors_at(i) + first;
          for (int b = 0; b < kBlocks; ++b) {
            const Vec8<T> lanes = load_block<T>(v + 8 * b, kTail && b + 1 == kBlocks);
            if constexpr (kValued) {
              to[b] += lanes * T(values[i]);
            } else {
              to[b] += lanes;
            }
          }
        };
        uint32_t i = 0;
        for (; i + 2 <= count; i += 2) {
          add(even, i);
          add(odd, i + 1);
        }
        if (i < count) {
          add(even, i);
        }
        for (int b = 0; b < kBlocks; ++b) {
          const Vec8<T> total = even[b] + odd[b];
          store_block<T>(sums + first + 8 * b, total, kTail && b + 1 == kBlocks);
          squares += total * total;
        }
      });
  return sum_lanes<T>(squares);
}

// sum_i term(i), even and odd terms apart.
template <class T, class Term>
PAIRLOOM_INLINE T sum_terms(uint32_t count, Term&& term) {
  T even = 0, odd = 0;
  uint32_t i = 0;
  for (; i + 2 <= count; i += 2) {
    even += term(i);
    odd += term(i + 1);
  }
  if (i < count) {
    even += term(i);
  }
  return even + odd;
}

template <class T>
struct LinkedRows {
  Vec8<T> prediction;  // after the link
  Vec8<T> log_loss;    // of label 0; a row of label 1 loses `score` less
};

template <class T>
PAIRLOOM_INLINE LinkedRows<T> logistic_link(Vec8<T> score) {
  const Vec8<T> zero = broadcast<T>(T(0)), one = broadcast<T>(T(1));
  const Vec8<T> magnitude = larger<T>(score, -score);
  const Vec8<T> e = exp_of_negative<T>(-magnitude);
  const Vec8<T> numerator = score >= zero ? one : e;
  return {numerator / (one + e), larger<T>(score, zero) + log1p_of_fraction<T>(e)};
}

// Up to eight rows: predictions from scores, and the metrics' sums in row order.
template <class T>
PAIRLOOM_INLINE Vec8<T> link_rows(const T* scores, const float* labels, const float* weights,
                                  uint32_t count, Loss loss, MetricSums& metrics) {
  const Vec8<T> score = load8(scores);
  alignas(64) T prediction[8], log_loss[8];
  if (loss == Loss::kLogistic) {
    const LinkedRows<T> linked = logistic_link<T>(score);
    store8<T>(prediction, linked.prediction);
    store8<T>(log_loss, linked.log_loss);
    for (uint32_t j = 0; j < count; ++j) {
      const double weight = weights == nullptr ? 1.0 : double(weights[j]);
      const bool positive = labels[j] > 0.5f, predicted = prediction[j] >= T(0.5);
      metrics.weight += weight;
      metrics.log_loss += weight * double(log_loss[j] - T(labels[j]) * scores[j]);
      metrics.correct += positive == predicted ? weight : 0.0;
      metrics.true_positive += positive && predicted ? weight : 0.0;
      metrics.predicted_positive += predicted ? weight : 0.0;
      metrics.actual_positive += positive ? weight : 0.0;
    }
    return load8(prediction);
  }
  for (uint32_t j = 0; j < count; ++j) {
    const double weight = weights == nullptr ? 1.0 : double(weights[j]);
    const double error = double(scores[j]) - double(labels[j]);
    metrics.weight += weight;
    metrics.squared_error += weight * (error * error);
    metrics.absolute_error += weight * (error < 0 ? -error : error);
  }
  return score;
}

// A zero that turns NaN once a lane is not finite.
template <class T>
PAIRLOOM_INLINE bool all_finite(Vec8<T> zeros) {
  return sum_lanes<T>(zeros) == T(0);
}

// Adds derivative x S (and the derivative itself) to the accumulators of the row's slots.
template <class T, int K, bool kValued, class Slot>
PAIRLOOM_INLINE void push_row(const StepScratch<T>& scratch, uint32_t chunk, int padded_factors,
                              const Slot* slots, const float* values, uint32_t count, T derivative,
                              const T* sums) {
  T* const linear = scratch.linear_gradients[chunk];
  T* const square = scratch.square_gradients[chunk];
  T* const accumulators = scratch.factor_gradients[chunk];
  const int stride = K != 0 ? K : padded_factors;
  for (uint32_t i = 0; i < count; ++i) {
    if constexpr (kValued) {
      const T x = T(values[i]);
      linear[slots[i]] += derivative * x;
      square[slots[i]] += derivative * x * x;
    } else {
      linear[slots[i]] += derivative;
    }
  }
  for_block_groups<K>(
      padded_factors, [&]<int kBlocks, bool kTail>(int first) __attribute__((always_inline)) {
        Vec8<T> pushed[kBlocks];
        for (int b = 0; b < kBlocks; ++b) {
          pushed[b] = load_block<T>(sums + first + 8 * b, kTail && b + 1 == kBlocks) * derivative;
        }
        for (uint32_t i = 0; i < count; ++i) {
          T* to = accumulators + size_t{slots[i]} * static_cast<size_t>(stride) + first;
          for (int b = 0; b < kBlocks; ++b) {
            const bool four = kTail && b + 1 == kBlocks;
            Vec8<T> total = load_block<T>(to + 8 * b, four);
            if constexpr (kValued) {
              total += pushed[b] * T(values[i]);
            } else {
              total += pushed[b];
            }
            store_block<T>(to + 8 * b, total, four);
          }
        }
      });
}

template <class T, int K, bool kValued, class Slot>
PAIRLOOM_INLINE void score_chunk_of(const StepView<T>& view, const Slot* all_slots, uint32_t chunk,
                                    Loss loss) {
  const BatchView& batch = *view.batch;
  StepScratch<T>& scratch = *view.scratch;
  const int padded = K != 0 ? K : view.table->layout().padded_factors;
  const size_t stride = static_cast<size_t>(padded);
  const T bias = view.table->bias;
  ChunkResult<T> result{T(0), {}, true};
  Vec8<T> gradient = broadcast<T>(T(0)), finite = broadcast<T>(T(0));
  alignas(64) T scores[8], derivatives[8];
  const uint32_t end = batch.chunk_rows[chunk + 1];
  for (uint32_t row = batch.chunk_rows[chunk]; row < end; row += 8) {
    const uint32_t rows = end - row < 8 ? end - row : 8;
    for (uint32_t j = 0; j < 8; ++j) {
      scores[j] = derivatives[j] = T(0);
    }
    for (uint32_t j = 0; j < rows; ++j) {
      const uint32_t start = batch.row_starts[row + j];
      const uint32_t count = batch.row_starts[row + j + 1] - start;
      const Slot* slots = all_slots + start;
      const float* values = kValued ? batch.values + start : nullptr;
      const T linear = sum_terms<T>(count, [&](uint32_t i) __attribute__((always_inline)) {
        if constexpr (kValued) {
          const T x = T(values[i]);
          return x * (scratch.linear[slots[i]] - x * scratch.cross[slots[i]]);
        } else {
          return scratch.cross[slots[i]];
        }
      });
      const T squares = sum_factors<T, K, kValued>(
          padded,
          [&](uint32_t i) __attribute__((always_inline)) {
            return scratch.factors + size_t{slots[i]} * stride;
          },
          values, count, view.row_sums + j * stride);
      scores[j] = (bias + linear) + T(0.5) * squares;
    }
    const float* weights = batch.weights == nullptr ? nullptr : batch.weights + row;
    const Vec8<T> prediction =
        link_rows<T>(scores, batch.labels + row, weights, rows, loss, result.metrics);
    for (uint32_t j = 0; j < rows; ++j) {
      const T derivative = prediction[j] - T(batch.labels[row + j]);
      derivatives[j] = weights == nullptr ? derivative : T(weights[j]) * derivative;
    }
    gradient += load8(derivatives);
    finite += load8(scores) * T(0) + load8(derivatives) * T(0);
    for (uint32_t j = 0; j < rows; ++j) {
      const uint32_t start = batch.row_starts[row + j];
      push_row<T, K, kValued>(
          scratch, chunk, padded, all_slots + start, kValued ? batch.values + start : nullptr,
          batch.row_starts[row + j + 1] - start, derivatives[j], view.row_sums + j * stride);
    }
  }
  result.bias_gradient = sum_lanes<T>(gradient);
  result.finite = all_finite<T>(finite);
  scratch.results[chunk] = result;
}

template <class T, int K>
void score_chunk(const StepView<T>& view, uint32_t chunk, Loss loss) {
  const BatchView& batch = *view.batch;
  const bool valued = batch.values != nullptr;
  if (batch.short_slots != nullptr) {
    valued ? score_chunk_of<T, K, true>(view, batch.short_slots, chunk, loss)
           : score_chunk_of<T, K, false>(view, batch.short_slots, chunk, loss);
  } else {
    valued ? score_chunk_of<T, K, true>(view, batch.slots, chunk, loss)
           : score_chunk_of<T, K, false>(view, batch.slots, chunk, loss);
  }
}

template <class T, int K, bool kValued>
PAIRLOOM_INLINE void score_rows_of(const ScoreView<T>& view) {
  const TableLayout& layout = view.layout;
  const int linear_cell = layout.linear(), half_norm_cell = layout.half_norm();
  for (uint32_t row = 0; row < view.num_rows; ++row) {
    const uint32_t start = view.row_starts[row];
    const uint32_t count = view.row_starts[row + 1] - start;
    const T* const* entries = view.entries + start;
    const float* values = kValued ? view.values + start : nullptr;
    const T linear = sum_terms<T>(count, [&](uint32_t i) __attribute__((always_inline)) {
      const T w = entries[i][linear_cell], half_norm = entries[i][half_norm_cell];
      if constexpr (kValued) {
        const T x = T(values[i]);
        return x * (w - x * half_norm);
      } else {
        return w - half_norm;
      }
    });
    const T squares = sum_factors<T, K, kValued>(
        layout.padded_factors,
        [&](uint32_t i) __attribute__((always_inline)) { return entries[i]; }, values, count,
        view.row_sums);
    view.scores[row] = (view.bias + linear) + T(0.5) * squares;
  }
}

template <class T, int K>
void score_rows(const ScoreView<T>& view) {
  if (view.values == nullptr) {
    score_rows_of<T, K, false>(view);
  } else {
    score_rows_of<T, K, true>(view);
  }
}

template <class T>
void probabilities(const T* scores, T* probabilities, size_t count) {
  for (size_t first = 0; first < count; first += 8) {
    const size_t lanes = count - first < 8 ? count - first : 8;
    T block[8] = {};
    std::memcpy(block, scores + first, lanes * sizeof(T));
    store8<T>(block, logistic_link<T>(load8(block)).prediction);
    std::memcpy(probabilities + first, block, lanes * sizeof(T));
  }
}

template <class T>
void add_metrics(const T* scores, const float* labels, const float* weights, size_t count,
                 Loss loss, MetricSums* metrics) {
  for (size_t first = 0; first < count; first += 8) {
    const size_t lanes = count - first < 8 ? count - first : 8;
    T block[8] = {};
    std::memcpy(block, scores + first, lanes * sizeof(T));
    link_rows<T>(block, labels + first, weights == nullptr ? nullptr : weights + first,
                 static_cast<uint32_t>(lanes), loss, *metrics);
  }
}
