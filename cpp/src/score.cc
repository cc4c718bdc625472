#include "pairloom/score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels.h"
#include "pairloom/stored_table.h"
#include "score_entries.h"

namespace pairloom {

template <class T>
void score_rows(const ParameterTable<T>& table, const FeatureMap& features, bool only_trained,
                const RowBatch& rows, SimdPath path, int num_threads, T* scores) {
  with_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    score_entries<T>(table, entry_of, rows, nullptr, path, num_threads, scores);
  });
}

void score_stored_rows(const ParameterTable<float>& table, const StoredFeatures& features,
                       bool only_trained, const RowBatch& rows, SimdPath path, int num_threads,
                       float* scores) {
  with_stored_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    score_entries<float>(table, entry_of, rows, nullptr, path, num_threads, scores);
  });
}

template <class T>
void probabilities_of(const T* scores, size_t count, T* probabilities) {
  find_kernels<T>(0, SimdPath::kBaseline).probabilities(scores, probabilities, count);
}

template <class T>
MetricSums metrics_of(const T* scores, const float* labels, const float* weights, size_t count,
                      Loss loss) {
  MetricSums metrics;
  find_kernels<T>(0, SimdPath::kBaseline)
      .add_metrics(scores, labels, weights, count, loss, &metrics);
  return metrics;
}

template <class T>
double area_under_curve(const T* scores, const float* labels, size_t count) {
  std::vector<std::pair<T, bool>> ranked(count);
  uint64_t positives = 0;
  for (size_t row = 0; row < count; ++row) {
    if (std::isnan(scores[row])) {
      throw std::invalid_argument("the score of row " + std::to_string(row) +
                                  " is NaN; ranks need numbers");
    }
    ranked[row] = {scores[row], labels[row] > 0.5f};
    positives += ranked[row].second ? 1 : 0;
  }
  const uint64_t negatives = count - positives;
  if (positives == 0 || negatives == 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  uint64_t negatives_below = 0, twice_ordered = 0;
  for (size_t begin = 0; begin < count;) {
    uint64_t tied[2] = {0, 0};
    size_t end = begin;
    for (; end < count && ranked[end].first == ranked[begin].first; ++end) {
      ++tied[ranked[end].second ? 1 : 0];
    }
    twice_ordered += tied[1] * (2 * negatives_below + tied[0]);
    negatives_below += tied[0];
    begin = end;
  }
  return static_cast<double>(twice_ordered) /
         (2.0 * static_cast<double>(positives) * static_cast<double>(negatives));
}

#define PAIRLOOM_INSTANTIATE(T)                                                                \
  template void score_rows(const ParameterTable<T>&, const FeatureMap&, bool, const RowBatch&, \
                           SimdPath, int, T*);                                                 \
  template void probabilities_of(const T*, size_t, T*);                                        \
  template MetricSums metrics_of(const T*, const float*, const float*, size_t, Loss);          \
  template double area_under_curve(const T*, const float*, size_t);
PAIRLOOM_INSTANTIATE(float)
PAIRLOOM_INSTANTIATE(double)
#undef PAIRLOOM_INSTANTIATE

}  // namespace pairloom
