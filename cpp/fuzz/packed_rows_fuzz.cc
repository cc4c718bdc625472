// libFuzzer target: any bytes are packed rows or a DataFormatError, and rows survive a round trip.
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "checks.h"
#include "pairloom/error.h"
#include "pairloom/packed_rows.h"

namespace {

using fuzz::require;
using pairloom::RowBatch;
using pairloom::UnpackedRows;

std::optional<UnpackedRows> unpack(std::span<const uint8_t> bytes) {
  try {
    return pairloom::unpack_rows(bytes);
  } catch (const pairloom::DataFormatError&) {
    return std::nullopt;
  }
}

RowBatch borrow(const UnpackedRows& rows) {
  RowBatch batch;
  batch.num_rows = static_cast<int64_t>(rows.num_rows);
  batch.feature_dim = static_cast<int64_t>(rows.feature_dim);
  batch.labels = rows.labels.data();
  batch.weights = rows.weights.empty() ? nullptr : rows.weights.data();
  batch.values = rows.values.empty() && !rows.is_dense ? nullptr : rows.values.data();
  if (!rows.is_dense) {
    batch.row_offsets = rows.row_offsets.data();
    batch.ids64 = reinterpret_cast<const uint64_t*>(rows.wide_ids.data());
    batch.ids32 = reinterpret_cast<const uint32_t*>(rows.narrow_ids.data());
  }
  return batch;
}

template <class T>
bool same_bytes(const pairloom::GrowingArray<T>& left, const pairloom::GrowingArray<T>& right) {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size() * sizeof(T)) == 0);
}

void check_round_trip(const UnpackedRows& rows) {
  if (rows.num_rows == 0) {
    return;
  }
  pairloom::GrowingArray<uint8_t> bytes;
  pairloom::pack_rows(borrow(rows), bytes);
  const std::optional<UnpackedRows> again = unpack(bytes.view());
  require(again && again->num_rows == rows.num_rows && again->feature_dim == rows.feature_dim);
  require(same_bytes(rows.row_offsets, again->row_offsets));
  require(same_bytes(rows.narrow_ids, again->narrow_ids));
  require(same_bytes(rows.wide_ids, again->wide_ids));
  require(same_bytes(rows.values, again->values));
  require(same_bytes(rows.labels, again->labels));
  require(same_bytes(rows.weights, again->weights));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // In memory of its own, so that the sanitizer sees a step past the end.
  const std::vector<uint8_t> bytes(data, data + size);
  if (const std::optional<UnpackedRows> rows = unpack(bytes)) {
    check_round_trip(*rows);
  }
  return 0;
}
