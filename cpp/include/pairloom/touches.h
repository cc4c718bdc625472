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

// Features in ascending order.
struct TouchedFeatures {
  GrowingArray<int64_t> features;
  GrowingArray<int64_t> entries;   // none where every feature has one, that of its id
  GrowingArray<uint32_t> touches;  // mini-batches that held each, if they are counted

  std::span<const int64_t> found() const {
    return entries.empty() ? features.view() : entries.view();
  }
};

// The same by owner, each owner's in their order.
std::vector<TouchedFeatures> split_by_owner(TouchedFeatures&& touched, uint32_t num_owners);

// Notes them from one round's start to its end: a bit of each entry, which stays in a processor's
// cache where a count of each would not, and counts alone if they are asked for.
class Touches {
 public:
  Touches(const FeatureMap& features, bool counted);

  // Makes room for the entries of a table that grows. Throws std::bad_alloc.
  void grow(int64_t num_entries);
  void note(const BatchView& batch);
  TouchedFeatures take(const FeatureMap& features);  // and start anew

 private:
  bool counted() const { return counts_.data() != nullptr; }
  template <class Give>
  void drain(Give&& give);
  void take_in_order(TouchedFeatures& taken);
  void take_sorted(const FeatureMap& features, size_t num_touched, TouchedFeatures& taken);

  size_t num_words_ = 0;
  ReservedArray<uint64_t> marks_;   // a bit of each entry
  ReservedArray<uint32_t> counts_;  // of each entry
};

}  // namespace pairloom
