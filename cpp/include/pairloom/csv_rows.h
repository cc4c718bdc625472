// Request bodies in CSV to dense rows: numbers alone, without header and label.
#pragma once

#include <cstdint>
#include <string_view>

#include "pairloom/request_rows.h"

namespace pairloom {

// Reads a row from each line. `feature_dim` is the width of every row; 0: rows of any width, all of
// them sparse. Numbers are rounded to double and then to float32. A null character must follow the
// text. Throws DataFormatError.
RequestRows read_csv_rows(std::string_view text, uint64_t feature_dim);

}  // namespace pairloom
