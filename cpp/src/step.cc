#include "pairloom/step.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels.h"

namespace pairloom {

namespace {

// Accumulators of different chunks start at different cache sets.
constexpr size_t kChunkSkew = 272;

}  // namespace

template <class T>
Step<T>::Step(ParameterTable<T>& table, Loss loss, SimdPath path, const uint32_t* features)
    : table_(table),
      features_(features),
      loss_(loss),
      kernels_(find_kernels<T>(table.layout().padded_factors, path, table.layout().factor_type)),
      scratch_(std::make_unique<StepScratch<T>>()) {}

template <class T>
Step<T>::~Step() = default;

template <class T>
void Step<T>::reserve(int64_t num_slots, bool valued, int num_threads) {
  const auto padded = static_cast<size_t>(table_.layout().padded_factors);
  const auto slots = static_cast<size_t>(num_slots) + 8;
  row_sums_.reserve(static_cast<size_t>(num_threads) * (8 * padded + 64));
  if (slots <= slot_capacity_ && (valued_ || !valued)) {
    return;
  }
  slot_capacity_ = std::max(slots, slot_capacity_);
  slot_capacity_ = (slot_capacity_ + 15) / 16 * 16;
  valued_ = valued_ || valued;
  gathered_.reserve(slot_capacity_ * (padded + 2));
  scratch_->factors = gathered_.data();
  scratch_->linear = gathered_.data() + slot_capacity_ * padded;
  scratch_->cross = scratch_->linear + slot_capacity_;
  const size_t per_chunk = slot_capacity_ * (padded + (valued_ ? 2 : 1)) + kChunkSkew;
  accumulators_ = LargeArray<T>();
  accumulators_ = LargeArray<T>(per_chunk * kMaxChunks);
  for (size_t chunk = 0; chunk < kMaxChunks; ++chunk) {
    T* const start = accumulators_.data() + per_chunk * chunk;
    scratch_->factor_gradients[chunk] = start;
    scratch_->linear_gradients[chunk] = start + slot_capacity_ * padded;
    scratch_->square_gradients[chunk] =
        valued_ ? scratch_->linear_gradients[chunk] + slot_capacity_ : nullptr;
  }
}

template <class T>
uint32_t Step<T>::num_chunks() const {
  return batch_->num_chunks;
}

template <class T>
uint32_t Step<T>::num_units() const {
  return (batch_->num_slots + kUnitSlots - 1) / kUnitSlots;
}

template <class T>
StepView<T> Step<T>::view(int member) const {
  const auto padded = static_cast<size_t>(table_.layout().padded_factors);
  return {batch_, &table_, features_, scratch_.get(),
          row_sums_.data() + static_cast<size_t>(member) * (8 * padded + 64)};
}

template <class T>
void Step<T>::gather(uint32_t unit) {
  const uint32_t begin = unit * kUnitSlots;
  kernels_.gather(view(0), begin, std::min(begin + kUnitSlots, batch_->num_slots));
}

template <class T>
void Step<T>::score(uint32_t chunk, int member) {
  kernels_.score_chunk(view(member), chunk, loss_);
}

template <class T>
bool Step<T>::collect(MetricSums& metrics) {
  bool finite = true;
  metrics = MetricSums{};
  bias_gradient_ = 0;
  bias_before_ = table_.bias;
  std::copy_n(table_.bias_state, 2, bias_state_before_);
  for (uint32_t chunk = 0; chunk < num_chunks(); ++chunk) {
    const ChunkResult<T>& result = scratch_->results[chunk];
    finite = finite && result.finite;
    bias_gradient_ += result.bias_gradient;
  }
  for (uint32_t chunk = 0; finite && chunk < num_chunks(); ++chunk) {
    metrics.add(scratch_->results[chunk].metrics);
  }
  return finite;
}

// A slot that first appears in chunk c has nothing in earlier chunks' accumulators: calls
// part(begin, end, chunks) for the unit's slots by how many accumulators may hold them.
template <class T>
template <class Part>
void Step<T>::for_chunk_parts(uint32_t unit, Part&& part) const {
  const BatchView& batch = *batch_;
  const uint32_t slots = (batch.num_slots + 7) / 8 * 8;
  const uint32_t end = std::min((unit + 1) * kUnitSlots, slots);
  uint32_t begin = unit * kUnitSlots;
  for (uint32_t chunk = 0; chunk < batch.num_chunks && begin < end; ++chunk) {
    const bool last = chunk + 1 == batch.num_chunks;
    const uint32_t appeared = last ? end : std::min(end, (batch.chunk_slots[chunk] + 7) / 8 * 8);
    if (appeared > begin) {
      part(begin, appeared, batch.num_chunks - chunk);
      begin = appeared;
    }
  }
}

template <class T>
void Step<T>::reduce(uint32_t unit) {
  for_chunk_parts(unit, [&](uint32_t begin, uint32_t end, uint32_t chunks) {
    kernels_.reduce(view(0), begin, end, chunks);
  });
}

template <class T>
bool Step<T>::apply(const OptimizerStep<T>& settings, uint32_t unit) {
  const auto apply = kernels_.apply[entry_rule(settings)];
  bool finite = true;
  for_chunk_parts(unit, [&](uint32_t begin, uint32_t end, uint32_t chunks) {
    finite = apply(view(0), settings, begin, end, chunks) && finite;
  });
  return finite;
}

template <class T>
bool Step<T>::apply_reduced(const OptimizerStep<T>& settings, uint32_t unit) {
  const uint32_t slots = (batch_->num_slots + 7) / 8 * 8;
  return kernels_.apply[entry_rule(settings)](view(0), settings, unit * kUnitSlots,
                                              std::min((unit + 1) * kUnitSlots, slots), 1);
}

template <class T>
bool Step<T>::apply_bias(const OptimizerStep<T>& settings) {
  return kernels_.apply_bias[static_cast<int>(settings.optimizer)](table_.bias, table_.bias_state,
                                                                   bias_gradient_, settings);
}

template <class T>
void Step<T>::undo(const OptimizerStep<T>& settings) {
  const BatchView& batch = *batch_;
  const TableLayout& layout = table_.layout();
  const auto padded = static_cast<size_t>(layout.padded_factors);
  for (uint32_t slot = 0; slot < batch.num_slots; ++slot) {
    T* cells = table_.entry(batch.entries[slot]);
    write_factors(scratch_->factors + size_t{slot} * padded, layout, cells);
    cells[layout.linear()] = scratch_->linear[slot];
    table_.refresh_half_norm(batch.entries[slot]);
    mend_entry_states(settings, table_, batch.entries[slot]);
  }
  table_.bias = bias_before_;
  std::copy_n(bias_state_before_, 2, table_.bias_state);
  mend_bias_state(settings, table_);
  clear_gradients();
}

template <class T>
void Step<T>::clear_gradients() {
  const BatchView& batch = *batch_;
  const auto padded = static_cast<size_t>(table_.layout().padded_factors);
  const auto clear = [](T* cells, size_t count) { std::memset(cells, 0, count * sizeof(T)); };
  const size_t slots = (size_t{batch.num_slots} + 7) / 8 * 8;
  for (uint32_t chunk = 0; chunk < batch.num_chunks; ++chunk) {
    clear(scratch_->factor_gradients[chunk], slots * padded);
    clear(scratch_->linear_gradients[chunk], slots);
    if (valued_) {
      clear(scratch_->square_gradients[chunk], slots);
    }
  }
}

template class Step<float>;
template class Step<double>;

}  // namespace pairloom
