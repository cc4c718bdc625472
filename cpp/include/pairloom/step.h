// A mini-batch step as four operations, each callable alone: prepare (prepare.h) and gather, score,
// reduce, apply. A trainer in one process fuses reduce into apply; workers that reduce to an owner
// call them one by one and get the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "pairloom/loss.h"
#include "pairloom/memory.h"
#include "pairloom/optimizer.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_gradient.h"
#include "pairloom/simd.h"

namespace pairloom {

template <class T>
struct StepScratch;
template <class T>
struct StepView;
template <class T>
struct Kernels;

template <class T>
class Step {
 public:
  // How many slots one unit of gather, reduce or apply covers.
  static constexpr uint32_t kUnitSlots = 512;

  // `features` are those of the entries, or null where each has the feature of its index.
  Step(ParameterTable<T>& table, Loss loss, SimdPath path, const uint32_t* features = nullptr);
  ~Step();

  // Makes room for batches of up to `num_slots` slots and teams of up to `num_threads`. Not while
  // a step runs.
  void reserve(int64_t num_slots, bool valued, int num_threads);

  void set_batch(const BatchView& batch) { batch_ = &batch; }
  uint32_t num_chunks() const;
  uint32_t num_units() const;  // of gather, reduce and apply

  void gather(uint32_t unit);
  void score(uint32_t chunk, int member);
  // After all chunks are scored: sums their metrics and bias gradients in order. False when a
  // score or a loss derivative is not finite; the parameters are then untouched.
  bool collect(MetricSums& metrics);
  void reduce(uint32_t unit);
  // False when a parameter or its state is no longer finite; undo() then restores the batch.
  bool apply(const OptimizerStep<T>& settings, uint32_t unit);
  bool apply_reduced(const OptimizerStep<T>& settings, uint32_t unit);
  bool apply_bias(const OptimizerStep<T>& settings);
  // Copies the gradient of a batch of one chunk, which was scored, and clears it.
  RowGradient<T> take_gradient(const FeatureMap& features);
  // For a batch of one chunk that is not scored: sets its gradient to zero, then adds to it.
  // `features` are those of the batch's slots, which ascend; those of `gradient` must be among
  // them.
  void start_gradients();
  void add_gradient(const RowGradient<T>& gradient, std::span<const int64_t> features);
  // Puts back the parameters before the batch and clears the accumulators. The states of its
  // features keep its gradient, or start anew where they overflowed.
  void undo(const OptimizerStep<T>& settings);

 private:
  template <class Part>
  void for_chunk_parts(uint32_t unit, Part&& part) const;
  StepView<T> view(int member) const;
  void clear_gradients();

  ParameterTable<T>& table_;
  const uint32_t* features_;
  Loss loss_;
  const Kernels<T>& kernels_;
  const BatchView* batch_ = nullptr;
  std::unique_ptr<StepScratch<T>> scratch_;
  LargeArray<T> gathered_, accumulators_, row_sums_;
  size_t slot_capacity_ = 0;
  bool valued_ = false;
  T bias_gradient_ = 0;
  T bias_before_ = 0;
  T bias_state_before_[2] = {0, 0};
};

extern template class Step<float>;
extern template class Step<double>;

}  // namespace pairloom
