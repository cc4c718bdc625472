#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "pairloom/error.h"
#include "pairloom/protobuf_wire.h"
#include "pairloom/recordio.h"
#include "recordio_frames.h"

namespace pairloom {

namespace {

using wire::tag_of;
using wire::Type;
using wire::varint_size;
using wire::write_varint;

using Bytes = std::span<const uint8_t>;

constexpr uint8_t kValuesKey[] = {0x0a, 6, 'v', 'a', 'l', 'u', 'e', 's'};  // field 1, "values"

// A run of one row's numbers.
struct NumberRun {
  NumberType type;
  const void* data;
  uint64_t count;

  NumberRun(const SourceNumbers& numbers, uint64_t begin, uint64_t size)
      : type(numbers.type), data(nullptr), count(size) {
    const size_t width = type == NumberType::kFloat32 ? 4 : 8;
    data = static_cast<const uint8_t*>(numbers.data) + begin * width;
  }

  template <typename T>
  std::span<const T> as() const {
    return {static_cast<const T*>(data), static_cast<size_t>(count)};
  }
};

std::string decimal(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

template <typename T>
uint64_t check_finite(std::span<const T> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw DataError("value " + std::to_string(i) + " is " + decimal(values[i]) +
                      "; expected finite numbers");
    }
  }
  return values.size() * sizeof(T);
}

uint64_t check_int32(std::span<const int64_t> values) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < INT32_MIN || values[i] > INT32_MAX) {
      throw DataError("value " + std::to_string(i) + " is " + std::to_string(values[i]) +
                      "; expected integers of 32 bits, the widest that records hold");
    }
    bytes += varint_size(static_cast<uint64_t>(values[i]));
  }
  return bytes;
}

// Bytes of the run as a packed field's content. Throws DataError for what records cannot hold.
uint64_t checked_bytes(const NumberRun& run) {
  switch (run.type) {
    case NumberType::kFloat32:
      return check_finite(run.as<float>());
    case NumberType::kFloat64:
      return check_finite(run.as<double>());
    case NumberType::kInt64:
      break;
  }
  return check_int32(run.as<int64_t>());
}

uint8_t* write_bytes(uint8_t* out, const void* bytes, size_t count) {
  if (count != 0) {
    std::memcpy(out, bytes, count);
  }
  return out + count;
}

uint8_t* write_numbers(uint8_t* out, const NumberRun& run) {
  if (run.type == NumberType::kInt64) {
    for (const int64_t value : run.as<int64_t>()) {
      out = write_varint(out, static_cast<uint64_t>(value));
    }
    return out;
  }
  const size_t width = run.type == NumberType::kFloat32 ? 4 : 8;
  return write_bytes(out, run.data, static_cast<size_t>(run.count) * width);
}

uint64_t tensor_field(NumberType type) {
  switch (type) {
    case NumberType::kFloat32:
      return tag_of(2, Type::kLengthDelimited);
    case NumberType::kFloat64:
      return tag_of(3, Type::kLengthDelimited);
    case NumberType::kInt64:
      break;
  }
  return tag_of(7, Type::kLengthDelimited);
}

// Every tag here takes one byte; an empty packed field is not written at all.
uint64_t field_bytes(uint64_t content) { return 1 + varint_size(content) + content; }
uint64_t packed_bytes(uint64_t content) { return content == 0 ? 0 : field_bytes(content); }

uint8_t* write_header(uint8_t* out, uint64_t tag, uint64_t content) {
  *out++ = static_cast<uint8_t>(tag);
  return write_varint(out, content);
}

// The feature ids of one row, as int32 or int64.
struct IdRun {
  const SourceIds* ids = nullptr;
  uint64_t begin = 0;
  uint64_t count = 0;

  int64_t operator[](uint64_t i) const { return (*ids)[begin + i]; }
};

uint64_t bytes_of(const IdRun& ids) {
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < ids.count; ++i) {
    bytes += varint_size(static_cast<uint64_t>(ids[i]));
  }
  return bytes;
}

// One map entry, a name -> Value{tensor}, measured before it is written.
struct Entry {
  Bytes key;
  NumberRun values;
  IdRun ids;
  uint64_t shape = 0;  // 0: not written
  uint64_t value_bytes = 0;
  uint64_t id_bytes = 0;
  uint64_t tensor_bytes = 0;

  Entry(const NumberRun& run, const IdRun& row_ids, uint64_t feature_dim, Bytes name = kValuesKey)
      : key(name), values(run), ids(row_ids), shape(feature_dim) {
    value_bytes = checked_bytes(values);
    id_bytes = bytes_of(ids);
    tensor_bytes = packed_bytes(value_bytes) + packed_bytes(id_bytes) +
                   packed_bytes(shape == 0 ? 0 : varint_size(shape));
  }

  uint64_t bytes() const { return key.size() + field_bytes(field_bytes(tensor_bytes)); }
};

