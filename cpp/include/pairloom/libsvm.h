// libsvm text: lines of `label [qid:n] id:value ... [# comment]` to rows, and rows to such lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pairloom/growing_array.h"
#include "pairloom/record_span.h"
#include "pairloom/source_matrix.h"

namespace pairloom {

// What the smallest possible feature id of a file is.
enum class FirstId : uint8_t {
  kAuto,  // 0 when any id is 0, else 1
  kZero,
  kOne,
};

struct LibsvmReadOptions {
  uint64_t feature_dim = 0;  // 0: what the largest id needs
  FirstId first_id = FirstId::kAuto;
  bool require_labels = true;
  bool binary_labels = false;   // only 0 and 1, or only -1 and 1, which become 0 and 1
  uint64_t expected_bytes = 0;  // of all files together, if known: address space to reserve
};

// Sparse rows in RowBatch's layout, their ids from 0.
struct LibsvmRows {
  uint64_t num_rows = 0;
  uint64_t feature_dim = 0;    // 0 when there was no id to tell it
  bool zero_based = false;     // what was told or found
  bool mapped_labels = false;  // -1 became 0
  uint64_t num_queries = 0;    // lines with a qid, which is passed over
  // Where the first label 0, and the first -1, of a binary classifier stands; empty without one.
  std::string zero_label_place;
  std::string minus_one_label_place;
  GrowingArray<int64_t> row_offsets;
  GrowingArray<int32_t> narrow_ids;  // in use until an id needs more
  GrowingArray<int64_t> wide_ids;
  bool has_wide_ids = false;
  GrowingArray<float> values;  // empty when all are 1
  GrowingArray<float> labels;  // empty when the lines carry none
};

// Turns the bytes of files, fed in pieces of any size, into rows. Throws DataFormatError and is
// of no use afterwards.
class LibsvmReader {
 public:
  explicit LibsvmReader(const LibsvmReadOptions& options);
  ~LibsvmReader();

  // Lines after the first `lines_before` of the file.
  void begin_file(const std::string& name, uint64_t lines_before = 0);
  void feed(std::span<const uint8_t> bytes);
  void end_file();
  // The rows since the last call; the width and `zero_based` by all lines so far.
  LibsvmRows take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Where the last whole line ends of those that begin before byte `stop` of `bytes`, which begin
// with a line, and how many these are.
RecordSpan whole_lines(std::span<const uint8_t> bytes, uint64_t stop);

// Appends the lines of rows from `begin_row` on, until they fill `block_bytes` or the rows end.
// Every number takes the fewest digits that read back as itself; dense rows lose their zeros.
// Returns the next row. Throws DataError for a row that no reader would take.
uint64_t encode_libsvm(const SourceMatrix& matrix, bool zero_based, uint64_t begin_row,
                       size_t block_bytes, std::vector<uint8_t>& out);

}  // namespace pairloom
