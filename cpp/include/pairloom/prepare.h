// The first of a step's four operations: a mini-batch's rows become slots.
#pragma once

#include <cstdint>

#include "pairloom/memory.h"
#include "pairloom/row_batch.h"

namespace pairloom {

struct BatchView;

// One call's rows in the order in which they are visited.
struct RowOrder {
  const RowBatch* rows;
  const uint32_t* order;  // row of each position, or null for the file's order

  int64_t row(int64_t position) const {
    return order == nullptr ? position : static_cast<int64_t>(order[position]);
  }
  // Upper bound of the nonzeros at positions begin .. end.
  int64_t capacity(int64_t begin, int64_t end) const;
};

// How a mini-batch of this many rows is cut: by its rows alone, never by the threads, because the
// number of chunks decides the order of sums. Boundaries are multiples of eight rows.
uint32_t chunk_count(uint32_t num_rows);

// The buffers of one prepared mini-batch.
class PreparedBatch {
 public:
  PreparedBatch();
  ~PreparedBatch();
  PreparedBatch(PreparedBatch&&) noexcept;
  PreparedBatch& operator=(PreparedBatch&&) noexcept;

  void reserve(int64_t num_rows, int64_t num_nonzeros, int64_t num_slots, bool valued,
               bool weighted);
  const BatchView& view() const { return *view_; }

 private:
  friend class Preparer;
  BatchView* view_;
  LargeArray<uint32_t> row_starts_, slots_, entries_;
  LargeArray<float> values_, labels_, weights_;
};

// Feature -> stamp, one look-up per nonzero. Stamps grow from batch to batch, so the map is never
// cleared between them, and a stamp of zero marks a feature that no row has touched yet.
class FeatureMap {
 public:
  explicit FeatureMap(int64_t feature_dim) : stamps_(static_cast<size_t>(feature_dim)) {}

  int64_t feature_dim() const { return static_cast<int64_t>(stamps_.size()); }
  bool trained(int64_t feature) const { return stamps_[static_cast<size_t>(feature)] != 0; }
  void mark_trained(int64_t feature) { stamps_[static_cast<size_t>(feature)] = kTrained; }

 private:
  friend class Preparer;
  static constexpr uint32_t kTrained = 1;  // in an earlier numbering

  LargeArray<uint32_t> stamps_;
};

// Numbers the distinct features of a batch by first appearance.
class Preparer {
 public:
  // With `all_features` every feature gets a slot in every batch, those that no row holds last.
  Preparer(FeatureMap& features, bool all_features);

  // A batch is prepared in `kParts` parts, in order, so that threads can do it between other work.
  static constexpr int kParts = 3;
  void start(const RowOrder& rows, int64_t begin, int64_t end, PreparedBatch& batch);
  void prepare_part(int part);

 private:
  template <class Id>
  void compact_sparse(const Id* ids, uint32_t first_row, uint32_t last_row);
  void compact_dense(uint32_t first_row, uint32_t last_row);
  void assign_slots(uint32_t first_row, uint32_t last_row);
  void renew_stamps();
  void finish();

  FeatureMap& features_;
  bool all_features_;
  uint32_t next_stamp_;   // of the next new feature
  uint32_t batch_stamp_;  // of the current batch's slot 0
  RowOrder rows_{};
  int64_t begin_ = 0;
  PreparedBatch* batch_ = nullptr;
};

}  // namespace pairloom
