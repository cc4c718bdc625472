#include "pairloom/optimizer.h"

#include <cmath>
#include <limits>

#include "elementary.h"

namespace pairloom {

template <class T>
AdamStep<T> adam_step(const AdamSettings& settings, uint64_t step) {
  const double correction = std::sqrt(1.0 - integer_power(settings.beta2, step)) /
                            (1.0 - integer_power(settings.beta1, step));
  AdamStep<T> now{};
  now.bias_rate = T(settings.bias.learning_rate * correction);
  now.linear_rate = T(settings.linear.learning_rate * correction);
  now.factors_rate = T(settings.factors.learning_rate * correction);
  now.bias_decay = T(settings.bias.weight_decay);
  now.linear_decay = T(settings.linear.weight_decay);
  now.factors_decay = T(settings.factors.weight_decay);
  now.beta1 = T(settings.beta1);
  now.beta2 = T(settings.beta2);
  now.one_minus_beta1 = T(1.0 - settings.beta1);
  now.one_minus_beta2 = T(1.0 - settings.beta2);
  now.epsilon = T(settings.epsilon);
  now.rescale_grad = T(settings.rescale_grad);
  now.clip_gradient =
      settings.clip_gradient > 0 ? T(settings.clip_gradient) : std::numeric_limits<T>::infinity();
  return now;
}

template AdamStep<float> adam_step<float>(const AdamSettings&, uint64_t);
template AdamStep<double> adam_step<double>(const AdamSettings&, uint64_t);

}  // namespace pairloom
