#include "pairloom/feature_map.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace pairloom {

namespace {

constexpr size_t kPrefetchEntries = 24;

}  // namespace

FeatureMap::FeatureMap(int64_t feature_dim, int64_t capacity)
    : feature_dim_(feature_dim), stamps_(static_cast<size_t>(capacity)) {}

FeatureMap::FeatureMap(int64_t feature_dim) : FeatureMap(feature_dim, feature_dim) {
  stamps_.grow(static_cast<size_t>(feature_dim));
}

FeatureMap FeatureMap::growing(int64_t feature_dim, const Growth& growth) {
  FeatureMap map(feature_dim, growth.most_entries);
  map.index_ = std::make_unique<FeatureIndex>(growth);
  return map;
}

FeatureEntries FeatureMap::entries_of(std::span<const int64_t> features) const {
  if (!grows()) {
    return FeatureEntries(features);
  }
  std::vector<uint32_t> found(features.begin(), features.end());
  index_->find_in(found.data(), found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] == kNoEntry) {
      throw std::out_of_range("feature " + std::to_string(features[i]) + " has no entry");
    }
  }
  return FeatureEntries(std::vector<int64_t>(found.begin(), found.end()));
}

void FeatureMap::mark_trained(std::span<const int64_t> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const int64_t ahead = entries[std::min(i + kPrefetchEntries, entries.size() - 1)];
    __builtin_prefetch(stamps_.data() + ahead, 1);
    mark_trained(entries[i]);
  }
}

bool FeatureMap::take_in(uint32_t* ids, size_t count) {
  const bool fits = index_->take_in(ids, count);
  stamps_.grow(static_cast<size_t>(index_->size()));
  return fits;
}

bool FeatureMap::count_in(uint32_t* ids, size_t count) {
  const bool fits = index_->count_in(ids, count);
  stamps_.grow(static_cast<size_t>(index_->size()));
  return fits;
}

}  // namespace pairloom
