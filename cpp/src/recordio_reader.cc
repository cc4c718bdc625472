#include <algorithm>

#include "pairloom/error.h"
#include "pairloom/recordio.h"
#include "recordio_frames.h"
#include "recordio_record.h"
#include "recordio_rows.h"

namespace pairloom {

using recordio::Frame;
using recordio::kHeaderBytes;

struct RecordioReader::State {
  explicit State(const RecordioReadOptions& options)
      : weight_feature(options.weight_feature), rows(options) {}

  // Completes the frame that an earlier piece left unfinished; returns what is left of `bytes`.
  std::span<const uint8_t> complete_pending(std::span<const uint8_t> bytes);
  void take_frame(const uint8_t* bytes, uint64_t size);
  void take_record(std::span<const uint8_t> message, bool is_split);
  [[noreturn]] void fail(uint64_t at, const std::string& complaint) const;

  const std::string weight_feature;
  recordio::RowCollector rows;
  recordio::Record record;
  recordio::RecordParts parts;
  std::vector<uint8_t> pending;  // a frame's beginning, until its rest arrives
  std::string file;
  uint64_t offset = 0;  // of the next frame in the file
  uint64_t record_number = 0;
};

RecordioReader::RecordioReader(const RecordioReadOptions& options)
    : state_(std::make_unique<State>(options)) {}

RecordioReader::~RecordioReader() = default;

void RecordioReader::begin_file(const std::string& name, uint64_t offset, uint64_t record_number) {
  state_->file = name;
  state_->offset = offset;
  state_->record_number = record_number;
}

void RecordioReader::feed(std::span<const uint8_t> bytes) {
  State& state = *state_;
  try {
    bytes = state.complete_pending(bytes);
    while (bytes.size() >= kHeaderBytes) {
      const uint64_t size = recordio::frame_bytes(bytes.data(), state.offset);
      if (size > bytes.size()) {
        break;
      }
      state.take_frame(bytes.data(), size);
      bytes = bytes.subspan(static_cast<size_t>(size));
    }
    state.pending.insert(state.pending.end(), bytes.begin(), bytes.end());
  } catch (const recordio::MalformedFrame& malformed) {
    state.fail(malformed.offset, malformed.complaint);
  }
}

void RecordioReader::end_file() {
  State& state = *state_;
  const size_t found = state.pending.size();
  if (found >= kHeaderBytes) {
    const uint64_t size = recordio::frame_bytes(state.pending.data(), state.offset);
    state.fail(state.offset, "the file ends inside a record: it takes " + std::to_string(size) +
                                 " bytes with header and padding; found " + std::to_string(found));
  }
  if (found != 0) {
    state.fail(state.offset, "the file ends inside a record's header; expected 8 bytes, found " +
                                 std::to_string(found));
  }
  if (state.parts.is_open()) {
    state.fail(state.parts.offset(), "the file ends inside a split record; expected its last part");
  }
}

RecordSpan whole_records(std::span<const uint8_t> bytes, uint64_t stop) {
  RecordSpan whole;
  uint64_t offset = 0;
  bool is_split = false;
  try {
    while (offset < bytes.size() && (is_split || offset < stop)) {
      const auto rest = bytes.subspan(static_cast<size_t>(offset));
      if (rest.size() < kHeaderBytes || recordio::frame_bytes(rest.data(), offset) > rest.size()) {
        break;
      }
      const recordio::Part part = recordio::open_frame(rest.data()).part;
      offset += recordio::frame_bytes(rest.data(), offset);
      is_split = part == recordio::Part::kFirst || part == recordio::Part::kMiddle;
      if (!is_split) {
        whole.num_bytes = offset;
        ++whole.num_records;
      }
    }
  } catch (const recordio::MalformedFrame&) {
    whole.num_bytes = bytes.size();
  }
  return whole;
}

int64_t first_record(std::span<const uint8_t> bytes, bool ends) {
  for (size_t at = 0; at + kHeaderBytes <= bytes.size(); at += 4) {
    const auto rest = bytes.subspan(at);
    if (!recordio::may_begin_record(rest.data())) {
      continue;
    }
    const uint64_t size = recordio::frame_bytes(rest.data(), 0);
    const bool last = ends && size == rest.size();
    if (last || (size + kHeaderBytes <= rest.size() && recordio::is_header(rest.data() + size))) {
      return static_cast<int64_t>(at);
    }
  }
  return -1;
}

RecordioRows RecordioReader::take() { return state_->rows.take(); }

std::span<const uint8_t> RecordioReader::State::complete_pending(std::span<const uint8_t> bytes) {
  while (!pending.empty() && !bytes.empty()) {
    const bool has_header = pending.size() >= kHeaderBytes;
    const uint64_t wanted =
        has_header ? recordio::frame_bytes(pending.data(), offset) : uint64_t{kHeaderBytes};
    const size_t count =
        static_cast<size_t>(std::min<uint64_t>(wanted - pending.size(), bytes.size()));
    pending.insert(pending.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (pending.size() >= kHeaderBytes &&
        pending.size() == recordio::frame_bytes(pending.data(), offset)) {
      take_frame(pending.data(), pending.size());
      pending.clear();
    }
  }
  return bytes;
}

void RecordioReader::State::take_frame(const uint8_t* bytes, uint64_t size) {
  const Frame frame = recordio::open_frame(bytes);
  std::span<const uint8_t> message;
  if (parts.add(frame, offset, message)) {
    take_record(message, frame.part != recordio::Part::kWhole);
    ++record_number;
  }
  offset += size;
}

void RecordioReader::State::take_record(std::span<const uint8_t> message, bool is_split) {
  try {
    recordio::decode_record(message, weight_feature, record);
    rows.add(record);
  } catch (const wire::MalformedMessage& malformed) {
    const uint64_t inside =
        is_split ? 0 : kHeaderBytes + static_cast<uint64_t>(malformed.place - message.data());
    fail(parts.offset() + inside, malformed.complaint);
  } catch (const recordio::UnusableRecord& unusable) {
    fail(parts.offset(), unusable.complaint);
  }
}

void RecordioReader::State::fail(uint64_t at, const std::string& complaint) const {
  throw DataFormatError(file + ": byte " + std::to_string(at) + ", record " +
                        std::to_string(record_number) + ": " + complaint);
}

}  // namespace pairloom
