// Collects parsed lines as rows, checking what a row must satisfy.
#pragma once

#include <optional>
#include <string>

#include "libsvm_line.h"
#include "pairloom/libsvm.h"

namespace pairloom::libsvm {

// A well-formed line that is no row: what was found and what was expected, and of which entry,
// if it is about one.
struct UnusableLine {
  std::string complaint;
  std::optional<size_t> entry;
};

class RowCollector {
 public:
  explicit RowCollector(const LibsvmReadOptions& options);

  // Throws UnusableLine.
  void add(const Line& line);
  // Whether the last line's largest id is in range only when ids count from 1, and earlier ones
  // were not.
  bool needs_one_based() const { return needs_one_based_; }
  uint64_t feature_dim() const { return options_.feature_dim; }
  // Whether an id was 0.
  bool has_zero_id() const { return has_zero_id_; }
  // Whether a binary classifier's label was 0, or -1.
  bool has_zero_label() const { return has_zero_label_; }
  bool has_minus_one_label() const { return has_minus_one_label_; }
  // The rows since the last call.
  LibsvmRows take();

 private:
  void check_ids(const Line& line);
  void add_label(const Line& line);
  void check_binary(float label);
  void append_ids(const Line& line);
  void append_values(const Line& line);
  void widen_ids();
  void reserve();

  LibsvmReadOptions options_;
  LibsvmRows rows_;
  uint64_t largest_id_ = 0;
  bool has_zero_id_ = false;
  bool needs_one_based_ = false;
  bool all_ones_ = true;
  bool has_rows_ = false;  // ever, as is the next
  bool has_labels_ = false;
  bool has_minus_one_label_ = false;
  bool has_zero_label_ = false;
};

}  // namespace pairloom::libsvm
