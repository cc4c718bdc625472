#include "pairloom/touch_counts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "kernels.h"
#include "pairloom/entry_rows.h"

namespace pairloom {

namespace {

constexpr uint32_t kPrefetchEntries = 16;
// Reading so many counts in a row takes as long as sorting one entry.
constexpr size_t kCountsPerSorted = 32;

constexpr int kFeatureShift = 32;
constexpr int kDigitBits = 11;
constexpr size_t kDigits = size_t{1} << kDigitBits;

size_t digit_of(uint64_t value, int shift) { return (value >> shift) & (kDigits - 1); }

// Sorts by the features below `feature_dim` in the upper halves, digit by digit from the lowest.
void sort_by_feature(GrowingArray<uint64_t>& values, int64_t feature_dim) {
  if (values.size() < kDigits) {
    std::sort(values.data(), values.data() + values.size());
    return;
  }
  const auto last = static_cast<uint64_t>(feature_dim - 1);
  const int end = kFeatureShift + static_cast<int>(std::bit_width(last));
  GrowingArray<uint64_t> sorted;
  sorted.reserve(values.size());
  sorted.extend(values.size());
  for (int shift = kFeatureShift; shift < end; shift += kDigitBits) {
    std::array<size_t, kDigits + 1> places{};
    for (const uint64_t value : values) {
      ++places[digit_of(value, shift) + 1];
    }
    for (size_t digit = 0; digit < kDigits; ++digit) {
      places[digit + 1] += places[digit];
    }
    for (const uint64_t value : values) {
      sorted[places[digit_of(value, shift)]++] = value;
    }
    std::swap(values, sorted);
  }
}

}  // namespace

void TouchCounts::grow(int64_t num_entries) { counts_.grow(static_cast<size_t>(num_entries)); }

void TouchCounts::count(const BatchView& batch) {
  uint32_t* const counts = counts_.data();
  for (uint32_t slot = 0; slot < batch.num_slots; ++slot) {
    // The slots' padding names the zero entry, which has no count: a prefetch may ask for it.
    __builtin_prefetch(counts + batch.entries[slot + kPrefetchEntries], 1);
    const uint32_t entry = batch.entries[slot];
    if (counts[entry]++ == 0) {
      touched_.push_back(entry);
    }
  }
}

TouchedFeatures TouchCounts::take(const FeatureMap& features) {
  TouchedFeatures taken = features.grows()
                              ? take_sorted(features)
                              : take_in_order(static_cast<size_t>(features.num_entries()));
  touched_.clear();
  return taken;
}

// Where entries are in the order of their features.
TouchedFeatures TouchCounts::take_in_order(size_t num_entries) {
  TouchedFeatures taken;
  taken.features.reserve(touched_.size());
  taken.touches.reserve(touched_.size());
  const auto give = [&](size_t entry) {
    taken.features.push_back(static_cast<int64_t>(entry));
    taken.touches.push_back(std::exchange(counts_[entry], 0));
  };
  if (touched_.size() < num_entries / kCountsPerSorted) {
    std::sort(touched_.data(), touched_.data() + touched_.size());
    for (const uint32_t entry : touched_) {
      give(entry);
    }
  } else {
    for (size_t entry = 0; entry < num_entries; ++entry) {
      if (counts_[entry] != 0) {
        give(entry);
      }
    }
  }
  return taken;
}

TouchedFeatures TouchCounts::take_sorted(const FeatureMap& features) {
  GrowingArray<uint64_t> found;  // the feature above, its entry below
  found.reserve(touched_.size());
  for (const uint32_t entry : touched_) {
    found.push_back(static_cast<uint64_t>(features.feature(entry)) << kFeatureShift | entry);
  }
  sort_by_feature(found, features.feature_dim());
  TouchedFeatures taken;
  taken.features.reserve(found.size());
  taken.entries.reserve(found.size());
  taken.touches.reserve(found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const auto ahead =
        static_cast<uint32_t>(found[std::min(i + kPrefetchEntries, found.size() - 1)]);
    __builtin_prefetch(counts_.data() + ahead, 1);
    const auto entry = static_cast<uint32_t>(found[i]);
    taken.features.push_back(static_cast<int64_t>(found[i] >> kFeatureShift));
    taken.entries.push_back(entry);
    taken.touches.push_back(std::exchange(counts_[entry], 0));
  }
  return taken;
}

std::vector<TouchedFeatures> split_by_owner(TouchedFeatures&& touched, uint32_t num_owners) {
  std::vector<TouchedFeatures> parts(num_owners);
  if (num_owners == 1) {
    parts[0] = std::move(touched);
    return parts;
  }
  for (TouchedFeatures& part : parts) {
    const size_t likely = touched.features.size() / num_owners;
    part.features.reserve(likely + likely / 8);
    part.entries.reserve(touched.entries.empty() ? 0 : likely + likely / 8);
    part.touches.reserve(likely + likely / 8);
  }
  for (size_t i = 0; i < touched.features.size(); ++i) {
    TouchedFeatures& part = parts[owner_of(touched.features[i], num_owners)];
    part.features.push_back(touched.features[i]);
    if (!touched.entries.empty()) {
      part.entries.push_back(touched.entries[i]);
    }
    part.touches.push_back(touched.touches[i]);
  }
  return parts;
}

}  // namespace pairloom
