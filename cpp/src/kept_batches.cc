#include <cstring>
#include <limits>

#include "kernels.h"
#include "pairloom/prepare.h"

namespace pairloom {

// All arrays of one mini-batch in one allocation.
struct KeptBatches::Kept {
  BatchView view;
  std::unique_ptr<unsigned char[]> bytes;
};

namespace {

// Hands out the parts of an allocation, or only counts them while there is none.
class Parts {
 public:
  explicit Parts(unsigned char* bytes) : bytes_(bytes) {}

  size_t num_bytes() const { return num_bytes_; }

  template <class T>
  T* take(size_t count) {
    T* const part = bytes_ == nullptr ? nullptr : reinterpret_cast<T*>(bytes_ + num_bytes_);
    num_bytes_ += (count * sizeof(T) + 3) / 4 * 4;
    return part;
  }

  template <class T>
  const T* copy(const T* from, size_t count) {
    T* const part = take<T>(count);
    if (part != nullptr && count > 0) {
      std::memcpy(part, from, count * sizeof(T));
    }
    return part;
  }

 private:
  unsigned char* bytes_;
  size_t num_bytes_ = 0;
};

// Lets `view` point to copies of its arrays: slots in 16 bits where they fit.
void copy_arrays(BatchView& view, Parts& parts) {
  const size_t nonzeros = view.row_starts[view.num_rows];
  view.row_starts = parts.copy(view.row_starts, size_t{view.num_rows} + 1);
  view.entries = parts.copy(view.entries, size_t{view.num_slots} + kSlotPadding);
  if (view.values != nullptr && !view.values_in_place) {
    view.values = parts.copy(view.values, nonzeros);
  }
  if (view.num_slots > std::numeric_limits<uint16_t>::max()) {
    view.slots = parts.copy(view.slots, nonzeros);
    return;
  }
  uint16_t* const narrow = parts.take<uint16_t>(nonzeros);
  for (size_t i = 0; narrow != nullptr && i < nonzeros; ++i) {
    narrow[i] = static_cast<uint16_t>(view.slots[i]);
  }
  view.short_slots = narrow;
  view.slots = nullptr;
}

}  // namespace

const BatchView* KeptBatches::find(int64_t begin, int64_t end) const {
  const auto found = batches_.find(begin);
  const bool same = found != batches_.end() && found->second->view.num_rows == end - begin;
  return same ? &found->second->view : nullptr;
}

void KeptBatches::keep(int64_t begin, const BatchView& batch) {
  Parts sizes(nullptr);
  BatchView counted = batch;
  copy_arrays(counted, sizes);
  if (num_bytes_ + sizes.num_bytes() > most_bytes_ || batches_.contains(begin)) {
    return;
  }
  num_bytes_ += sizes.num_bytes();
  auto kept = std::make_shared<Kept>();
  kept->view = batch;
  kept->bytes = std::make_unique_for_overwrite<unsigned char[]>(sizes.num_bytes());
  Parts parts(kept->bytes.get());
  copy_arrays(kept->view, parts);
  batches_.emplace(begin, std::move(kept));
}

}  // namespace pairloom
