#include "pairloom/touches.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "kernels.h"
#include "pairloom/entry_rows.h"

namespace pairloom {

namespace {

constexpr uint32_t kPrefetchEntries = 16;
constexpr size_t kWordBits = 64;

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

Touches::Touches(const FeatureMap& features, bool counted)
    : marks_((static_cast<size_t>(features.capacity()) + kWordBits - 1) / kWordBits) {
  if (counted) {
    counts_ = ReservedArray<uint32_t>(static_cast<size_t>(features.capacity()));
  }
  grow(features.num_entries());
}

void Touches::grow(int64_t num_entries) {
  const auto entries = static_cast<size_t>(num_entries);
  num_words_ = (entries + kWordBits - 1) / kWordBits;
  marks_.grow(num_words_);
  if (counted()) {
    counts_.grow(entries);
  }
}

// The slots' padding names the zero entry, of which nothing is noted: a prefetch may ask for it.
void Touches::note(const BatchView& batch) {
  uint64_t* const marks = marks_.data();
  for (uint32_t slot = 0; slot < batch.num_slots; ++slot) {
    __builtin_prefetch(marks + batch.entries[slot + kPrefetchEntries] / kWordBits, 1);
    const uint32_t entry = batch.entries[slot];
    marks[entry / kWordBits] |= uint64_t{1} << entry % kWordBits;
  }
  if (!counted()) {
    return;
  }
  uint32_t* const counts = counts_.data();
  for (uint32_t slot = 0; slot < batch.num_slots; ++slot) {
    __builtin_prefetch(counts + batch.entries[slot + kPrefetchEntries], 1);
    ++counts[batch.entries[slot]];
  }
}

TouchedFeatures Touches::take(const FeatureMap& features) {
  size_t num_touched = 0;
  for (size_t word = 0; word < num_words_; ++word) {
    num_touched += static_cast<size_t>(std::popcount(marks_[word]));
  }
  TouchedFeatures taken;
  taken.features.reserve(num_touched);
  if (counted()) {
    taken.touches.reserve(num_touched);
  }
  if (features.grows()) {
    take_sorted(features, num_touched, taken);
  } else {
    take_in_order(taken);
  }
  return taken;
}

// Gives the entries that are marked, ascending, and takes their marks away.
template <class Give>
void Touches::drain(Give&& give) {
  for (size_t word = 0; word < num_words_; ++word) {
    if (marks_[word] == 0) {
      continue;  // which keeps memory that was never written
    }
    for (uint64_t marks = std::exchange(marks_[word], 0); marks != 0; marks &= marks - 1) {
      give(word * kWordBits + static_cast<size_t>(std::countr_zero(marks)));
    }
  }
}

// Where entries are in the order of their features.
void Touches::take_in_order(TouchedFeatures& taken) {
  drain([&](size_t entry) {
    taken.features.push_back(static_cast<int64_t>(entry));
    if (counted()) {
      taken.touches.push_back(std::exchange(counts_[entry], 0));
    }
  });
}

void Touches::take_sorted(const FeatureMap& features, size_t num_touched, TouchedFeatures& taken) {
  GrowingArray<uint64_t> found;  // the feature above, its entry below
  found.reserve(num_touched);
  drain([&](size_t entry) {
    const auto feature = static_cast<uint64_t>(features.feature(static_cast<int64_t>(entry)));
    found.push_back(feature << kFeatureShift | entry);
  });
  sort_by_feature(found, features.feature_dim());
  taken.entries.reserve(num_touched);
  for (const uint64_t each : found) {
    taken.features.push_back(static_cast<int64_t>(each >> kFeatureShift));
    taken.entries.push_back(static_cast<uint32_t>(each));
  }
  if (!counted()) {
    return;
  }
  for (size_t i = 0; i < found.size(); ++i) {
    const auto ahead =
        static_cast<uint32_t>(found[std::min(i + kPrefetchEntries, found.size() - 1)]);
    __builtin_prefetch(counts_.data() + ahead, 1);
    taken.touches.push_back(std::exchange(counts_[static_cast<uint32_t>(found[i])], 0));
  }
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
    part.touches.reserve(touched.touches.empty() ? 0 : likely + likely / 8);
  }
  for (size_t i = 0; i < touched.features.size(); ++i) {
    TouchedFeatures& part = parts[owner_of(touched.features[i], num_owners)];
    part.features.push_back(touched.features[i]);
    if (!touched.entries.empty()) {
      part.entries.push_back(touched.entries[i]);
    }
    if (!touched.touches.empty()) {
      part.touches.push_back(touched.touches[i]);
    }
  }
  return parts;
}

}  // namespace pairloom
