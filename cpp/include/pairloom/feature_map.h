// A model's features: which entry of the parameter table is whose, and which rows have touched.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pairloom/feature_index.h"
#include "pairloom/memory.h"

namespace pairloom {

// The entries of some features; borrows these where every feature has one, that of its id.
class FeatureEntries {
 public:
  explicit FeatureEntries(std::span<const int64_t> features) : entries_(features) {}
  explicit FeatureEntries(std::vector<int64_t>&& found)
      : found_(std::move(found)), entries_(found_) {}
  FeatureEntries(FeatureEntries&&) = default;

  std::span<const int64_t> view() const { return entries_; }

 private:
  std::vector<int64_t> found_;
  std::span<const int64_t> entries_;
};

// Entry -> stamp, one look-up per nonzero. Stamps grow from batch to batch, so the map is never
// cleared between them, and a stamp of zero marks a feature that no row has touched yet. A map that
// grows has entries for features that were seen only.
class FeatureMap {
 public:
  // Every feature has an entry, that of its id.
  explicit FeatureMap(int64_t feature_dim);
  static FeatureMap growing(int64_t feature_dim, const Growth& growth);

  int64_t feature_dim() const { return feature_dim_; }
  bool grows() const { return index_ != nullptr; }
  int64_t num_entries() const { return grows() ? index_->size() : feature_dim_; }
  int64_t capacity() const { return grows() ? index_->growth().most_entries : feature_dim_; }
  // kNoEntry for a feature without one.
  uint32_t find(int64_t feature) const {
    return grows() ? index_->find(static_cast<uint32_t>(feature)) : static_cast<uint32_t>(feature);
  }
  int64_t feature(int64_t entry) const { return grows() ? index_->feature(entry) : entry; }
  // Of all entries, or null where each has the feature of its index.
  const uint32_t* entry_features() const { return grows() ? index_->features() : nullptr; }
  // Throws std::out_of_range for a feature without one.
  FeatureEntries entries_of(std::span<const int64_t> features) const;

  // Of a map that grows: turns feature ids into entries in place. False when there is no room.
  bool take_in(uint32_t* ids, size_t count);
  // Whether rows may hold features that have no entry yet.
  bool counts() const { return grows() && index_->growth().admission_count > 1; }
  // As take_in; features that rows have not held often enough become kNoEntry.
  bool count_in(uint32_t* ids, size_t count);
  // Of a map that grows.
  FeatureIndex& index() const { return *index_; }

  // Of entries.
  bool trained(int64_t entry) const { return stamps_[static_cast<size_t>(entry)] != 0; }
  void mark_trained(int64_t entry) { stamps_[static_cast<size_t>(entry)] = kTrained; }
  void mark_trained(std::span<const int64_t> entries);

 private:
  friend class Preparer;
  static constexpr uint32_t kTrained = 1;  // in an earlier numbering

  FeatureMap(int64_t feature_dim, int64_t capacity);

  int64_t feature_dim_;
  ReservedArray<uint32_t> stamps_;
  std::unique_ptr<FeatureIndex> index_;
};

}  // namespace pairloom
