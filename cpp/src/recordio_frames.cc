#include "recordio_frames.h"

#include <cstdio>
#include <cstring>

namespace pairloom::recordio {

namespace {

uint32_t load_uint32(const uint8_t* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::string hexadecimal(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%08x", value);
  return text;
}

}  // namespace

uint64_t frame_bytes(const uint8_t* header, uint64_t offset) {
  const uint32_t magic = load_uint32(header);
  if (magic != kMagic) {
    throw MalformedFrame{offset, "bad magic " + hexadecimal(magic) + "; expected " +
                                     hexadecimal(kMagic) + " at the start of a record"};
  }
  const uint32_t length = load_uint32(header + 4);
  if (length >> kLengthBits > static_cast<uint32_t>(Part::kLast)) {
    throw MalformedFrame{offset + 4, "part flag " + std::to_string(length >> kLengthBits) +
                                         "; expected 0 (whole), 1, 2 or 3 (parts)"};
  }
  return kHeaderBytes + padded(length & kMaxPayloadBytes);
}

bool is_header(const uint8_t* bytes) {
  return load_uint32(bytes) == kMagic &&
         load_uint32(bytes + 4) >> kLengthBits <= static_cast<uint32_t>(Part::kLast);
}

bool may_begin_record(const uint8_t* bytes) {
  return is_header(bytes) &&
         load_uint32(bytes + 4) >> kLengthBits <= static_cast<uint32_t>(Part::kFirst);
}

Frame open_frame(const uint8_t* bytes) {
  const uint32_t length = load_uint32(bytes + 4);
  return {static_cast<Part>(length >> kLengthBits),
          {bytes + kHeaderBytes, length & kMaxPayloadBytes}};
}

bool RecordParts::add(const Frame& frame, uint64_t offset, std::span<const uint8_t>& record) {
  const bool continues = frame.part == Part::kMiddle || frame.part == Part::kLast;
  if (continues != is_open_) {
    throw MalformedFrame{offset, continues ? "a later part of a split record without its first"
                                           : "a new record inside a split one; expected its "
                                             "next part"};
  }
  if (frame.part == Part::kWhole) {
    offset_ = offset;
    record = frame.payload;
    return true;
  }
  if (frame.part == Part::kFirst) {
    is_open_ = true;
    offset_ = offset;
    joined_.clear();
  } else {
    append({reinterpret_cast<const uint8_t*>(&kMagic), sizeof(kMagic)});
  }
  append(frame.payload);
  record = joined_;
  is_open_ = frame.part != Part::kLast;
  return !is_open_;
}

void RecordParts::clear() { is_open_ = false; }

void RecordParts::append(std::span<const uint8_t> payload) {
  joined_.insert(joined_.end(), payload.begin(), payload.end());
}

}  // namespace pairloom::recordio
