// Which features training has touched since a round began.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pairloom/feature_map.h"
#include "pairloom/growing_array.h"
#include "pairloom/memory.h"

namespace pairloom {

struct BatchView;

// Features in ascending order, each with the number of mini-batches that held it.
struct TouchedFeatures {
  GrowingArray<int64_t> features;
  GrowingArray<int64_t> entries;  // none where every feature has one, that of its id
  GrowingArray<uint32_t> touches;

  std::span<const int64_t> found() const {
    return entries.empty() ? features.view() : entries.view();
  }
};

// The same by owner, each owner's in their order.
std::vector<TouchedFeatures> split_by_owner(TouchedFeatures&& touched, uint32_t num_owners);

// Counts touches from one round's start to its end, in time that grows with the features touched.
class TouchCounts {
 public:
  explicit TouchCounts(const FeatureMap& features)
      : counts_(static_cast<size_t>(features.capacity())) {
    grow(features.num_entries());
  }

  // Makes room for the entries of a table that grows. Throws std::bad_alloc.
  void grow(int64_t num_entries);
  void count(const BatchView& batch);
  TouchedFeatures take(const FeatureMap& features);  // and start anew

 private:
  TouchedFeatures take_in_order(size_t num_entries);
  TouchedFeatures take_sorted(const FeatureMap& features);

  ReservedArray<uint32_t> counts_;  // of each entry
  GrowingArray<uint32_t> touched_;  // entries
};

}  // namespace pairloom
