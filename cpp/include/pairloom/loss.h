// Losses, and what a pass over rows adds up for the metrics.
#pragma once

namespace pairloom {

enum class Loss { kSquared, kLogistic };

// Sums over rows, each row counted by its weight. Every metric of a pass follows from them.
struct MetricSums {
  double weight = 0;
  double log_loss = 0;  // logistic only, as the four counts below
  double correct = 0;
  double true_positive = 0;
  double predicted_positive = 0;
  double actual_positive = 0;
  double squared_error = 0;  // squared only
  double absolute_error = 0;

  void add(const MetricSums& other);
};

}  // namespace pairloom
