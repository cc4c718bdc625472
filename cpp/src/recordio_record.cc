#include "recordio_record.h"

#include <string>
#include <string_view>

#include "printable.h"

namespace pairloom::recordio {

namespace {

using wire::Bytes;
using wire::Reader;
using wire::Tag;
using wire::Type;

constexpr std::string_view kValuesName = "values";

struct RecordFields {
  static constexpr uint32_t kFeatures = 1, kLabel = 2;
};
struct EntryFields {
  static constexpr uint32_t kKey = 1, kValue = 2;
};
struct ValueFields {
  static constexpr uint32_t kFloat32 = 2, kFloat64 = 3, kInt32 = 7, kBytes = 9;
};
struct TensorFields {
  static constexpr uint32_t kValues = 1, kKeys = 2, kShape = 3;
};

// How each tensor type carries one value: its own wire type, or packed in a length-delimited run.
struct Float32Values {
  static constexpr Type kType = Type::kFixed32;
  static float read(Reader& reader) { return reader.fixed<float>(); }
  static void read_packed(Bytes run, GrowingArray<float>& values) {
    const size_t count = run.size() / sizeof(float);
    if (run.size() != count * sizeof(float)) {
      Reader::fail(run.data(), "packed float32 values take " + std::to_string(run.size()) +
                                   " bytes; expected a multiple of 4");
    }
    if (count != 0) {
      std::memcpy(values.extend(count), run.data(), run.size());
    }
  }
};

struct Float64Values {
  static constexpr Type kType = Type::kFixed64;
  static float read(Reader& reader) { return static_cast<float>(reader.fixed<double>()); }
};

struct Int32Values {
  static constexpr Type kType = Type::kVarint;
  static float read(Reader& reader) {
    return static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(reader.varint())));
  }
};

struct Uint64Values {
  static constexpr Type kType = Type::kVarint;
  static uint64_t read(Reader& reader) { return reader.varint(); }
};

template <typename Encoding, typename T>
void read_packed(Bytes run, GrowingArray<T>& into) {
  if constexpr (std::is_same_v<Encoding, Float32Values>) {
    Encoding::read_packed(run, into);
  } else {
    Reader reader(run);
    const size_t before = into.size();
    T* const first = into.extend(run.size());  // no value takes less than a byte
    T* next = first;
    while (!reader.at_end()) {
      *next++ = Encoding::read(reader);
    }
    into.truncate(before + static_cast<size_t>(next - first));
  }
}

template <typename Encoding, typename T>
void read_repeated(Reader& reader, Tag tag, GrowingArray<T>& into) {
  if (tag.type == Type::kLengthDelimited) {
    read_packed<Encoding>(reader.length_delimited(), into);
  } else if (tag.type == Encoding::kType) {
    into.push_back(Encoding::read(reader));
  } else {
    reader.skip(tag);
  }
}

template <typename Encoding>
void merge_tensor(Bytes message, Tensor& tensor) {
  Reader reader(message);
  while (!reader.at_end()) {
    const Tag tag = reader.tag();
    switch (tag.field) {
      case TensorFields::kValues:
        read_repeated<Encoding>(reader, tag, tensor.values);
        break;
      case TensorFields::kKeys:
        read_repeated<Uint64Values>(reader, tag, tensor.keys);
        break;
      case TensorFields::kShape:
        read_repeated<Uint64Values>(reader, tag, tensor.shape);
        break;
      default:
        reader.skip(tag);
    }
  }
}

TensorType type_of_field(Tag tag) {
  if (tag.type != Type::kLengthDelimited) {
    return TensorType::kNone;
  }
  switch (tag.field) {
    case ValueFields::kFloat32:
      return TensorType::kFloat32;
    case ValueFields::kFloat64:
      return TensorType::kFloat64;
    case ValueFields::kInt32:
      return TensorType::kInt32;
    case ValueFields::kBytes:
      return TensorType::kBytes;
    default:
      return TensorType::kNone;
  }
}

