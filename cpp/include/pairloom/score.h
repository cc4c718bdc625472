// Scores of rows straight from a table: validation, prediction, serving. Thread-safe: the table is
// only read.
#pragma once

#include <cstdint>

#include "pairloom/loss.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_batch.h"
#include "pairloom/simd.h"

namespace pairloom {

// Scores before the link, one per row. With `only_trained`, features that are not marked as
// trained contribute nothing, as if their parameters were zero; without, features that have no
// entry contribute what theirs would start with.
template <class T>
void score_rows(const ParameterTable<T>& table, const FeatureMap& features, bool only_trained,
                const RowBatch& rows, SimdPath path, int num_threads, T* scores);

// The logistic function of each score.
template <class T>
void probabilities_of(const T* scores, size_t count, T* probabilities);

// Metrics of rows whose scores are known, summed in row order.
template <class T>
MetricSums metrics_of(const T* scores, const float* labels, const float* weights, size_t count,
                      Loss loss);

// Area under the ROC curve by exact rank counts: the share of (positive, negative) pairs that the
// scores order rightly, a tie counting half. NaN when a class is missing. Rows of label above 0.5
// are positive; every row counts once. Throws std::invalid_argument for a score that is NaN.
template <class T>
double area_under_curve(const T* scores, const float* labels, size_t count);

}  // namespace pairloom
