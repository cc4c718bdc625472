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
#include "pairloom/thread_pool.h"

namespace pairloom {

namespace {

constexpr int64_t kRowsPerRange = 1024;  // a thread's share
constexpr int64_t kRowsPerCall = 32;     // entries prefetched before they are summed

// The nonzeros of a few rows as pointers to their entries; `entry_of` gives a feature's.
template <class T, class EntryOf>
class EntryRows {
 public:
  EntryRows(const ParameterTable<T>& table, const EntryOf& entry_of, const RowBatch& rows)
      : table_(table), entry_of_(entry_of), rows_(rows) {}

  ScoreView<T> collect(int64_t begin, int64_t end) {
    int64_t capacity = 0;
    for (int64_t row = begin; row < end; ++row) {
      capacity += rows_.row_capacity(row);
    }
    entries_.resize(static_cast<size_t>(capacity) + 1);
    values_.resize(entries_.size());
    row_starts_.assign(1, 0);
    uint32_t at = 0;
    for (int64_t row = begin; row < end; ++row) {
      at = rows_.dense()            ? add_dense(row, at)
           : rows_.ids32 != nullptr ? add_sparse(rows_.ids32, row, at)
                                    : add_sparse(rows_.ids64, row, at);
      row_starts_.push_back(at);
    }
    return {&table_,
            row_starts_.data(),
            entries_.data(),
            rows_.values == nullptr ? nullptr : values_.data(),
            static_cast<uint32_t>(end - begin),
            nullptr,
            nullptr};
  }

 private:
  const T* entry(int64_t feature) const {
    const T* cells = table_.entry(entry_of_(feature));
    const auto bytes = static_cast<size_t>(table_.layout().padded_factors + 2) * sizeof(T);
    for (size_t line = 0; line < bytes; line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(cells) + line);
    }
    return cells;
  }

  uint32_t add_dense(int64_t row, uint32_t at) {
    const float* values = rows_.values + row * rows_.feature_dim;
    for (int64_t feature = 0; feature < rows_.feature_dim; ++feature) {
      if (values[feature] != 0.0f) {
        entries_[at] = entry(feature);
        values_[at++] = values[feature];
      }
    }
    return at;
  }

  template <class Id>
  uint32_t add_sparse(const Id* ids, int64_t row, uint32_t at) {
    for (int64_t i = rows_.row_offsets[row]; i < rows_.row_offsets[row + 1]; ++i) {
      const float value = rows_.values == nullptr ? 1.0f : rows_.values[i];
      if (value != 0.0f) {
        entries_[at] = entry(static_cast<int64_t>(ids[i]));
        values_[at++] = value;
      }
    }
    return at;
  }

  const ParameterTable<T>& table_;
  const EntryOf& entry_of_;
  const RowBatch& rows_;
  std::vector<uint32_t> row_starts_;
  std::vector<const T*> entries_;
  std::vector<float> values_;
};

template <class T, class EntryOf>
void score_entries(const ParameterTable<T>& table, const EntryOf& entry_of, const RowBatch& rows,
                   SimdPath path, int num_threads, T* scores) {
  const Kernels<T>& kernels = find_kernels<T>(table.layout().padded_factors, path);
  parallel_ranges(
      rows.num_rows, num_threads,
      [&](int64_t begin, int64_t end) {
        EntryRows<T, EntryOf> entry_rows(table, entry_of, rows);
        std::vector<T> row_sums(static_cast<size_t>(table.layout().padded_factors));
        for (int64_t row = begin; row < end; row += kRowsPerCall) {
          ScoreView<T> view = entry_rows.collect(row, std::min(end, row + kRowsPerCall));
          view.scores = scores + row;
          view.row_sums = row_sums.data();
          kernels.score_rows(view);
        }
      },
      kRowsPerRange);
}

}  // namespace

template <class T>
void score_rows(const ParameterTable<T>& table, const FeatureMap* only_trained,
                const RowBatch& rows, SimdPath path, int num_threads, T* scores) {
  const auto own = [](int64_t feature) { return feature; };
  const auto own_if_trained = [&](int64_t feature) {
    return only_trained->trained(feature) ? feature : table.zero_entry();
  };
  if (only_trained == nullptr) {
    score_entries(table, own, rows, path, num_threads, scores);
  } else {
    score_entries(table, own_if_trained, rows, path, num_threads, scores);
  }
}

void score_stored_rows(const ParameterTable<float>& table, const StoredFeatures& features,
                       bool only_trained, const RowBatch& rows, SimdPath path, int num_threads,
                       float* scores) {
  const auto own = [](int64_t feature) { return feature; };
  const auto own_if_trained = [&](int64_t feature) { return features.trained_entry(feature); };
  if (only_trained || features.ranks != nullptr) {
    score_entries(table, own_if_trained, rows, path, num_threads, scores);
  } else {
    score_entries(table, own, rows, path, num_threads, scores);
  }
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

#define PAIRLOOM_INSTANTIATE(T)                                                                    \
  template void score_rows(const ParameterTable<T>&, const FeatureMap*, const RowBatch&, SimdPath, \
                           int, T*);                                                               \
  template void probabilities_of(const T*, size_t, T*);                                            \
  template MetricSums metrics_of(const T*, const float*, const float*, size_t, Loss);              \
  template double area_under_curve(const T*, const float*, size_t);
PAIRLOOM_INSTANTIATE(float)
PAIRLOOM_INSTANTIATE(double)
#undef PAIRLOOM_INSTANTIATE

}  // namespace pairloom