// The members of Value are a oneof: the same member again merges, another one replaces.
void merge_value(Bytes message, Tensor& tensor) {
  Reader reader(message);
  while (!reader.at_end()) {
    const Tag tag = reader.tag();
    const TensorType type = type_of_field(tag);
    if (type == TensorType::kNone) {
      reader.skip(tag);
      continue;
    }
    if (type != tensor.type) {
      tensor.reset(type);
    }
    const Bytes member = reader.length_delimited();
    if (type == TensorType::kFloat32) {
      merge_tensor<Float32Values>(member, tensor);
    } else if (type == TensorType::kFloat64) {
      merge_tensor<Float64Values>(member, tensor);
    } else if (type == TensorType::kInt32) {
      merge_tensor<Int32Values>(member, tensor);
    }
  }
}

bool is_submessage(Tag tag, uint32_t field) {
  return tag.field == field && tag.type == Type::kLengthDelimited;
}

// A map entry's last name and first value, and how many values there are.
struct Entry {
  std::string_view name;
  Bytes value;
  size_t num_values = 0;
};

Entry open_entry(Bytes message) {
  Entry entry;
  Reader reader(message);
  while (!reader.at_end()) {
    const Tag tag = reader.tag();
    if (is_submessage(tag, EntryFields::kKey)) {
      const Bytes text = reader.length_delimited();
      entry.name = {reinterpret_cast<const char*>(text.data()), text.size()};
    } else if (is_submessage(tag, EntryFields::kValue)) {
      const Bytes value = reader.length_delimited();
      entry.value = entry.num_values++ == 0 ? value : entry.value;
    } else {
      reader.skip(tag);
    }
  }
  return entry;
}

void merge_all_values(Bytes message, Tensor& tensor) {
  Reader reader(message);
  while (!reader.at_end()) {
    const Tag tag = reader.tag();
    if (is_submessage(tag, EntryFields::kValue)) {
      merge_value(reader.length_delimited(), tensor);
    } else {
      reader.skip(tag);
    }
  }
}

[[noreturn]] void refuse_name(Bytes message, const char* map_name, std::string_view name) {
  Reader::fail(message.data(), std::string(map_name) + "[\"" + printable(name.substr(0, 40)) +
                                   "\"]; expected no name but \"values\"");
}

// A later map entry of the same name replaces the earlier; inside one entry values merge.
void read_value(const Entry& entry, Bytes message, Tensor& tensor) {
  tensor.reset(TensorType::kNone);
  if (entry.num_values == 1) {
    merge_value(entry.value, tensor);
  } else {
    merge_all_values(message, tensor);
  }
}

void read_feature(Bytes message, std::string_view weight_name, Record& record) {
  const Entry entry = open_entry(message);
  if (entry.name == kValuesName) [[likely]] {
    read_value(entry, message, record.features);
    record.has_features = true;
  } else if (!weight_name.empty() && entry.name == weight_name) {
    read_value(entry, message, record.weight);
    record.has_weight = true;
  } else {
    refuse_name(message, "features", entry.name);
  }
}

void read_label(Bytes message, Record& record) {
  const Entry entry = open_entry(message);
  if (entry.name != kValuesName) [[unlikely]] {
    refuse_name(message, "label", entry.name);
  }
  read_value(entry, message, record.label);
  record.has_label = true;
}

}  // namespace

void Tensor::reset(TensorType new_type) {
  type = new_type;
  values.clear();
  keys.clear();
  shape.clear();
}

void decode_record(Bytes message, std::string_view weight_name, Record& record) {
  record.has_features = record.has_label = record.has_weight = false;
  Reader reader(message);
  while (!reader.at_end()) {
    const Tag tag = reader.tag();
    if (is_submessage(tag, RecordFields::kFeatures)) {
      read_feature(reader.length_delimited(), weight_name, record);
    } else if (is_submessage(tag, RecordFields::kLabel)) {
      read_label(reader.length_delimited(), record);
    } else {
      reader.skip(tag);
    }
  }
}

}  // namespace pairloom::recordio
