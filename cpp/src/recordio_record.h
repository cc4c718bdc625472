// The protobuf message aialgs.data.Record, decoded as protobuf's merge rules demand.
#pragma once

#include <cstdint>
#include <string_view>

#include "pairloom/growing_array.h"
#include "pairloom/protobuf_wire.h"

namespace pairloom::recordio {

enum class TensorType : uint8_t { kNone, kFloat32, kFloat64, kInt32, kBytes };

// What a Value's oneof holds. Values of every numeric type are kept as float32.
struct Tensor {
  TensorType type = TensorType::kNone;
  GrowingArray<float> values;
  GrowingArray<uint64_t> keys;
  GrowingArray<uint64_t> shape;

  void reset(TensorType new_type);
};

// The entries features["values"], label["values"] and, where weights are asked for, that of their
// name in features; any other name is malformed. One Record is reused for every message, so that
// its arrays are allocated once.
struct Record {
  bool has_features = false;
  bool has_label = false;
  bool has_weight = false;
  Tensor features;
  Tensor label;
  Tensor weight;
};

// `weight_name` is empty where no weights are asked for. Throws wire::MalformedMessage.
void decode_record(wire::Bytes message, std::string_view weight_name, Record& record);

}  // namespace pairloom::recordio
