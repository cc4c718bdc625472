// The first of a step's four operations: a mini-batch's rows become slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "pairloom/feature_map.h"
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

// Into how many chunks a mini-batch is cut: by its rows and the rows' width alone, never by the
// threads, because the number of chunks decides the order of sums. Boundaries are multiples of
// eight rows. Wide rows get fewer, because every chunk has accumulators for the batch's features.
uint32_t chunk_count(uint32_t num_rows, int64_t feature_dim);
// Where a chunk's rows begin; those of the chunk behind the last: where the rows end.
uint32_t chunk_begin(uint32_t num_rows, uint32_t num_chunks, uint32_t chunk);

// The buffers of one prepared mini-batch. Where its rows lie side by side their labels, weights and
// values are read in place.
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

// Numbers the distinct features of a batch by first appearance.
class Preparer {
 public:
  // With `all_features` every feature gets a slot in every batch, those that no row holds last; it
  // is not for a map that grows.
  Preparer(FeatureMap& features, bool all_features);

  // A batch is prepared in `kParts` parts, in order, so that threads can do it between other work.
  static constexpr int kParts = 3;
  // `num_chunks` 0: as many as chunk_count says.
  void start(const RowOrder& rows, int64_t begin, int64_t end, PreparedBatch& batch,
             uint32_t num_chunks = 0);
  // False when a map that grows has no room for the batch's new features.
  bool prepare_part(int part);

 private:
  bool takes_values_in_place(int64_t end) const;
  template <class Id>
  bool prepare_sparse(const Id* ids, uint32_t first_row, uint32_t last_row);
  template <class Id>
  void compact_sparse(const Id* ids, uint32_t first_row, uint32_t last_row);
  void compact_dense(uint32_t first_row, uint32_t last_row);
  template <class Id>
  void copy_ids(const Id* ids, uint32_t first_row, uint32_t last_row);
  bool find_entries(uint32_t first_row, uint32_t last_row);
  void leave_waiting_out(uint32_t first_row, uint32_t last_row);
  void copy_labels(uint32_t first_row, uint32_t last_row);
  template <class Id>
  void assign_slots(const Id* ids, uint32_t first_row, uint32_t last_row);
  void renew_stamps();
  void finish();

  FeatureMap& features_;
  bool all_features_;
  uint32_t next_stamp_;   // of the next new feature
  uint32_t batch_stamp_;  // of the current batch's slot 0
  RowOrder rows_{};
  int64_t begin_ = 0;
  bool in_place_ = false;  // the batch's nonzeros lie in the rows as they are
  PreparedBatch* batch_ = nullptr;
};

// Prepared mini-batches of rows in their own order, kept from one epoch for the next. They belong
// to one trainer and to rows that outlive them.
class KeptBatches {
 public:
  // Keeps mini-batches while they take at most `most_bytes`.
  explicit KeptBatches(size_t most_bytes) : most_bytes_(most_bytes) {}

  const BatchView* find(int64_t begin, int64_t end) const;  // null when it was not kept
  // Copies a batch whose first row is `begin`. Its labels, weights and, where they lie in the
  // rows, values are not copied.
  void keep(int64_t begin, const BatchView& batch);
  size_t num_bytes() const { return num_bytes_; }

 private:
  struct Kept;

  size_t most_bytes_;
  size_t num_bytes_ = 0;
  std::map<int64_t, std::shared_ptr<const Kept>> batches_;  // by their first row
};

}  // namespace pairloom
