// Optimizers: how a parameter group's gradient changes its parameters.
#pragma once

#include <cstdint>

namespace pairloom {

// The last step of a mini-batch for one parameter group.
struct GroupRates {
  double learning_rate = 0.0;
  double weight_decay = 0.0;  // coupled L2: added to the gradient before clipping
};

// Adam as MXNet 1.3 runs it (contract section 1; Kingma and Ba 2015 with the bias corrections
// folded into the rate). `rescale_grad` multiplies the summed gradient of a mini-batch.
struct AdamSettings {
  GroupRates bias, linear, factors;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double rescale_grad = 1.0;
  double clip_gradient = 0.0;  // 0: gradients are not clipped
  bool lazy_update = true;     // only features of the mini-batch are updated
};

inline constexpr int kAdamStateSlots = 2;

// The settings as one step uses them; `step` counts mini-batches from 1.
template <class T>
struct AdamStep {
  T bias_rate, linear_rate, factors_rate;  // with the step's bias corrections
  T bias_decay, linear_decay, factors_decay;
  T beta1, beta2, one_minus_beta1, one_minus_beta2;
  T epsilon, rescale_grad, clip_gradient;  // infinite when gradients are not clipped
};

template <class T>
AdamStep<T> adam_step(const AdamSettings& settings, uint64_t step);

}  // namespace pairloom
