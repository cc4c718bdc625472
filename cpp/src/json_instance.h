// One instance of a request: the object that describes a row.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "json_scanner.h"

namespace pairloom::json {

// Its arrays are used again for the next one.
struct Instance {
  const char* values_path = "";
  std::vector<float> values;
  bool has_keys = false;
  std::vector<int64_t> keys;
  std::optional<int64_t> shape;
};

// Throws Malformed and Unexpected.
void read_instance(Scanner& scanner, Instance& instance);

}  // namespace pairloom::json
