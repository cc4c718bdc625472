// Training in one process: blocks of many mini-batches per call, by a team of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pairloom/loss.h"
#include "pairloom/optimizer.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_batch.h"
#include "pairloom/simd.h"
#include "pairloom/step.h"
#include "pairloom/thread_pool.h"
#include "pairloom/touches.h"

namespace pairloom {

// What a call of train() did.
struct BlockResult {
  size_t num_batches = 0;            // applied
  MetricSums last_batch;             // metrics of the last of them
  const char* not_finite = nullptr;  // what diverged in the mini-batch after those, or null
  bool no_room = false;              // for the new features of the mini-batch after those
};

// What a step with gradients from elsewhere did.
struct GradientResult {
  std::vector<int64_t> features;     // changed, ascending
  MetricSums metrics;                // of the mini-batch
  const char* not_finite = nullptr;  // what diverged, or null; nothing is then changed
};

template <class T>
class Trainer {
 public:
  // With `growth`, entries are made as features are seen.
  Trainer(int64_t feature_dim, int num_factors, Loss loss, const OptimizerSettings& optimizer,
          SimdPath path, const std::optional<Growth>& growth = std::nullopt);

  ParameterTable<T>& table() { return table_; }
  const ParameterTable<T>& table() const { return table_; }
  FeatureMap& features() { return features_; }
  const FeatureMap& features() const { return features_; }
  SimdPath path() const { return path_; }
  Loss loss() const { return loss_; }
  const OptimizerSettings& optimizer() const { return optimizer_; }
  uint64_t step_count() const { return step_count_; }
  void set_step_count(uint64_t count) { step_count_ = count; }

  // Sets parameters and optimizer state to those before the first step.
  void initialize(const TableInit& init, int num_threads);
  // Sets the optimizer's state to that before the first step from the parameters as they are.
  void start_states(int num_threads);
  // Makes the optimizer's state fit parameters or rates that were changed.
  void mend_states();
  // Takes over the learning rates of other settings, and makes the optimizer's state fit them.
  void set_learning_rates(const OptimizerSettings& settings);
  // Of a table that grows: gives features entries, as they start. False when there is no room.
  bool add_features(std::vector<uint32_t> features);
  // The entries of features, which a table that grows first gives to those that have none. Throws
  // std::bad_alloc without room.
  FeatureEntries take_in(std::span<const int64_t> features);
  // Puts parameters back that were copied from this table; features seen since start anew.
  void restore_parameters(const ParameterTable<T>& snapshot);

  // One step for each mini-batch boundaries[b] .. boundaries[b + 1] of positions in `rows`.
  // A NaN or an infinity ends the call; the parameters are then those before its mini-batch.
  // Adds the mini-batches' metrics to `totals` one by one, each row scored before its own update,
  // so that sums do not depend on how an epoch is cut into calls. `kept`, which takes rows in
  // their own order, holds prepared mini-batches of earlier epochs and takes new ones.
  BlockResult train(const RowOrder& rows, const std::vector<int64_t>& boundaries, int num_threads,
                    MetricSums& totals, KeptBatches* kept = nullptr);

  // The gradient of the rows at positions begin .. end as one chunk; no parameter changes. Throws
  // std::bad_alloc where a table that grows has no room for their features.
  RowGradient<T> gradient(const RowOrder& rows, int64_t begin, int64_t end);
  // One step with the gradients of a mini-batch's chunks, added in their order. Throws likewise.
  GradientResult apply(std::span<const RowGradient<T>> chunks);

  // From now on notes which features the mini-batches touch, and how many where merges ask for it.
  void note_touches();
  TouchedFeatures take_touches() {
    return touches_ ? touches_->take(features_) : TouchedFeatures{};
  }

  // Takes over everything that training has changed; shapes and optimizers must be equal.
  void copy_state(const Trainer& other);

 private:
  struct Block;
  void reserve(const RowOrder& rows, const std::vector<int64_t>& boundaries, int num_threads);
  int useful_threads(const RowOrder& rows, const std::vector<int64_t>& boundaries,
                     int num_threads) const;
  void make_entries();
  void prepare(Block& block, size_t batch, int part);
  bool prepare_part(int part);
  void begin_batch(Block& block);
  void work(Block& block, const TeamMember& member);
  template <class Unit, class AtEnd>
  void run_phase(Block& block, const TeamMember& member, int phase, uint32_t num_units, Unit&& unit,
                 AtEnd&& at_end);
  void finish_batch(Block& block);

  Loss loss_;
  OptimizerSettings optimizer_;
  SimdPath path_;
  ParameterTable<T> table_;
  FeatureMap features_;
  Preparer preparer_;
  Step<T> step_;
  PreparedBatch prepared_[2];
  uint64_t step_count_ = 0;
  std::optional<Touches> touches_;
};

extern template class Trainer<float>;
extern template class Trainer<double>;

}  // namespace pairloom
