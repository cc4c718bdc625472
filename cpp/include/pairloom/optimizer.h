// Optimizers: how a parameter group's gradient changes its parameters.
#pragma once

#include <cstdint>

#include "pairloom/parameter_table.h"

namespace pairloom {

enum class Optimizer { kAdam, kAdaGrad, kFtrl, kSgd };
inline constexpr int kNumOptimizers = 4;

// How one parameter group learns.
struct GroupRates {
  double learning_rate = 0.0;
  double weight_decay = 0.0;  // L2: added to the gradient before clipping; FTRL's lambda_2
  double l1 = 0.0;            // FTRL's lambda_1; the others do not use it
};

// adam     as MXNet 1.3 runs it (contract section 1; Kingma and Ba 2015, algorithm 1, with the bias
//          corrections folded into the rate)
// adagrad  Duchi, Hazan and Singer 2011, the diagonal form of equation 1
// ftrl     FTRL-proximal, McMahan et al. 2013, algorithm 1
// sgd      w -= rate x gradient
// `rescale_grad` multiplies the summed gradient of a mini-batch.
struct OptimizerSettings {
  Optimizer optimizer = Optimizer::kAdam;
  GroupRates bias, linear, factors;
  double beta1 = 0.9;                // adam
  double beta2 = 0.999;              // adam
  double epsilon = 1e-8;             // adam, adagrad
  double initial_accumulator = 1.0;  // adagrad: where the sums of squared gradients start
  double ftrl_beta = 1.0;
  double rescale_grad = 1.0;
  double clip_gradient = 0.0;  // 0: gradients are not clipped
  bool lazy_update = true;     // only features of the mini-batch are updated
  // adam, adagrad: all factors of an entry have one second moment, or sum of squared gradients,
  // which takes the mean of their squared gradients.
  bool rowwise_state = false;
  FactorType factor_type = FactorType::kWhole;
  uint64_t rounding_seed = 0;  // of updated factors of bfloat16
};

// Values that the optimizer keeps for each parameter:
// adam the two moments; adagrad the sum of squared gradients; ftrl that sum, then z; sgd none.
int state_slots(Optimizer optimizer);

// The lines of a table that these settings train.
TableLayout layout_of(const OptimizerSettings& settings, int num_factors);

template <class T>
struct GroupStep {
  T rate;  // Adam's with the step's bias corrections
  T decay;
  T l1;
};

// The settings as one step uses them.
template <class T>
struct OptimizerStep {
  Optimizer optimizer;
  bool rowwise_state;
  GroupStep<T> bias, linear, factors;
  T beta1, beta2, one_minus_beta1, one_minus_beta2;
  T epsilon, initial_accumulator, ftrl_beta;
  T rescale_grad, clip_gradient;  // the latter infinite when gradients are not clipped
  uint64_t rounding_key;          // of this step
};

// `step` counts mini-batches from 1.
template <class T>
OptimizerStep<T> optimizer_step(const OptimizerSettings& settings, uint64_t step);

// Sets the state of every parameter as it is before its first step.
template <class T>
void start_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int num_threads);
template <class T>
void start_entry_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int64_t index);

// Makes states fit parameters that were put back, of the bias or of one entry: a state that
// overflowed starts anew, and FTRL's z is the one that gives the parameter.
template <class T>
void mend_bias_state(const OptimizerStep<T>& step, ParameterTable<T>& table);
template <class T>
void mend_entry_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int64_t index);

}  // namespace pairloom
