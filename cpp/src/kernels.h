// The inner loops as a table of functions, one table per (T, instruction path, factor count). A
// kernel call does at least a few microseconds of work, so the indirection costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairloom/loss.h"
#include "pairloom/optimizer.h"
#include "pairloom/parameter_table.h"
#include "pairloom/simd.h"

namespace pairloom {

inline constexpr uint32_t kMaxChunks = 8;
inline constexpr uint32_t kSlotPadding = 64;  // slots behind the last that prefetching may look at

// A prepared mini-batch: its rows as slots. Slot s stands for table entry entries[s]; slots are
// numbered by first appearance.
struct BatchView {
  uint32_t num_rows;
  uint32_t num_slots;
  uint32_t num_chunks;
  uint32_t chunk_rows[kMaxChunks + 1];  // chunk c holds rows chunk_rows[c] .. chunk_rows[c + 1]
  uint32_t chunk_slots[kMaxChunks];     // slots that had appeared by the end of chunk c
  const uint32_t* row_starts;           // num_rows + 1
  const uint32_t* slots;                // one per nonzero, unless short_slots are there
  const uint16_t* short_slots;          // the same in half the memory: of kept mini-batches
  const float* values;                  // one per nonzero, or null when all are 1.0
  bool values_in_place;                 // they are those of the rows, not a copy
  const float* labels;                  // one per row
  const float* weights;                 // one per row, or null when all are 1
  const uint32_t* entries;              // num_slots, then kSlotPadding times the zero entry
};

template <class T>
struct ChunkResult {
  T bias_gradient;
  MetricSums metrics;
  bool finite;  // every score and loss derivative of the chunk
};

// Dense scratch of one mini-batch, indexed by slot.
template <class T>
struct StepScratch {
  T* factors;                       // gathered, padded_factors per slot
  T* linear;                        // gathered linear weights
  T* cross;                         // |v|^2 / 2, or w - |v|^2 / 2 when all values are 1.0
  T* factor_gradients[kMaxChunks];  // sum of g x S, padded_factors per slot
  T* linear_gradients[kMaxChunks];  // sum of g x
  T* square_gradients[kMaxChunks];  // sum of g x^2; with all values 1.0 not used
  ChunkResult<T> results[kMaxChunks];
};

template <class T>
struct StepView {
  const BatchView* batch;
  const ParameterTable<T>* table;
  const uint32_t* features;  // of the entries, or null where each has the feature of its index
  StepScratch<T>* scratch;
  T* row_sums;  // of the calling thread: 8 rows x padded_factors
};

// Rows to score straight from the table, without slots.
template <class T>
struct ScoreView {
  T bias;
  TableLayout layout;          // of the entries, whose factors are whole
  const uint32_t* row_starts;  // num_rows + 1
  const T* const* entries;     // one per nonzero
  const float* values;         // one per nonzero, or null when all are 1.0
  uint32_t num_rows;
  T* scores;
  T* row_sums;  // of the calling thread: padded_factors
};

// How entries are updated: an optimizer, or its row-wise form.
inline constexpr int kNumEntryRules = kNumOptimizers + 2;

template <class T>
int entry_rule(const OptimizerStep<T>& step) {
  if (!step.rowwise_state) {
    return static_cast<int>(step.optimizer);
  }
  return kNumOptimizers + (step.optimizer == Optimizer::kAdam ? 0 : 1);
}

template <class T>
struct Kernels {
  // Copies the parameters of slots begin .. end from the table to the scratch.
  void (*gather)(const StepView<T>&, uint32_t begin, uint32_t end);
  // Scores the rows of one chunk and pushes their gradients to the chunk's accumulators.
  void (*score_chunk)(const StepView<T>&, uint32_t chunk, Loss);
  // Adds the last `chunks` accumulators in order into those of the last; clears the others.
  void (*reduce)(const StepView<T>&, uint32_t begin, uint32_t end, uint32_t chunks);
  // Optimizer step of slots begin .. end (multiples of 8) over the last `chunks` accumulators,
  // which it clears. False when a NaN or an infinity came up.
  bool (*apply[kNumEntryRules])(const StepView<T>&, const OptimizerStep<T>&, uint32_t begin,
                                uint32_t end, uint32_t chunks);
  bool (*apply_bias[kNumOptimizers])(T& bias, T* states, T gradient, const OptimizerStep<T>&);
  void (*score_rows)(const ScoreView<T>&);
  void (*probabilities)(const T* scores, T* probabilities, size_t count);
  // Adds rows whose scores are known to the metrics, in order.
  void (*add_metrics)(const T* scores, const float* labels, const float* weights, size_t count,
                      Loss, MetricSums*);
};

template <class T>
const Kernels<T>& find_kernels(int padded_factors, SimdPath path,
                               FactorType factor_type = FactorType::kWhole);

// The tables of one translation unit each.
namespace baseline {
const Kernels<float>& float_kernels(int padded_factors, FactorType factor_type);
const Kernels<double>& double_kernels();
}  // namespace baseline
namespace avx2 {
const Kernels<float>& float_kernels(int padded_factors, FactorType factor_type);
}  // namespace avx2

}  // namespace pairloom
