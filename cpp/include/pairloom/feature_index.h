// Which entry is a feature's, where entries are made as features are seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pairloom/memory.h"

namespace pairloom {

inline constexpr uint32_t kNoEntry = 0xFFFFFFFFu;

// How far a table grows, and which features it takes in.
struct Growth {
  int64_t most_entries;
  // A feature gets its entry when rows hold it for the so many-th time since counting began.
  uint32_t admission_count = 1;
  // So many features that are counted, and have no entry yet, take the place of one that has.
  int64_t waiting_per_entry = 1;
};

// A hash table of 8 bytes a bucket, probed one by one: the feature id in the upper half, its entry
// plus 1 in the lower; an empty bucket is 0. Borrowed; it may lie in a file that is not trusted.
struct FeatureBuckets {
  const uint64_t* buckets;
  uint64_t count;  // a power of two

  uint32_t find(uint32_t feature) const {
    uint64_t at = first_bucket(feature, count);
    for (uint64_t probes = 0; probes < count; ++probes) {
      const uint64_t bucket = buckets[at];
      if (bucket == 0) {
        break;
      }
      if (bucket >> 32 == feature) {
        return static_cast<uint32_t>(bucket) - 1;
      }
      at = (at + 1) & (count - 1);
    }
    return kNoEntry;
  }

  static uint64_t first_bucket(uint32_t feature, uint64_t count) {
    uint64_t hash = feature * uint64_t{0x9E3779B97F4A7C15};
    hash = (hash ^ (hash >> 32)) * uint64_t{0xD6E8FEB86659FD93};
    return (hash >> 32) & (count - 1);
  }
};

// How many buckets so many features take: at most three quarters are filled.
uint64_t bucket_count(uint64_t num_features);

// Puts features into zeroed buckets, as entries 0, 1, ... in the order given.
void fill_buckets(const uint32_t* features, size_t num_features, uint64_t* buckets, uint64_t count);

// A feature without an entry, and how often it was held.
struct WaitingFeature {
  uint32_t feature;
  uint32_t count;
};

// Numbers features by first appearance, or by that which makes up their count.
class FeatureIndex {
 public:
  explicit FeatureIndex(const Growth& growth);

  int64_t size() const { return static_cast<int64_t>(size_); }
  const Growth& growth() const { return growth_; }
  uint32_t feature(int64_t entry) const { return features_[static_cast<size_t>(entry)]; }
  // Of all entries; where they begin never changes.
  const uint32_t* features() const { return features_.data(); }
  uint32_t find(uint32_t feature) const {
    const uint32_t found = FeatureBuckets{buckets_.data(), buckets_.size()}.find(feature);
    return found < kWaiting ? found : kNoEntry;
  }

  // Turns feature ids into entries in place; new features get the next ones. False when there is
  // no room; throws std::bad_alloc.
  bool take_in(uint32_t* ids, size_t count);
  // The same, but a feature that was not held often enough is counted and becomes kNoEntry.
  bool count_in(uint32_t* ids, size_t count);
  // The same without changing anything: features without an entry become kNoEntry.
  void find_in(uint32_t* ids, size_t count) const;

  // Features that are counted; they take a bucket alone.
  int64_t num_waiting() const { return static_cast<int64_t>(num_waiting_); }
  std::vector<WaitingFeature> waiting() const;  // ascending
  // False when there is no room, the feature is there, or the count is none of a waiting one.
  bool add_waiting(const WaitingFeature& waiting);
  void forget_waiting();  // counting begins anew

 private:
  // Marks the lower half of a waiting feature's bucket, which holds its count.
  static constexpr uint32_t kWaiting = 0x80000000u;

  uint64_t& bucket_of(uint32_t feature) const;
  uint32_t add(uint32_t feature);
  bool count_one(uint32_t feature, uint32_t& entry);
  bool full(size_t num_waiting) const;
  void make_room();

  Growth growth_;
  size_t size_ = 0;
  size_t num_waiting_ = 0;
  ReservedArray<uint32_t> features_;  // of each entry
  LargeArray<uint64_t> buckets_;
};

}  // namespace pairloom
