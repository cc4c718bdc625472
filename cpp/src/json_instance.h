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
  const char* keys_path = "";
  std::vector<int64_t> keys;
  std::optional<int64_t> shape;
};

// Throws Malformed and Unexpected.
void read_instance(Scanner& scanner, Instance& instance);

// Reads an instance, or an array of the ids of features whose value is 1.
void read_instance_or_ids(Scanner& scanner, Instance& instance);

}  // namespace pairloom::json
