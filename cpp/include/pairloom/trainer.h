// Training in one process: blocks of many mini-batches per call, by a team of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "pairloom/loss.h"
#include "pairloom/optimizer.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_batch.h"
#include "pairloom/simd.h"
#include "pairloom/step.h"
#include "pairloom/thread_pool.h"

namespace pairloom {

// What a call of train() did.
struct BlockResult {
  size_t num_batches = 0;            // applied
  MetricSums last_batch;             // metrics of the last of them
  const char* not_finite = nullptr;  // what diverged in the mini-batch after those, or null
};

template <class T>
class Trainer {
 public:
  Trainer(int64_t feature_dim, int num_factors, Loss loss, const OptimizerSettings& optimizer,
          SimdPath path);

  ParameterTable<T>& table() { return table_; }
  const ParameterTable<T>& table() const { return table_; }
  FeatureMap& features() { return features_; }
  const FeatureMap& features() const { return features_; }
  SimdPath path() const { return path_; }
  Loss loss() const { return loss_; }
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
  // Puts parameters back that were copied from this table.
  void restore_parameters(const ParameterTable<T>& snapshot);

  // One step for each mini-batch boundaries[b] .. boundaries[b + 1] of positions in `rows`.
  // A NaN or an infinity ends the call; the parameters are then those before its mini-batch.
  // Adds the mini-batches' metrics to `totals` one by one, each row scored before its own update,
  // so that sums do not depend on how an epoch is cut into calls. `kept`, which takes rows in
  // their own order, holds prepared mini-batches of earlier epochs and takes new ones.
  BlockResult train(const RowOrder& rows, const std::vector<int64_t>& boundaries, int num_threads,
                    MetricSums& totals, KeptBatches* kept = nullptr);

  // Takes over everything that training has changed; shapes and optimizers must be equal.
  void copy_state(const Trainer& other);

 private:
  struct Block;
  void reserve(const RowOrder& rows, const std::vector<int64_t>& boundaries, int num_threads);
  int useful_threads(const RowOrder& rows, const std::vector<int64_t>& boundaries,
                     int num_threads) const;
  void prepare(Block& block, size_t batch, int part);
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
};

extern template class Trainer<float>;
extern template class Trainer<double>;

}  // namespace pairloom
