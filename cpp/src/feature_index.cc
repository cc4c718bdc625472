#include "pairloom/feature_index.h"

#include <algorithm>
#include <bit>

namespace pairloom {

namespace {

constexpr size_t kPrefetchIds = 24;  // look-ups ahead; the buckets are larger than the caches
constexpr uint64_t kLeastBuckets = 16;

uint64_t bucket_of_entry(uint32_t feature, uint64_t entry) {
  return uint64_t{feature} << 32 | (entry + 1);
}

void put(uint64_t bucket, uint64_t* buckets, uint64_t count) {
  uint64_t at = FeatureBuckets::first_bucket(static_cast<uint32_t>(bucket >> 32), count);
  while (buckets[at] != 0) {
    at = (at + 1) & (count - 1);
  }
  buckets[at] = bucket;
}

// Calls turn(ids[i]) for each id, whose buckets are fetched ahead, until one is false.
template <class Turn>
bool for_ids(const LargeArray<uint64_t>& buckets, uint32_t* ids, size_t count, Turn&& turn) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t ahead = ids[std::min(i + kPrefetchIds, count - 1)];
    __builtin_prefetch(buckets.data() + FeatureBuckets::first_bucket(ahead, buckets.size()));
    if (!turn(ids[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

uint64_t bucket_count(uint64_t num_features) {
  return std::max(kLeastBuckets, std::bit_ceil(num_features + num_features / 3 + 1));
}

void fill_buckets(const uint32_t* features, size_t num_features, uint64_t* buckets,
                  uint64_t count) {
  for (size_t entry = 0; entry < num_features; ++entry) {
    put(bucket_of_entry(features[entry], entry), buckets, count);
  }
}

FeatureIndex::FeatureIndex(const Growth& growth)
    : growth_(growth),
      features_(static_cast<size_t>(growth.most_entries)),
      buckets_(bucket_count(0)) {}

bool FeatureIndex::take_in(uint32_t* ids, size_t count) {
  return for_ids(buckets_, ids, count, [&](uint32_t& id) {
    uint32_t entry = find(id);
    if (entry == kNoEntry) {
      if (full(num_waiting_)) {
        return false;
      }
      entry = add(id);
    }
    id = entry;
    return true;
  });
}

bool FeatureIndex::count_in(uint32_t* ids, size_t count) {
  return for_ids(buckets_, ids, count, [&](uint32_t& id) {
    uint32_t entry = find(id);
    const bool fits = entry != kNoEntry || count_one(id, entry);
    id = entry;
    return fits;
  });
}

void FeatureIndex::find_in(uint32_t* ids, size_t count) const {
  for_ids(buckets_, ids, count, [&](uint32_t& id) {
    id = find(id);
    return true;
  });
}

// The last time that it takes gives the feature its entry.
bool FeatureIndex::count_one(uint32_t feature, uint32_t& entry) {
  make_room();
  uint64_t& bucket = bucket_of(feature);
  const bool is_new = bucket == 0;
  const uint32_t times = is_new ? 1 : (static_cast<uint32_t>(bucket) & ~kWaiting) + 1;
  const bool admitted = times >= growth_.admission_count;
  if ((is_new || admitted) && full(num_waiting_ - (is_new ? 0 : 1))) {
    return false;
  }
  if (admitted) {
    entry = add(feature);
    return true;
  }
  bucket = uint64_t{feature} << 32 | kWaiting | times;
  num_waiting_ += is_new ? 1 : 0;
  return true;
}

std::vector<WaitingFeature> FeatureIndex::waiting() const {
  std::vector<WaitingFeature> found;
  for (size_t at = 0; num_waiting_ > 0 && at < buckets_.size(); ++at) {
    const auto lower = static_cast<uint32_t>(buckets_[at]);
    if ((lower & kWaiting) != 0) {
      found.push_back({static_cast<uint32_t>(buckets_[at] >> 32), lower & ~kWaiting});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& one, const auto& other) { return one.feature < other.feature; });
  return found;
}

bool FeatureIndex::add_waiting(const WaitingFeature& waiting) {
  make_room();
  uint64_t& bucket = bucket_of(waiting.feature);
  const bool counted = waiting.count > 0 && waiting.count < growth_.admission_count;
  if (bucket != 0 || !counted || full(num_waiting_)) {
    return false;
  }
  bucket = uint64_t{waiting.feature} << 32 | kWaiting | waiting.count;
  ++num_waiting_;
  return true;
}

void FeatureIndex::forget_waiting() {
  if (num_waiting_ > 0) {
    buckets_ = LargeArray<uint64_t>();
    buckets_ = LargeArray<uint64_t>(bucket_count(size_));
    fill_buckets(features_.data(), size_, buckets_.data(), buckets_.size());
    num_waiting_ = 0;
  }
}

// The feature's bucket, or the empty one where it would stand.
uint64_t& FeatureIndex::bucket_of(uint32_t feature) const {
  uint64_t at = FeatureBuckets::first_bucket(feature, buckets_.size());
  while (buckets_[at] != 0 && buckets_[at] >> 32 != feature) {
    at = (at + 1) & (buckets_.size() - 1);
  }
  return buckets_[at];
}

uint32_t FeatureIndex::add(uint32_t feature) {
  make_room();
  features_.grow(size_ + 1);
  uint64_t& bucket = bucket_of(feature);
  num_waiting_ -= bucket != 0 ? 1 : 0;
  bucket = bucket_of_entry(feature, size_);
  features_[size_] = feature;
  return static_cast<uint32_t>(size_++);
}

// Whether no feature can be added beside the entries and so many that wait.
bool FeatureIndex::full(size_t num_waiting) const {
  const auto waiting = static_cast<int64_t>(num_waiting);
  const int64_t places = (waiting + growth_.waiting_per_entry - 1) / growth_.waiting_per_entry;
  return size() + places >= growth_.most_entries;
}

void FeatureIndex::make_room() {
  const uint64_t needed = bucket_count(size_ + num_waiting_ + 1);
  if (needed > buckets_.size()) {
    LargeArray<uint64_t> larger(needed);
    for (size_t at = 0; at < buckets_.size(); ++at) {
      if (buckets_[at] != 0) {
        put(buckets_[at], larger.data(), needed);
      }
    }
    buckets_ = std::move(larger);
  }
}

}  // namespace pairloom
