// The entries of chosen features as a table that only scores holds them: what model files store.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairloom/feature_map.h"
#include "pairloom/parameter_table.h"
#include "pairloom/stored_table.h"

namespace pairloom {

// Writes `count` rows of make_layout(num_factors, 0).stride values. With `only_trained`, those of
// features that are not trained are zero; without, those of features without an entry are what it
// would start with.
template <class T>
void write_serving_rows(const ParameterTable<T>& table, const FeatureMap& features,
                        bool only_trained, const int64_t* wanted, size_t count, T* rows);

// The same from a file. Of features that it left out because they count nothing, rows are zero.
void write_serving_rows(const ParameterTable<float>& table, const StoredFeatures& features,
                        bool only_trained, const int64_t* wanted, size_t count, float* rows);

}  // namespace pairloom