uint8_t* write_entry(uint8_t* out, const Entry& entry) {
  out = write_bytes(out, entry.key.data(), entry.key.size());
  out = write_header(out, tag_of(2, Type::kLengthDelimited), field_bytes(entry.tensor_bytes));
  out = write_header(out, tensor_field(entry.values.type), entry.tensor_bytes);
  if (entry.value_bytes != 0) {
    out = write_header(out, tag_of(1, Type::kLengthDelimited), entry.value_bytes);
    out = write_numbers(out, entry.values);
  }
  if (entry.id_bytes != 0) {
    out = write_header(out, tag_of(2, Type::kLengthDelimited), entry.id_bytes);
    for (uint64_t i = 0; i < entry.ids.count; ++i) {
      out = write_varint(out, static_cast<uint64_t>(entry.ids[i]));
    }
  }
  if (entry.shape != 0) {
    out = write_header(out, tag_of(3, Type::kLengthDelimited), varint_size(entry.shape));
    out = write_varint(out, entry.shape);
  }
  return out;
}

Entry features_of(const SourceMatrix& matrix, uint64_t row) {
  if (matrix.row_offsets.empty()) {
    return {NumberRun(matrix.values, row * matrix.feature_dim, matrix.feature_dim), IdRun{}, 0};
  }
  const SourceRow place = sparse_row(matrix, row);
  check_ids(matrix, place);
  return {NumberRun(matrix.values, place.begin, place.count),
          IdRun{&matrix.feature_ids, place.begin, place.count}, matrix.feature_dim};
}

// Makes room for a frame in `out`, padding already zero; returns where its payload begins.
uint8_t* append_frame(std::vector<uint8_t>& out, uint64_t payload_bytes) {
  if (payload_bytes > recordio::kMaxPayloadBytes) {
    throw DataError("a record of " + std::to_string(payload_bytes) + " bytes; expected at most " +
                    std::to_string(recordio::kMaxPayloadBytes));
  }
  const size_t begin = out.size();
  out.resize(begin + recordio::kHeaderBytes + recordio::padded(payload_bytes));
  const uint32_t header[] = {recordio::kMagic, static_cast<uint32_t>(payload_bytes)};
  return write_bytes(out.data() + begin, header, sizeof(header));
}

// A map's entry as a field of the record.
uint64_t map_bytes(const std::optional<Entry>& entry) {
  return entry ? field_bytes(entry->bytes()) : 0;
}

uint8_t* write_map(uint8_t* out, uint32_t field, const std::optional<Entry>& entry) {
  if (!entry) {
    return out;
  }
  out = write_header(out, tag_of(field, Type::kLengthDelimited), entry->bytes());
  return write_entry(out, *entry);
}

std::optional<Entry> label_of(const SourceMatrix& matrix, uint64_t row) {
  if (matrix.labels.data == nullptr) {
    return std::nullopt;
  }
  return Entry(NumberRun(matrix.labels, row, 1), IdRun{}, 0);
}

std::optional<Entry> weight_of(const SourceMatrix& matrix, uint64_t row, Bytes key) {
  if (key.empty() || matrix.weights.empty()) {
    return std::nullopt;
  }
  if (matrix.weights[row] < 0.0f) {
    throw DataError("weight " + decimal(matrix.weights[row]) + "; expected at least 0");
  }
  const SourceNumbers weights{NumberType::kFloat32, matrix.weights.data(), matrix.weights.size()};
  return Entry(NumberRun(weights, row, 1), IdRun{}, 0, key);
}

void append_record(const SourceMatrix& matrix, uint64_t row, Bytes weight_key,
                   std::vector<uint8_t>& out) {
  const std::optional<Entry> features = features_of(matrix, row);
  const std::optional<Entry> weight = weight_of(matrix, row, weight_key);
  const std::optional<Entry> label = label_of(matrix, row);
  uint8_t* next = append_frame(out, map_bytes(features) + map_bytes(weight) + map_bytes(label));
  next = write_map(next, 1, features);
  next = write_map(next, 1, weight);
  write_map(next, 2, label);
}

// A map entry's key field; nothing for an empty name.
std::vector<uint8_t> key_of(const std::string& name) {
  if (name.empty()) {
    return {};
  }
  std::vector<uint8_t> key(1 + varint_size(name.size()) + name.size());
  uint8_t* const text = write_header(key.data(), tag_of(1, Type::kLengthDelimited), name.size());
  write_bytes(text, name.data(), name.size());
  return key;
}

}  // namespace

uint64_t encode_recordio(const SourceMatrix& matrix, uint64_t begin_row, size_t block_bytes,
                         std::vector<uint8_t>& out, const std::string& weight_feature) {
  const std::vector<uint8_t> weight_key = key_of(weight_feature);
  uint64_t row = begin_row;
  while (row < matrix.num_rows && out.size() < block_bytes) {
    try {
      append_record(matrix, row, weight_key, out);
    } catch (const DataError& error) {
      throw DataError("row " + std::to_string(row) + ": " + error.what());
    }
    ++row;
  }
  return row;
}

}  // namespace pairloom
