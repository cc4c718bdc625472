// The RecordIO framing: magic, length with a part flag, payload, padding to four bytes.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace pairloom::recordio {

constexpr uint32_t kMagic = 0xCED7230A;
constexpr size_t kHeaderBytes = 8;
constexpr unsigned kLengthBits = 29;
constexpr uint32_t kMaxPayloadBytes = (1u << kLengthBits) - 1;

// The top three bits of a frame's length. MXNet splits a record where its payload holds the
// magic, which the reader puts back between the parts.
enum class Part : uint32_t { kWhole = 0, kFirst = 1, kMiddle = 2, kLast = 3 };

constexpr uint64_t padded(uint64_t bytes) { return (bytes + 3) & ~uint64_t{3}; }

// What is wrong with the frame, and at which byte of the file.
struct MalformedFrame {
  uint64_t offset;
  std::string complaint;
};

struct Frame {
  Part part;
  std::span<const uint8_t> payload;
};

// Bytes of the whole frame whose header stands at `header`, `offset` bytes into the file.
// Throws MalformedFrame.
uint64_t frame_bytes(const uint8_t* header, uint64_t offset);

// Whether these eight bytes can be a frame's header, and that of a record's only or first frame.
bool is_header(const uint8_t* bytes);
bool may_begin_record(const uint8_t* bytes);

Frame open_frame(const uint8_t* bytes);

// Joins the parts of split records.
class RecordParts {
 public:
  bool is_open() const { return is_open_; }
  uint64_t offset() const { return offset_; }

  // Returns true when `record` has become a whole record. It stays valid until the next call.
  bool add(const Frame& frame, uint64_t offset, std::span<const uint8_t>& record);
  void clear();

 private:
  void append(std::span<const uint8_t> payload);

  bool is_open_ = false;
  uint64_t offset_ = 0;
  std::vector<uint8_t> joined_;
};

}  // namespace pairloom::recordio
