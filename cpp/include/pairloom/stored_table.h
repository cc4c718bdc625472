// A model's parameters as they lie in a file that is mapped read-only: scored in place, never
// copied. Nothing read from the mapping is trusted to be an index; a damaged file gives wrong
// scores at worst.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>

#include "pairloom/feature_index.h"
#include "pairloom/parameter_table.h"
#include "pairloom/row_batch.h"
#include "pairloom/simd.h"

namespace pairloom {

// Which features are trained, and which entry is a feature's.
struct StoredFeatures {
  int64_t feature_dim;
  const uint64_t* trained_bits;  // bit f % 64 of word f / 64
  const uint32_t* ranks;  // trained features before each word; null: every feature has an entry
  int64_t num_entries;    // the zero entry stands behind them
  // Where those that were seen have entries alone; `trained_bits` are then of entries.
  FeatureBuckets buckets{nullptr, 0};

  bool seen_alone() const { return buckets.buckets != nullptr; }

  bool trained(int64_t feature) const {
    return seen_alone() ? trained_entry(feature) != num_entries : bit(feature);
  }

  // The zero entry for a feature without an entry of its own.
  int64_t entry(int64_t feature) const {
    if (seen_alone()) {
      return std::min<int64_t>(buckets.find(static_cast<uint32_t>(feature)), num_entries);
    }
    return ranks == nullptr ? feature : trained_entry(feature);
  }

  // The zero entry for a feature that is not trained.
  int64_t trained_entry(int64_t feature) const {
    if (seen_alone()) {
      const int64_t seen = entry(feature);
      return seen < num_entries && bit(seen) ? seen : num_entries;
    }
    const uint64_t word = trained_bits[feature / 64];
    const uint64_t mask = uint64_t{1} << (feature % 64);
    if ((word & mask) == 0) {
      return num_entries;
    }
    if (ranks == nullptr) {
      return feature;
    }
    const int64_t entry = int64_t{ranks[feature / 64]} + std::popcount(word & (mask - 1));
    return entry < num_entries ? entry : num_entries;
  }

 private:
  bool bit(int64_t position) const { return (trained_bits[position / 64] >> (position % 64)) & 1; }
};

// As the score_rows of score.h.
void score_stored_rows(const ParameterTable<float>& table, const StoredFeatures& features,
                       bool only_trained, const RowBatch& rows, SimdPath path, int num_threads,
                       float* scores);

// Where an entry breaks the rules of the table: `cell` counts inside the entry.
struct EntryFault {
  int64_t entry;
  int cell;
  std::string what;
};

// The first cell that is not finite, not the half square norm of its factors, or not zero where
// padding and the zero entry must be.
std::optional<EntryFault> find_entry_fault(const ParameterTable<float>& table);

}  // namespace pairloom
