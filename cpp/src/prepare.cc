#include "pairloom/prepare.h"

#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "vec8.h"

namespace pairloom {

namespace {

constexpr uint32_t kPrefetchIds = 64;  // look-ups ahead; the map is larger than the caches
constexpr uint32_t kLastStamp = 0xF0000000u;

// Whether eight values are all zero, of either sign.
bool all_zero(const float* values) {
  uint64_t bits[4];
  std::memcpy(bits, values, sizeof(bits));
  return ((bits[0] | bits[1] | bits[2] | bits[3]) & 0x7FFFFFFF7FFFFFFFull) == 0;
}

}  // namespace

int64_t RowOrder::capacity(int64_t begin, int64_t end) const {
  if (order == nullptr && !rows->dense()) {
    return rows->row_offsets[end] - rows->row_offsets[begin];
  }
  int64_t total = 0;
  for (int64_t position = begin; position < end; ++position) {
    total += rows->row_capacity(row(position));
  }
  return total;
}

uint32_t chunk_count(uint32_t num_rows, int64_t feature_dim) {
  const bool wide = feature_dim > 4 * int64_t{num_rows};
  if (wide) {
    return std::clamp((num_rows + 256) / 512, 1u, kMaxChunks);
  }
  return num_rows >= 4096 ? kMaxChunks : std::clamp(num_rows / 64, 1u, 4u);
}

uint32_t chunk_begin(uint32_t num_rows, uint32_t num_chunks, uint32_t chunk) {
  const uint64_t groups = (uint64_t{num_rows} + 7) / 8;
  return static_cast<uint32_t>(std::min<uint64_t>(groups * chunk / num_chunks * 8, num_rows));
}

PreparedBatch::PreparedBatch() : view_(new BatchView{}) {}
PreparedBatch::~PreparedBatch() { delete view_; }
PreparedBatch::PreparedBatch(PreparedBatch&& other) noexcept : PreparedBatch() {
  *this = std::move(other);
}
PreparedBatch& PreparedBatch::operator=(PreparedBatch&& other) noexcept {
  std::swap(view_, other.view_);
  row_starts_ = std::move(other.row_starts_);
  slots_ = std::move(other.slots_);
  entries_ = std::move(other.entries_);
  values_ = std::move(other.values_);
  labels_ = std::move(other.labels_);
  weights_ = std::move(other.weights_);
  return *this;
}

void PreparedBatch::reserve(int64_t num_rows, int64_t num_nonzeros, int64_t num_slots, bool valued,
                            bool weighted) {
  const auto rows = static_cast<size_t>(num_rows), nonzeros = static_cast<size_t>(num_nonzeros);
  row_starts_.reserve(rows + 1);
  slots_.reserve(nonzeros + 1);
  entries_.reserve(static_cast<size_t>(num_slots) + kSlotPadding);
  values_.reserve(valued ? nonzeros + 1 : 0);
  labels_.reserve(rows);
  weights_.reserve(weighted ? rows : 0);
}

Preparer::Preparer(FeatureMap& features, bool all_features)
    : features_(features),
      all_features_(all_features),
      next_stamp_(FeatureMap::kTrained + 1),
      batch_stamp_(next_stamp_) {}

void Preparer::start(const RowOrder& rows, int64_t begin, int64_t end, PreparedBatch& batch,
                     uint32_t num_chunks) {
  rows_ = rows;
  begin_ = begin;
  batch_ = &batch;
  BatchView& view = *batch.view_;
  view.num_rows = static_cast<uint32_t>(end - begin);
  view.num_chunks =
      num_chunks == 0 ? chunk_count(view.num_rows, rows.rows->feature_dim) : num_chunks;
  for (uint32_t chunk = 0; chunk <= view.num_chunks; ++chunk) {
    view.chunk_rows[chunk] = chunk_begin(view.num_rows, view.num_chunks, chunk);
  }
  view.row_starts = batch.row_starts_.data();
  view.slots = batch.slots_.data();
  view.short_slots = nullptr;
  const RowBatch& all = *rows.rows;
  const bool in_order = rows.order == nullptr;
  in_place_ = in_order && !features_.counts() && takes_values_in_place(end);
  view.values = all.values == nullptr ? nullptr
                : in_place_           ? all.values + all.row_offsets[begin]
                                      : batch.values_.data();
  view.values_in_place = in_place_;
  view.labels = in_order ? all.labels + begin : batch.labels_.data();
  view.weights = all.weights == nullptr ? nullptr
                 : in_order             ? all.weights + begin
                                        : batch.weights_.data();
  view.entries = batch.entries_.data();
  batch.row_starts_[0] = 0;
  const auto capacity = std::min<uint64_t>(batch.entries_.size(), kLastStamp - 2);
  if (next_stamp_ > kLastStamp - capacity) {
    renew_stamps();
  }
  batch_stamp_ = next_stamp_;
}

bool Preparer::prepare_part(int part) {
  const uint32_t num_rows = batch_->view_->num_rows;
  const auto boundary = [&](int of) {
    return static_cast<uint32_t>(uint64_t{num_rows} * static_cast<uint32_t>(of) / kParts);
  };
  const uint32_t first = boundary(part), last = boundary(part + 1);
  const RowBatch& rows = *rows_.rows;
  bool fits = true;
  if (rows.dense()) {
    compact_dense(first, last);
    fits = find_entries(first, last);
  } else if (rows.ids32 != nullptr) {
    fits = prepare_sparse(rows.ids32, first, last);
  } else {
    fits = prepare_sparse(rows.ids64, first, last);
  }
  if (rows_.order != nullptr) {
    copy_labels(first, last);
  }
  if (fits && part == kParts - 1) {
    finish();
  }
  return fits;
}

// Explicit zeros are no nonzeros: rows that hold one are compacted.
bool Preparer::takes_values_in_place(int64_t end) const {
  const RowBatch& rows = *rows_.rows;
  if (rows.dense()) {
    return false;
  }
  bool any_zero = false;
  for (int64_t i = rows.row_offsets[begin_]; rows.values != nullptr && i < rows.row_offsets[end];
       ++i) {
    any_zero |= rows.values[i] == 0.0f;
  }
  return !any_zero;
}

template <class Id>
bool Preparer::prepare_sparse(const Id* ids, uint32_t first_row, uint32_t last_row) {
  if (!in_place_) {
    compact_sparse(ids, first_row, last_row);
    return find_entries(first_row, last_row);
  }
  const int64_t* const offsets = rows_.rows->row_offsets + begin_;
  for (uint32_t row = first_row; row < last_row; ++row) {
    batch_->row_starts_[row + 1] = static_cast<uint32_t>(offsets[row + 1] - offsets[0]);
  }
  if (features_.grows()) {
    copy_ids(ids + offsets[0], first_row, last_row);
    return find_entries(first_row, last_row);
  }
  assign_slots(ids + offsets[0], first_row, last_row);
  return true;
}

// Copies ids to where their slots will stand.
template <class Id>
void Preparer::copy_ids(const Id* ids, uint32_t first_row, uint32_t last_row) {
  const uint32_t begin = batch_->row_starts_[first_row], end = batch_->row_starts_[last_row];
  std::transform(ids + begin, ids + end, batch_->slots_.data() + begin,
                 [](Id id) { return static_cast<uint32_t>(id); });
}

// Turns feature ids that stand where the slots go into entries, and those into slots.
bool Preparer::find_entries(uint32_t first_row, uint32_t last_row) {
  uint32_t* const ids = batch_->slots_.data();
  const uint32_t begin = batch_->row_starts_[first_row], end = batch_->row_starts_[last_row];
  if (features_.counts()) {
    if (!features_.count_in(ids + begin, end - begin)) {
      return false;
    }
    leave_waiting_out(first_row, last_row);
  } else if (features_.grows() && !features_.take_in(ids + begin, end - begin)) {
    return false;
  }
  assign_slots(ids, first_row, last_row);
  return true;
}

// Takes nonzeros out whose features have no entry yet.
void Preparer::leave_waiting_out(uint32_t first_row, uint32_t last_row) {
  uint32_t* const entries = batch_->slots_.data();
  float* const values = rows_.rows->values == nullptr ? nullptr : batch_->values_.data();
  uint32_t from = batch_->row_starts_[first_row], to = from;
  for (uint32_t row = first_row; row < last_row; ++row) {
    for (const uint32_t end = batch_->row_starts_[row + 1]; from < end; ++from) {
      const uint32_t entry = entries[from];
      entries[to] = entry;
      if (values != nullptr) {
        values[to] = values[from];
      }
      to += entry != kNoEntry ? 1u : 0u;
    }
    batch_->row_starts_[row + 1] = to;
  }
}

void Preparer::copy_labels(uint32_t first_row, uint32_t last_row) {
  const RowBatch& rows = *rows_.rows;
  for (uint32_t row = first_row; row < last_row; ++row) {
    const int64_t from = rows_.row(begin_ + row);
    batch_->labels_[row] = rows.labels[from];
    if (rows.weights != nullptr) {
      batch_->weights_[row] = rows.weights[from];
    }
  }
}

// Copies the rows' feature ids to where their slots will stand, without explicit zeros.
template <class Id>
void Preparer::compact_sparse(const Id* ids, uint32_t first_row, uint32_t last_row) {
  const RowBatch& rows = *rows_.rows;
  uint32_t at = batch_->row_starts_[first_row];
  for (uint32_t row = first_row; row < last_row; ++row) {
    const int64_t from = rows_.row(begin_ + row);
    const int64_t begin = rows.row_offsets[from], end = rows.row_offsets[from + 1];
    if (rows.values == nullptr) {
      for (int64_t i = begin; i < end; ++i) {
        batch_->slots_[at++] = static_cast<uint32_t>(ids[i]);
      }
    } else {
      for (int64_t i = begin; i < end; ++i) {
        batch_->slots_[at] = static_cast<uint32_t>(ids[i]);
        batch_->values_[at] = rows.values[i];
        at += rows.values[i] != 0.0f ? 1u : 0u;
      }
    }
    batch_->row_starts_[row + 1] = at;
  }
}

void Preparer::compact_dense(uint32_t first_row, uint32_t last_row) {
  const RowBatch& rows = *rows_.rows;
  const auto width = static_cast<uint32_t>(rows.feature_dim);
  uint32_t at = batch_->row_starts_[first_row];
  for (uint32_t row = first_row; row < last_row; ++row) {
    const float* values = rows.values + rows_.row(begin_ + row) * rows.feature_dim;
    uint32_t* const ids_to = batch_->slots_.data();
    float* const values_to = batch_->values_.data();
    for (uint32_t first = 0; first < width; first += kLanes) {
      const uint32_t end = std::min(first + kLanes, width);
      if (end - first == kLanes && all_zero(values + first)) {
        continue;
      }
      for (uint32_t feature = first; feature < end; ++feature) {
        ids_to[at] = feature;
        values_to[at] = values[feature];
        at += values[feature] != 0.0f ? 1u : 0u;
      }
    }
    batch_->row_starts_[row + 1] = at;
  }
}

// Turns entries, which may stand where the slots go, into slots, chunk by chunk.
template <class Id>
void Preparer::assign_slots(const Id* ids, uint32_t first_row, uint32_t last_row) {
  BatchView& view = *batch_->view_;
  uint32_t* const slots = batch_->slots_.data();
  uint32_t* const entries = batch_->entries_.data();
  uint32_t* const stamps = features_.stamps_.data();
  const uint32_t end = batch_->row_starts_[last_row];
  uint32_t i = batch_->row_starts_[first_row];
  uint32_t next = next_stamp_;
  for (uint32_t chunk = 0; chunk < view.num_chunks; ++chunk) {
    const uint32_t chunk_end = std::clamp(view.chunk_rows[chunk + 1], first_row, last_row);
    const uint32_t stop = batch_->row_starts_[chunk_end];
    for (; i < stop; ++i) {
      const auto id = static_cast<uint32_t>(ids[i]);
      __builtin_prefetch(stamps + ids[std::min(i + kPrefetchIds, end - 1)], 1);
      const uint32_t old = stamps[id];
      const uint32_t fresh = 0u - static_cast<uint32_t>(old < batch_stamp_);  // all ones or zero
      const uint32_t stamp = (next & fresh) | (old & ~fresh);
      next -= fresh;
      stamps[id] = stamp;
      entries[stamp - batch_stamp_] = id;
      slots[i] = stamp - batch_stamp_;
    }
    if (view.chunk_rows[chunk + 1] >= first_row) {
      view.chunk_slots[chunk] = next - batch_stamp_;
    }
  }
  next_stamp_ = next;
}

void Preparer::finish() {
  BatchView& view = *batch_->view_;
  view.num_slots = next_stamp_ - batch_stamp_;
  const auto num_entries = static_cast<uint32_t>(features_.num_entries());
  for (uint32_t entry = 0; all_features_ && entry < num_entries; ++entry) {
    if (features_.stamps_[entry] < batch_stamp_) {
      batch_->entries_[view.num_slots++] = entry;
    }
  }
  for (uint32_t padding = 0; padding < kSlotPadding; ++padding) {
    batch_->entries_[view.num_slots + padding] = static_cast<uint32_t>(features_.capacity());
  }
}

void Preparer::renew_stamps() {
  for (int64_t entry = 0; entry < features_.num_entries(); ++entry) {
    if (features_.trained(entry)) {
      features_.mark_trained(entry);
    }
  }
  next_stamp_ = FeatureMap::kTrained + 1;
}

}  // namespace pairloom
