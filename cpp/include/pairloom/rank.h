// Candidates ranked beside one context: the rows that share its features are scored without going
// through those features again. Thread-safe: the table is only read.
#pragma once

#include <cstdint>
#include <vector>

#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_batch.h"
#include "pairloom/simd.h"
#include "pairloom/stored_table.h"

namespace pairloom {

template <class T>
struct RankedCandidate {
  int64_t candidate;
  T score;  // before the link
};

// Which rows to rank, and how. `context` has one row; a candidate's score is that of the row which
// holds the nonzeros of both. With `adds_overlap`, the two values of a feature that both hold are
// added, as hashing adds them; without, such a feature is refused.
struct Ranking {
  const RowBatch& context;
  const RowBatch& candidates;
  int64_t count;
  bool adds_overlap;
  SimdPath path;
  int num_threads;
};

// The `count` candidates of highest score, or all if there are fewer: the highest first, equal
// scores by candidate. With `only_trained`, features that are not trained contribute nothing.
// Throws std::invalid_argument for a feature that is refused, and for a score that is not finite.
template <class T>
std::vector<RankedCandidate<T>> rank_rows(const ParameterTable<T>& table,
                                          const FeatureMap& features, bool only_trained,
                                          const Ranking& ranking);

// The same for a table that lies in a file.
std::vector<RankedCandidate<float>> rank_stored_rows(const ParameterTable<float>& table,
                                                     const StoredFeatures& features,
                                                     bool only_trained, const Ranking& ranking);

}  // namespace pairloom
