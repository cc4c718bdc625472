// libFuzzer target: any text is rows of finite numbers or a DataFormatError.
// The first byte chooses the width.
#include <cmath>
#include <cstdint>
#include <string>

#include "checks.h"
#include "pairloom/csv_rows.h"
#include "pairloom/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  const uint64_t feature_dim = data[0] % 4;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const pairloom::RequestRows rows = pairloom::read_csv_rows(text, feature_dim);
    fuzz::require(rows.num_rows != 0 && rows.is_dense == (feature_dim != 0));
    for (const float value : rows.values) {
      fuzz::require(std::isfinite(value));
    }
    if (rows.is_dense) {
      fuzz::require(rows.values.size() == rows.num_rows * feature_dim);
    } else {
      fuzz::check_sparse_rows(rows.num_rows, rows.feature_dim, rows.row_offsets, rows.feature_ids);
    }
  } catch (const pairloom::DataFormatError&) {
    return 0;
  }
  return 0;
}
