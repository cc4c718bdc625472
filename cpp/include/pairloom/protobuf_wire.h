// The protobuf wire format: varints, tags, length-delimited fields, unknown fields.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace pairloom::wire {

static_assert(std::endian::native == std::endian::little, "fixed32 and fixed64 are read in place");

using Bytes = std::span<const uint8_t>;

enum class Type : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kLengthDelimited = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

struct Tag {
  uint32_t field;
  Type type;
};

constexpr uint64_t tag_of(uint32_t field, Type type) {
  return uint64_t{field} << 3 | static_cast<uint32_t>(type);
}

// The message breaks the wire format or its schema at `place`, inside the bytes given to a
// Reader; whoever knows the file turns it into a DataFormatError.
struct MalformedMessage {
  const uint8_t* place;
  std::string complaint;
};

// Walks the fields of one message. Every read checks the end first.
class Reader {
 public:
  explicit Reader(Bytes message) : next_(message.data()), end_(message.data() + message.size()) {}

  bool at_end() const { return next_ == end_; }
  const uint8_t* place() const { return next_; }

  uint64_t varint() {
    if (next_ != end_ && *next_ < 0x80) {
      return *next_++;
    }
    if (remaining() >= 3) {  // ids up to two million, lengths up to two megabytes
      const uint64_t low = uint64_t{next_[0]} & 0x7f;
      const uint64_t middle = (uint64_t{next_[1]} & 0x7f) << 7;
      if (next_[1] < 0x80) {
        next_ += 2;
        return low | middle;
      }
      if (next_[2] < 0x80) {
        next_ += 3;
        return low | middle | uint64_t{next_[-1]} << 14;
      }
    }
    return long_varint();
  }

  Tag tag() {
    const uint8_t* start = next_;
    const uint64_t number = varint();
    const Tag tag{static_cast<uint32_t>(number >> 3), static_cast<Type>(number & 7)};
    if (number > UINT32_MAX || tag.field == 0 || tag.type > Type::kFixed32) [[unlikely]] {
      fail_tag(start, number);
    }
    return tag;
  }

  template <typename T>
  T fixed() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  Bytes length_delimited() {
    const uint8_t* start = next_;
    const uint64_t length = varint();
    if (length > remaining()) [[unlikely]] {
      fail_length(start, length);
    }
    return take(length);
  }

  // Passes over a field that the schema does not know.
  void skip(Tag tag);

  [[noreturn]] static void fail(const uint8_t* place, std::string complaint) {
    throw MalformedMessage{place, std::move(complaint)};
  }

 private:
  uint64_t remaining() const { return static_cast<uint64_t>(end_ - next_); }

  Bytes take(uint64_t length) {
    if (length > remaining()) [[unlikely]] {
      fail_cut(length);
    }
    const uint8_t* start = next_;
    next_ += length;
    return {start, static_cast<size_t>(length)};
  }

  // Out of line: what fails may be slow, what succeeds is inlined.
  [[noreturn]] static void fail_tag(const uint8_t* place, uint64_t number);
  [[noreturn]] void fail_length(const uint8_t* place, uint64_t length) const;
  [[noreturn]] void fail_cut(uint64_t length) const;

  uint64_t long_varint();
  void skip_group(uint32_t field, const uint8_t* start);

  const uint8_t* next_;
  const uint8_t* end_;
};

// Bytes that `value` takes as a varint: 1 to 10.
constexpr size_t varint_size(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

inline uint8_t* write_varint(uint8_t* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<uint8_t>(value);
  return out;
}

}  // namespace pairloom::wire
