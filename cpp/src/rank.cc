#include "pairloom/rank.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels.h"
#include "score_entries.h"

namespace pairloom {

namespace {

// Calls `use` with each feature of a row whose value is not zero, and the value.
template <class Use>
void for_each_nonzero(const RowBatch& rows, int64_t row, Use&& use) {
  if (rows.dense()) {
    const float* values = rows.values + row * rows.feature_dim;
    for (int64_t feature = 0; feature < rows.feature_dim; ++feature) {
      if (values[feature] != 0.0f) {
        use(feature, values[feature]);
      }
    }
    return;
  }
  for (int64_t i = rows.row_offsets[row]; i < rows.row_offsets[row + 1]; ++i) {
    const float value = rows.values == nullptr ? 1.0f : rows.values[i];
    if (value != 0.0f) {
      use(rows.ids32 != nullptr ? int64_t{rows.ids32[i]} : static_cast<int64_t>(rows.ids64[i]),
          value);
    }
  }
}

// A feature that a candidate and the context both hold.
struct Overlap {
  int64_t candidate;
  int64_t feature;
  float product;  // of the two values
};

std::vector<Overlap> find_overlaps(const RowBatch& context, const RowBatch& candidates) {
  std::vector<std::pair<int64_t, float>> held;
  for_each_nonzero(context, 0,
                   [&](int64_t feature, float value) { held.emplace_back(feature, value); });
  std::vector<Overlap> overlaps;
  if (held.empty()) {
    return overlaps;
  }
  std::sort(held.begin(), held.end());
  const int64_t lowest = held.front().first, highest = held.back().first;
  for (int64_t row = 0; row < candidates.num_rows; ++row) {
    for_each_nonzero(candidates, row, [&](int64_t feature, float value) {
      if (feature < lowest || feature > highest) {
        return;
      }
      const auto found =
          std::lower_bound(held.begin(), held.end(), feature,
                           [](const auto& pair, int64_t wanted) { return pair.first < wanted; });
      if (found->first == feature) {
        overlaps.push_back({row, feature, found->second * value});
      }
    });
  }
  return overlaps;
}

std::vector<Overlap> allowed_overlaps(const Ranking& ranking) {
  const std::vector<Overlap> overlaps = find_overlaps(ranking.context, ranking.candidates);
  if (!ranking.adds_overlap && !overlaps.empty()) {
    const Overlap& first = overlaps.front();
    throw std::invalid_argument("candidate " + std::to_string(first.candidate) + " holds feature " +
                                std::to_string(first.feature) + ", which the context holds too");
  }
  return overlaps;
}

// One entry that adds to any row what the context's nonzeros would: the sum of their factors, and
// all of their linear terms less their own squares.
template <class T, class EntryOf>
std::vector<T> context_entry(const ParameterTable<T>& table, const EntryOf& entry_of,
                             const Ranking& ranking) {
  const int padded = table.layout().padded_factors;
  std::vector<T> cells(static_cast<size_t>(padded) + 2);
  EntryRows<T, EntryOf> rows(table, entry_of, ranking.context);
  ScoreView<T> view = rows.collect(0, 1);
  T score;
  view.scores = &score;
  view.row_sums = cells.data();
  find_kernels<T>(padded, ranking.path).score_rows(view);
  double linear = 0.0;
  for (uint32_t i = 0; i < view.row_starts[1]; ++i) {
    const double x = view.values == nullptr ? 1.0 : double{view.values[i]};
    linear += x * (double{view.entries[i][view.layout.linear()]} -
                   x * double{view.entries[i][view.layout.half_norm()]});
  }
  cells[static_cast<size_t>(view.layout.linear())] = static_cast<T>(linear);
  return cells;
}

template <class T>
std::vector<RankedCandidate<T>> highest_of(const std::vector<T>& scores, int64_t count) {
  std::vector<RankedCandidate<T>> ranked(scores.size());
  for (size_t row = 0; row < scores.size(); ++row) {
    if (!std::isfinite(scores[row])) {
      throw std::invalid_argument("candidate " + std::to_string(row) + " has the score " +
                                  std::to_string(scores[row]) +
                                  ": values are too large for float32 arithmetic; scale them");
    }
    ranked[row] = {static_cast<int64_t>(row), scores[row]};
  }
  const auto kept = ranked.begin() + std::min(count, static_cast<int64_t>(ranked.size()));
  std::partial_sort(ranked.begin(), kept, ranked.end(), [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.candidate < b.candidate;
  });
  ranked.erase(kept, ranked.end());
  return ranked;
}

template <class T, class EntryOf>
std::vector<RankedCandidate<T>> rank_entries(const ParameterTable<T>& table,
                                             const EntryOf& entry_of, const Ranking& ranking) {
  const std::vector<Overlap> overlaps = allowed_overlaps(ranking);
  const std::vector<T> shared = context_entry(table, entry_of, ranking);
  std::vector<T> scores(static_cast<size_t>(ranking.candidates.num_rows));
  score_entries<T>(table, entry_of, ranking.candidates, shared.data(), ranking.path,
                   ranking.num_threads, scores.data());
  // Until here a feature of both counts as a pair of two features, which one alone does not make.
  DrawnEntries<T> drawn;
  for (const Overlap& overlap : overlaps) {
    drawn.clear();
    const T* entry = entry_of(overlap.feature, drawn);
    scores[static_cast<size_t>(overlap.candidate)] -=
        T(2) * T(overlap.product) * entry[table.layout().half_norm()];
  }
  return highest_of(scores, ranking.count);
}

}  // namespace

template <class T>
std::vector<RankedCandidate<T>> rank_rows(const ParameterTable<T>& table,
                                          const FeatureMap& features, bool only_trained,
                                          const Ranking& ranking) {
  std::vector<RankedCandidate<T>> ranked;
  with_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    ranked = rank_entries<T>(table, entry_of, ranking);
  });
  return ranked;
}

std::vector<RankedCandidate<float>> rank_stored_rows(const ParameterTable<float>& table,
                                                     const StoredFeatures& features,
                                                     bool only_trained, const Ranking& ranking) {
  std::vector<RankedCandidate<float>> ranked;
  with_stored_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    ranked = rank_entries<float>(table, entry_of, ranking);
  });
  return ranked;
}

template std::vector<RankedCandidate<float>> rank_rows(const ParameterTable<float>&,
                                                       const FeatureMap&, bool, const Ranking&);
template std::vector<RankedCandidate<double>> rank_rows(const ParameterTable<double>&,
                                                        const FeatureMap&, bool, const Ranking&);

}  // namespace pairloom
