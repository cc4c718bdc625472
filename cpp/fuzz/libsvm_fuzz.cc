// libFuzzer target: any text is rows or a DataFormatError, and rows survive a round trip.
// The first two bytes choose the reader's options and the pieces in which the rest arrives.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checks.h"
#include "pairloom/error.h"
#include "pairloom/libsvm.h"

namespace {

using fuzz::equal;
using fuzz::require;
using pairloom::FirstId;
using pairloom::LibsvmReadOptions;
using pairloom::LibsvmRows;

// Pieces lie in memory of their own, so that the sanitizer sees a step past their end.
std::optional<LibsvmRows> read(std::span<const uint8_t> file, const LibsvmReadOptions& options,
                               size_t piece_bytes) {
  try {
    pairloom::LibsvmReader reader(options);
    reader.begin_file("fuzz");
    while (!file.empty()) {
      const size_t count = std::min(piece_bytes, file.size());
      const std::vector<uint8_t> piece(file.begin(), file.begin() + static_cast<ptrdiff_t>(count));
      reader.feed(piece);
      file = file.subspan(count);
    }
    reader.end_file();
    return reader.take();
  } catch (const pairloom::DataFormatError&) {
    return std::nullopt;
  }
}

bool equal(const LibsvmRows& left, const LibsvmRows& right) {
  return left.num_rows == right.num_rows && left.feature_dim == right.feature_dim &&
         left.zero_based == right.zero_based && left.has_wide_ids == right.has_wide_ids &&
         equal(left.row_offsets, right.row_offsets) && equal(left.narrow_ids, right.narrow_ids) &&
         equal(left.wide_ids, right.wide_ids) && equal(left.values, right.values) &&
         equal(left.labels, right.labels);
}

void check_rows(const LibsvmRows& rows, const LibsvmReadOptions& options) {
  for (const float value : rows.values) {
    require(std::isfinite(value));
  }
  for (const float label : rows.labels) {
    require(std::isfinite(label) && (!options.binary_labels || label == 0 || label == 1));
  }
  require(rows.labels.empty() ? !options.require_labels || rows.num_rows == 0
                              : rows.labels.size() == rows.num_rows);
  if (rows.has_wide_ids) {
    fuzz::check_sparse_rows(rows.num_rows, rows.feature_dim, rows.row_offsets, rows.wide_ids);
  } else {
    fuzz::check_sparse_rows(rows.num_rows, rows.feature_dim, rows.row_offsets, rows.narrow_ids);
  }
  require(rows.values.empty() ||
          rows.values.size() == static_cast<size_t>(rows.row_offsets[rows.num_rows]));
}

void check_round_trip(const LibsvmRows& rows, LibsvmReadOptions options) {
  constexpr auto kFloat32 = pairloom::NumberType::kFloat32;
  const size_t num_entries = static_cast<size_t>(rows.row_offsets[rows.num_rows]);
  const std::vector<float> ones(num_entries, 1.0f);
  pairloom::SourceMatrix matrix;
  matrix.num_rows = rows.num_rows;
  matrix.feature_dim = rows.feature_dim;
  matrix.values = {kFloat32, rows.values.empty() ? ones.data() : rows.values.data(), num_entries};
  matrix.row_offsets = rows.row_offsets.view();
  matrix.feature_ids = {true, rows.wide_ids.data(), num_entries};
  if (!rows.has_wide_ids) {
    matrix.feature_ids = {false, rows.narrow_ids.data(), num_entries};
  }
  matrix.labels = {kFloat32, rows.labels.data(), rows.labels.size()};
  std::vector<uint8_t> file;
  pairloom::encode_libsvm(matrix, rows.zero_based, 0, SIZE_MAX, file);
  options.first_id = rows.zero_based ? FirstId::kZero : FirstId::kOne;
  const std::optional<LibsvmRows> again = read(file, options, file.size());
  require(again && equal(rows, *again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) {
    return 0;
  }
  LibsvmReadOptions options;
  options.feature_dim = (data[0] & 1) != 0 ? 4 : 0;
  options.require_labels = (data[0] & 2) != 0;
  options.binary_labels = (data[0] & 4) != 0;
  options.first_id = static_cast<FirstId>((data[0] >> 3) % 3);
  const std::span<const uint8_t> file(data + 2, size - 2);
  const std::optional<LibsvmRows> whole = read(file, options, SIZE_MAX);
  const std::optional<LibsvmRows> pieces = read(file, options, size_t{data[1]} + 1);
  require(whole.has_value() == pieces.has_value());
  if (whole) {
    require(equal(*whole, *pieces));
    check_rows(*whole, options);
    if (!whole->labels.empty() && whole->feature_dim != 0) {
      check_round_trip(*whole, options);
    }
  }
  return 0;
}
