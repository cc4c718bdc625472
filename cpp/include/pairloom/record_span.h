// The whole records, or lines, at the beginning of some bytes.
#pragma once

#include <cstdint>

namespace pairloom {

struct RecordSpan {
  uint64_t num_bytes = 0;
  uint64_t num_records = 0;
};

}  // namespace pairloom
