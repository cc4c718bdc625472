// recordio-protobuf: files of aialgs.data.Record messages to rows, and rows to such files.
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

// The largest width whose feature ids fit int32.
constexpr uint64_t kMaxRecordioWidth = INT32_MAX;

struct RecordioReadOptions {
  uint64_t feature_dim = 0;  // 0: the first record's width
  bool require_labels = true;
  bool binary_labels = false;   // only 0 and 1
  uint64_t expected_bytes = 0;  // of all files together, if known: address space to reserve
  // Other than 0: keys of any size are hashed to so many bits, equal ones of a row add up, and
  // records may have any width. Rows are sparse.
  unsigned hash_bits = 0;
  // The name under which the features map holds a row's weight; empty: rows have none.
  std::string weight_feature;
  bool require_weights = true;
};

// Rows in RowBatch's layout. Dense rows have values alone, num_rows x feature_dim.
struct RecordioRows {
  uint64_t num_rows = 0;
  uint64_t feature_dim = 0;  // 0 when there was no record to tell it
  bool is_dense = true;
  GrowingArray<int64_t> row_offsets;
  GrowingArray<int32_t> feature_ids;
  GrowingArray<float> values;
  GrowingArray<float> labels;   // empty when the records carry none
  GrowingArray<float> weights;  // likewise
  uint64_t num_unsorted = 0;    // rows whose keys had to be sorted
};

// Turns the bytes of files, fed in pieces of any size, into rows. What the first records tell holds
// for all: their width, whether they carry labels and weights. Throws DataFormatError and is of no
// use afterwards.
class RecordioReader {
 public:
  explicit RecordioReader(const RecordioReadOptions& options);
  ~RecordioReader();

  // Bytes from `offset` on, where the record of that number begins: the file's first by default.
  void begin_file(const std::string& name, uint64_t offset = 0, uint64_t record_number = 0);
  void feed(std::span<const uint8_t> bytes);
  void end_file();
  // The rows since the last call, sparse from the first sparse record on.
  RecordioRows take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Where the last whole record ends of those that begin before byte `stop` of `bytes`, which begin
// with a record, and how many these are. Bytes that are no record end the search and are all taken:
// the reader tells what is wrong with them.
RecordSpan whole_records(std::span<const uint8_t> bytes, uint64_t stop);

// Where the first record begins in bytes from the middle of a file, at a multiple of four: another
// frame follows there, or the end of the bytes where the file ends (`ends`). -1 when none is found:
// more bytes may tell.
int64_t first_record(std::span<const uint8_t> bytes, bool ends);

// Appends the frames of rows from `begin_row` on, until they fill `block_bytes` or the rows end.
// Returns the next row. Weights stand in the features map under `weight_feature`. Throws DataError
// for a row that no reader would take.
uint64_t encode_recordio(const SourceMatrix& matrix, uint64_t begin_row, size_t block_bytes,
                         std::vector<uint8_t>& out, const std::string& weight_feature = {});

}  // namespace pairloom
