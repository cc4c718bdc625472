#include "pairloom/feature_hash.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace pairloom {

namespace {

static_assert(std::endian::native == std::endian::little, "blocks are read in place");

uint32_t scrambled(uint32_t block) {
  block *= 0xcc9e2d51;
  block = std::rotl(block, 15);
  return block * 0x1b873593;
}

uint32_t finished(uint32_t hash) {
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  return hash ^ hash >> 16;
}

uint32_t lower_bits(uint32_t hash, unsigned bits) { return hash & ((uint32_t{1} << bits) - 1); }

using Entry = std::pair<int32_t, float>;

void append_merged(std::vector<Entry>& row, MergedRows& rows) {
  const auto by_id = [](const Entry& left, const Entry& right) { return left.first < right.first; };
  if (!std::is_sorted(row.begin(), row.end(), by_id)) {
    std::stable_sort(row.begin(), row.end(), by_id);
  }
  int32_t previous = -1;
  for (const auto& [id, value] : row) {
    if (id == previous) {
      rows.values[rows.values.size() - 1] += value;
    } else {
      rows.feature_ids.push_back(id);
      rows.values.push_back(value);
    }
    previous = id;
  }
}

}  // namespace

uint32_t murmur3(std::string_view bytes) {
  constexpr size_t kBlockBytes = 4;
  uint32_t hash = 0;
  size_t at = 0;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) {
    uint32_t block;
    std::memcpy(&block, bytes.data() + at, kBlockBytes);
    hash = std::rotl(hash ^ scrambled(block), 13) * 5 + 0xe6546b64;
  }
  uint32_t tail = 0;
  std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  hash ^= scrambled(tail);
  return finished(hash ^ static_cast<uint32_t>(bytes.size()));
}

uint32_t hash_name(std::string_view name, unsigned hash_bits) {
  return lower_bits(murmur3(name), hash_bits);
}

uint32_t hash_id(uint64_t id, unsigned hash_bits) {
  if (id >> hash_bits == 0) {
    return static_cast<uint32_t>(id);
  }
  char bytes[sizeof(id)];
  std::memcpy(bytes, &id, sizeof(id));
  return lower_bits(murmur3({bytes, sizeof(id)}), hash_bits);
}

template <typename Id>
MergedRows hash_rows(std::span<const int64_t> row_offsets, const Id* feature_ids,
                     const float* values, unsigned hash_bits) {
  MergedRows rows;
  const auto num_entries = static_cast<size_t>(row_offsets.back() - row_offsets.front());
  rows.feature_ids.reserve(num_entries);
  rows.values.reserve(num_entries);
  rows.row_offsets.reserve(row_offsets.size());
  rows.row_offsets.push_back(0);
  std::vector<Entry> row;
  for (size_t number = 0; number + 1 < row_offsets.size(); ++number) {
    row.clear();
    for (int64_t i = row_offsets[number]; i < row_offsets[number + 1]; ++i) {
      const uint32_t id = hash_id(static_cast<uint64_t>(feature_ids[i]), hash_bits);
      row.emplace_back(static_cast<int32_t>(id), values == nullptr ? 1.0f : values[i]);
    }
    append_merged(row, rows);
    rows.row_offsets.push_back(static_cast<int64_t>(rows.feature_ids.size()));
  }
  return rows;
}

template MergedRows hash_rows(std::span<const int64_t>, const int32_t*, const float*, unsigned);
template MergedRows hash_rows(std::span<const int64_t>, const int64_t*, const float*, unsigned);

}  // namespace pairloom
