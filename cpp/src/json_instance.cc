#include "json_instance.h"

#include <string>

#include "json_members.h"

namespace pairloom::json {

namespace {

constexpr std::string_view kInstanceMembers[] = {"features", "data", "configuration"};
constexpr std::string_view kDataMembers[] = {"features"};
constexpr std::string_view kTensorMembers[] = {"values", "keys", "shape"};
constexpr const char* kData = ".data";
constexpr const char* kTensor = ".data.features";
constexpr const char* kShape = ".data.features.shape";

void read_values(Scanner& scanner, const char* path, Instance& instance) {
  instance.values_path = path;
  scanner.read_floats(path, instance.values);
}

void read_shape(Scanner& scanner, Instance& instance) {
  std::vector<int64_t> shape;
  scanner.read_ids(kShape, shape);
  if (shape.size() != 1) {
    throw Unexpected{kShape, "has " + std::to_string(shape.size()) +
                                 " numbers, expected one, the number of columns"};
  }
  instance.shape = shape[0];
}

void read_tensor(Scanner& scanner, Instance& instance) {
  bool has_values = false;
  Members members(scanner, kTensor, kTensorMembers);
  while (const auto member = members.next()) {
    if (*member == 0) {
      read_values(scanner, ".data.features.values", instance);
      has_values = true;
    } else if (*member == 1) {
      instance.keys_path = ".data.features.keys";
      scanner.read_ids(instance.keys_path, instance.keys);
      instance.has_keys = true;
    } else {
      read_shape(scanner, instance);
    }
  }
  if (!has_values) {
    throw Unexpected{kTensor, "has no member \"values\""};
  }
}

void read_data(Scanner& scanner, Instance& instance) {
  bool has_features = false;
  Members members(scanner, kData, kDataMembers);
  while (members.next()) {
    read_tensor(scanner, instance);
    has_features = true;
  }
  if (!has_features) {
    throw Unexpected{kData, "has no member \"features\""};
  }
}

}  // namespace

void read_instance(Scanner& scanner, Instance& instance) {
  instance.has_keys = false;
  instance.shape.reset();
  int sources = 0;
  Members members(scanner, "", kInstanceMembers);
  while (const auto member = members.next()) {
    if (*member == 0) {
      read_values(scanner, ".features", instance);
      ++sources;
    } else if (*member == 1) {
      read_data(scanner, instance);
      ++sources;
    } else {
      scanner.skip_value();
    }
  }
  if (sources != 1) {
    throw Unexpected{"", sources == 0 ? "has neither \"features\" nor \"data\", expected one"
                                      : "has both \"features\" and \"data\", expected one"};
  }
}

void read_instance_or_ids(Scanner& scanner, Instance& instance) {
  if (scanner.peek() != '[') {
    read_instance(scanner, instance);
    return;
  }
  instance.shape.reset();
  instance.keys_path = "";
  scanner.read_ids("", instance.keys);
  instance.has_keys = true;
  instance.values.assign(instance.keys.size(), 1.0f);
}

}  // namespace pairloom::json
