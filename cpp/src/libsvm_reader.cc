#include <algorithm>
#include <cstring>
#include <vector>

#include "libsvm_line.h"
#include "libsvm_rows.h"
#include "pairloom/error.h"
#include "pairloom/libsvm.h"

namespace pairloom {

struct LibsvmReader::State {
  explicit State(const LibsvmReadOptions& options) : rows(options) {}

  // [begin, end) is a line; a line feed stands at `end`.
  void take_line(const char* begin, const char* end);
  std::string place(const char* begin, const char* at) const;

  libsvm::RowCollector rows;
  libsvm::Line line;
  std::vector<char> pending;  // a line's beginning, until its rest arrives
  std::string file;
  uint64_t line_number = 0;
  std::string one_based_place;  // of the first id that needs ids to count from 1
  std::string zero_label_place, minus_one_label_place;
};

LibsvmReader::LibsvmReader(const LibsvmReadOptions& options)
    : state_(std::make_unique<State>(options)) {}

LibsvmReader::~LibsvmReader() = default;

void LibsvmReader::begin_file(const std::string& name, uint64_t lines_before) {
  state_->file = name;
  state_->line_number = lines_before;
}

void LibsvmReader::feed(std::span<const uint8_t> bytes) {
  State& state = *state_;
  const char* next = reinterpret_cast<const char*>(bytes.data());
  const char* end = next + bytes.size();
  while (next != end) {
    const void* found = std::memchr(next, '\n', static_cast<size_t>(end - next));
    const char* line_end = found == nullptr ? end : static_cast<const char*>(found);
    if (found == nullptr) {
      state.pending.insert(state.pending.end(), next, end);
      return;
    }
    if (state.pending.empty()) {
      state.take_line(next, line_end);
    } else {
      state.pending.insert(state.pending.end(), next, line_end + 1);
      state.take_line(state.pending.data(), state.pending.data() + state.pending.size() - 1);
      state.pending.clear();
    }
    next = line_end + 1;
  }
}

void LibsvmReader::end_file() {
  if (!state_->pending.empty()) {
    const uint8_t line_feed = '\n';
    feed({&line_feed, 1});
  }
}

LibsvmRows LibsvmReader::take() {
  LibsvmRows rows = state_->rows.take();
  rows.zero_label_place = state_->zero_label_place;
  rows.minus_one_label_place = state_->minus_one_label_place;
  return rows;
}

RecordSpan whole_lines(std::span<const uint8_t> bytes, uint64_t stop) {
  const auto first = bytes.begin();
  auto end = bytes.end();
  if (stop == 0) {
    end = first;
  } else if (stop < bytes.size()) {
    // The last line that begins before `stop` ends at the first line feed from the byte before on.
    const auto last = first + static_cast<ptrdiff_t>(stop - 1);
    const auto line_feed = std::find(last, bytes.end(), uint8_t{'\n'});
    end = line_feed == bytes.end() ? last : line_feed + 1;
  }
  while (end != first && *(end - 1) != '\n') {
    --end;
  }
  const auto lines = std::count(first, end, uint8_t{'\n'});
  return {static_cast<uint64_t>(end - first), static_cast<uint64_t>(lines)};
}

void LibsvmReader::State::take_line(const char* begin, const char* end) {
  ++line_number;
  try {
    libsvm::parse_line(begin, end, line);
    if (line.is_blank) {
      return;
    }
    rows.add(line);
  } catch (const libsvm::MalformedLine& malformed) {
    throw DataFormatError(place(begin, malformed.place) + malformed.complaint);
  } catch (const libsvm::UnusableLine& unusable) {
    const char* at = unusable.entry ? libsvm::place_of_entry(begin, *unusable.entry) : begin;
    throw DataFormatError(place(begin, at) + unusable.complaint);
  }
  if (rows.has_zero_label() && zero_label_place.empty()) {
    zero_label_place = place(begin, begin);
  }
  if (rows.has_minus_one_label() && minus_one_label_place.empty()) {
    minus_one_label_place = place(begin, begin);
  }
  if (rows.needs_one_based() && one_based_place.empty()) {
    one_based_place = place(begin, libsvm::place_of_entry(begin, line.size - 1));
  }
  if (rows.has_zero_id() && !one_based_place.empty()) {
    const uint64_t largest = rows.feature_dim();
    throw DataFormatError(one_based_place + "feature id " + std::to_string(largest) +
                          "; expected 0 to " + std::to_string(largest - 1) + ", as line " +
                          std::to_string(line_number) + " of " + file + " holds the feature id 0");
  }
}

std::string LibsvmReader::State::place(const char* begin, const char* at) const {
  return file + ": line " + std::to_string(line_number) + ", column " +
         std::to_string(at - begin + 1) + ": ";
}

}  // namespace pairloom
