// libFuzzer target: any bytes are rows or a DataFormatError, and rows survive a round trip.
// The first two bytes choose the reader's options and the pieces in which the rest arrives.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checks.h"
#include "pairloom/error.h"
#include "pairloom/recordio.h"

namespace {

using fuzz::equal;
using fuzz::require;
using pairloom::RecordioReadOptions;
using pairloom::RecordioRows;

std::optional<RecordioRows> read(std::span<const uint8_t> file, const RecordioReadOptions& options,
                                 size_t piece_bytes) {
  try {
    pairloom::RecordioReader reader(options);
    reader.begin_file("fuzz");
    while (!file.empty()) {
      const size_t count = std::min(piece_bytes, file.size());
      reader.feed(file.first(count));
      file = file.subspan(count);
    }
    reader.end_file();
    return reader.take();
  } catch (const pairloom::DataFormatError&) {
    return std::nullopt;
  }
}

bool equal(const RecordioRows& left, const RecordioRows& right) {
  return left.num_rows == right.num_rows && left.feature_dim == right.feature_dim &&
         left.is_dense == right.is_dense && equal(left.row_offsets, right.row_offsets) &&
         equal(left.feature_ids, right.feature_ids) && equal(left.values, right.values) &&
         equal(left.labels, right.labels) && equal(left.weights, right.weights);
}

void check_rows(const RecordioRows& rows, const RecordioReadOptions& options) {
  for (const float value : rows.values) {
    require(std::isfinite(value) || options.hash_bits != 0);  // values of equal ids add up
  }
  for (const float label : rows.labels) {
    require(std::isfinite(label) && (!options.binary_labels || label == 0 || label == 1));
  }
  require(rows.labels.empty() ? !options.require_labels || rows.num_rows == 0
                              : rows.labels.size() == rows.num_rows);
  for (const float weight : rows.weights) {
    require(std::isfinite(weight) && weight >= 0);
  }
  const bool weighted = !options.weight_feature.empty();
  require(rows.weights.empty() ? !weighted || !options.require_weights || rows.num_rows == 0
                               : weighted && rows.weights.size() == rows.num_rows);
  if (rows.is_dense) {
    require(rows.values.size() == rows.num_rows * rows.feature_dim);
    return;
  }
  require(rows.feature_ids.size() == rows.values.size());
  fuzz::check_sparse_rows(rows.num_rows, rows.feature_dim, rows.row_offsets, rows.feature_ids);
}

void check_round_trip(const RecordioRows& rows, const RecordioReadOptions& options) {
  constexpr auto kFloat32 = pairloom::NumberType::kFloat32;
  pairloom::SourceMatrix matrix;
  matrix.num_rows = rows.num_rows;
  matrix.feature_dim = rows.feature_dim;
  matrix.values = {kFloat32, rows.values.data(), rows.values.size()};
  matrix.row_offsets = rows.row_offsets.view();
  matrix.feature_ids = {false, rows.feature_ids.data(), rows.feature_ids.size()};
  if (!rows.labels.empty()) {
    matrix.labels = {kFloat32, rows.labels.data(), rows.labels.size()};
  }
  std::vector<uint8_t> file;
  matrix.weights = rows.weights.view();
  pairloom::encode_recordio(matrix, 0, SIZE_MAX, file, options.weight_feature);
  const std::optional<RecordioRows> again = read(file, options, file.size());
  require(again && equal(rows, *again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) {
    return 0;
  }
  RecordioReadOptions options;
  options.feature_dim = (data[0] & 1) != 0 ? 4 : 0;
  options.require_labels = (data[0] & 2) != 0;
  options.binary_labels = (data[0] & 4) != 0;
  options.hash_bits = (data[0] & 8) != 0 ? 3 : 0;
  options.weight_feature = (data[0] & 16) != 0 ? "w" : "";
  options.require_weights = (data[0] & 32) == 0;
  const std::span<const uint8_t> file(data + 2, size - 2);
  const std::optional<RecordioRows> whole = read(file, options, SIZE_MAX);
  const std::optional<RecordioRows> pieces = read(file, options, size_t{data[1]} + 1);
  require(whole.has_value() == pieces.has_value());
  if (whole) {
    require(equal(*whole, *pieces));
    check_rows(*whole, options);
    if (whole->num_rows != 0 && options.hash_bits == 0) {
      check_round_trip(*whole, options);
    }
  }
  return 0;
}
