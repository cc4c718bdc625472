// Feature hashing: features of any id or name to ids of a chosen number of bits.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pairloom/growing_array.h"

namespace pairloom {

constexpr unsigned kMaxHashBits = 30;  // ids stay int32, and their number too

// MurmurHash3 of 32 bits for x86 (Austin Appleby), seed 0.
uint32_t murmur3(std::string_view bytes);

// The lower bits of the hash of a feature's name.
uint32_t hash_name(std::string_view name, unsigned hash_bits);

// An id that fits stays itself; the lower bits of the hash of another one's eight bytes, little
// endian.
uint32_t hash_id(uint64_t id, unsigned hash_bits);

// Ascending ids, each once in its row.
struct MergedRows {
  GrowingArray<int64_t> row_offsets;
  GrowingArray<int32_t> feature_ids;
  GrowingArray<float> values;
};

// Hashes the ids of rows, sorts them within each row, and adds up the values of equal ones in the
// order in which they stand. No values: all are 1. The offsets are those of a RowBatch and have
// been checked; ids are not negative.
template <typename Id>
MergedRows hash_rows(std::span<const int64_t> row_offsets, const Id* feature_ids,
                     const float* values, unsigned hash_bits);

}  // namespace pairloom
