#include "pairloom/protobuf_wire.h"

#include <vector>

namespace pairloom::wire {

namespace {

constexpr size_t kMaxGroupDepth = 100;

}  // namespace

void Reader::fail_tag(const uint8_t* place, uint64_t number) {
  fail(place, "tag " + std::to_string(number) + "; expected a field number and a wire type");
}

void Reader::fail_length(const uint8_t* place, uint64_t length) const {
  fail(place, "length " + std::to_string(length) + " past the end; expected at most " +
                  std::to_string(remaining()) + " bytes");
}

void Reader::fail_cut(uint64_t length) const {
  fail(next_, "the message ends inside a field; expected " + std::to_string(length) +
                  " bytes, found " + std::to_string(remaining()));
}

uint64_t Reader::long_varint() {
  const uint8_t* start = next_;
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (next_ == end_) {
      fail(start, "the message ends inside a varint");
    }
    const uint64_t byte = *next_++;
    if (shift == 63 && byte > 1) {
      break;
    }
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  fail(start, "invalid varint; expected at most 64 bits in at most 10 bytes");
}

void Reader::skip(Tag tag) {
  switch (tag.type) {
    case Type::kVarint:
      varint();
      return;
    case Type::kFixed64:
      take(8);
      return;
    case Type::kFixed32:
      take(4);
      return;
    case Type::kLengthDelimited:
      length_delimited();
      return;
    case Type::kStartGroup:
      skip_group(tag.field, next_);
      return;
    case Type::kEndGroup:
      fail(next_, "end of group " + std::to_string(tag.field) + " without its start");
  }
}

void Reader::skip_group(uint32_t field, const uint8_t* start) {
  std::vector<uint32_t> open{field};
  while (!open.empty()) {
    if (at_end()) {
      fail(start, "the message ends inside group " + std::to_string(open.back()));
    }
    const Tag inner = tag();
    if (inner.type == Type::kStartGroup) {
      open.push_back(inner.field);
    } else if (inner.type == Type::kEndGroup && inner.field == open.back()) {
      open.pop_back();
    } else {
      skip(inner);
    }
    if (open.size() > kMaxGroupDepth) {
      fail(start, "groups nested deeper than " + std::to_string(kMaxGroupDepth));
    }
  }
}

}  // namespace pairloom::wire
