// Collects decoded records as rows, checking what a row must satisfy.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pairloom/recordio.h"
#include "recordio_record.h"

namespace pairloom::recordio {

// A well-formed record that is no row: what was found and what was expected.
struct UnusableRecord {
  std::string complaint;
};

class RowCollector {
 public:
  explicit RowCollector(const RecordioReadOptions& options);

  // Throws UnusableRecord.
  void add(const Record& record);
  // The rows since the last call.
  RecordioRows take();

 private:
  void add_dense(const Tensor& tensor);
  void add_sparse(const Tensor& tensor);
  void add_label(const Record& record);
  void add_weight(const Record& record);
  void check_width(uint64_t width, const char* source);
  void check_keys(const Tensor& tensor) const;
  void add_hashed(const Tensor& tensor);
  void make_sparse();
  void reserve(const Tensor& first);
  void append_nonzeros(const float* row);
  void append_sorted(const Tensor& tensor);
  void end_sparse_row();

  RecordioReadOptions options_;
  RecordioRows rows_;
  bool has_rows_ = false;  // ever, as are the next two
  bool has_labels_ = false;
  bool has_weights_ = false;
  std::vector<std::pair<uint64_t, float>> unsorted_;
};

}  // namespace pairloom::recordio
