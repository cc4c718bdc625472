// Request bodies in JSON to rows, without a tree of values between them.
#pragma once

#include <cstdint>
#include <string_view>

#include "pairloom/request_rows.h"

namespace pairloom {

struct JsonRowsOptions {
  uint64_t feature_dim = 0;  // of every row; 0: rows of any width, all of them sparse
  bool lines = false;        // an instance on each line, instead of one list of instances
};

// Reads {"instances": [instance, ...]} or lines of instances, each of which is
// {"features": [number, ...]}, {"data": {"features": {"values": [...]}}} or, sparse, with "keys"
// and "shape" beside the values; "configuration" is passed over. Numbers are rounded to double and
// then to float32. A null character must follow the text. Throws DataFormatError.
RequestRows read_json_rows(std::string_view text, const JsonRowsOptions& options);

struct JsonRanking {
  RequestRows context;  // one row
  RequestRows candidates;
  int64_t count = 10;  // of the candidates, those of highest score
};

// Reads {"context": instance, "candidates": [instance, ...], "count": 10}, the count optional. An
// array of the ids of features whose value is 1 may stand for an instance.
JsonRanking read_json_ranking(std::string_view text, uint64_t feature_dim);

}  // namespace pairloom
