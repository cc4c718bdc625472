#include "pairloom/loss.h"

namespace pairloom {

void MetricSums::add(const MetricSums& other) {
  weight += other.weight;
  log_loss += other.log_loss;
  correct += other.correct;
  true_positive += other.true_positive;
  predicted_positive += other.predicted_positive;
  actual_positive += other.actual_positive;
  squared_error += other.squared_error;
  absolute_error += other.absolute_error;
}

}  // namespace pairloom
