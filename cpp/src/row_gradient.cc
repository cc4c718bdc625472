#include "pairloom/row_gradient.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "kernels.h"
#include "pairloom/step.h"
#include "pairloom/trainer.h"

namespace pairloom {

namespace {

// All features of some chunks, ascending, each once.
template <class T>
std::vector<int64_t> union_of(std::span<const RowGradient<T>> chunks) {
  std::vector<int64_t> features;
  for (const RowGradient<T>& chunk : chunks) {
    features.insert(features.end(), chunk.features.begin(), chunk.features.end());
  }
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  return features;
}

template <class T>
BatchView view_of(std::span<const uint32_t> padded_entries, bool valued) {
  static constexpr float kAnyValue = 1.0f;  // says that there are values; none is read
  BatchView view{};
  view.num_slots = static_cast<uint32_t>(padded_entries.size() - kSlotPadding);
  view.num_chunks = 1;
  view.chunk_slots[0] = view.num_slots;
  view.values = valued ? &kAnyValue : nullptr;
  view.entries = padded_entries.data();
  return view;
}

}  // namespace

template <class T>
RowGradient<T> Step<T>::take_gradient(const FeatureMap& features) {
  const BatchView& batch = *batch_;
  const TableLayout& layout = table_.layout();
  const auto padded = static_cast<size_t>(layout.padded_factors);
  const auto num_factors = static_cast<size_t>(layout.num_factors);
  std::vector<std::pair<int64_t, uint32_t>> slots;
  slots.reserve(batch.num_slots);
  for (uint32_t slot = 0; slot < batch.num_slots; ++slot) {
    slots.emplace_back(features.feature(batch.entries[slot]), slot);
  }
  std::sort(slots.begin(), slots.end());
  RowGradient<T> gradient;
  gradient.factors.reserve(slots.size() * num_factors);
  for (const auto& [feature, slot] : slots) {
    const T* const factors = scratch_->factor_gradients[0] + slot * padded;
    gradient.features.push_back(feature);
    gradient.linear.push_back(scratch_->linear_gradients[0][slot]);
    gradient.factors.insert(gradient.factors.end(), factors, factors + num_factors);
    if (batch.values != nullptr) {
      gradient.squares.push_back(scratch_->square_gradients[0][slot]);
    }
  }
  gradient.bias = scratch_->results[0].bias_gradient;
  gradient.metrics = scratch_->results[0].metrics;
  gradient.finite = scratch_->results[0].finite;
  clear_gradients();
  return gradient;
}

template <class T>
void Step<T>::start_gradients() {
  scratch_->results[0] = {T(0), MetricSums{}, true};
}

template <class T>
void Step<T>::add_gradient(const RowGradient<T>& gradient, std::span<const int64_t> features) {
  const BatchView& batch = *batch_;
  const auto padded = static_cast<size_t>(table_.layout().padded_factors);
  const auto num_factors = static_cast<size_t>(table_.layout().num_factors);
  const std::vector<T>& squares = gradient.squares.empty() ? gradient.linear : gradient.squares;
  uint32_t slot = 0;
  for (size_t i = 0; i < gradient.features.size(); ++i, ++slot) {
    while (features[slot] != gradient.features[i]) {
      ++slot;
    }
    scratch_->linear_gradients[0][slot] += gradient.linear[i];
    T* const to = scratch_->factor_gradients[0] + slot * padded;
    for (size_t factor = 0; factor < num_factors; ++factor) {
      to[factor] += gradient.factors[i * num_factors + factor];
    }
    if (batch.values != nullptr) {
      scratch_->square_gradients[0][slot] += squares[i];
    }
  }
  ChunkResult<T>& result = scratch_->results[0];
  result.bias_gradient += gradient.bias;
  result.metrics.add(gradient.metrics);
  result.finite = result.finite && gradient.finite;
}

template <class T>
RowGradient<T> Trainer<T>::gradient(const RowOrder& rows, int64_t begin, int64_t end) {
  reserve(rows, {begin, end}, 1);
  PreparedBatch& batch = prepared_[0];
  preparer_.start(rows, begin, end, batch, 1);
  for (int part = 0; part < Preparer::kParts; ++part) {
    if (!prepare_part(part)) {
      throw std::bad_alloc();
    }
  }
  step_.set_batch(batch.view());
  for (uint32_t unit = 0; unit < step_.num_units(); ++unit) {
    step_.gather(unit);
  }
  step_.score(0, 0);
  return step_.take_gradient(features_);
}

template <class T>
GradientResult Trainer<T>::apply(std::span<const RowGradient<T>> chunks) {
  GradientResult result{union_of(chunks), {}, nullptr};
  const FeatureEntries taken = take_in(result.features);
  std::vector<uint32_t> entries(taken.view().begin(), taken.view().end());
  entries.resize(entries.size() + kSlotPadding, static_cast<uint32_t>(table_.zero_entry()));
  const bool valued = std::any_of(chunks.begin(), chunks.end(),
                                  [](const auto& chunk) { return !chunk.squares.empty(); });
  const BatchView view = view_of<T>(entries, valued);
  const OptimizerStep<T> settings = optimizer_step<T>(optimizer_, step_count_ + 1);
  step_.reserve(view.num_slots, valued, 1);
  step_.set_batch(view);
  for (uint32_t unit = 0; unit < step_.num_units(); ++unit) {
    step_.gather(unit);
  }
  step_.start_gradients();
  for (const RowGradient<T>& chunk : chunks) {
    step_.add_gradient(chunk, result.features);
  }
  if (!step_.collect(result.metrics)) {
    result.not_finite = "a score or its loss derivative";
  } else if (!step_.apply_bias(settings)) {
    result.not_finite = "the bias or its gradient";
  }
  bool finite = result.not_finite == nullptr;
  for (uint32_t unit = 0; finite && unit < step_.num_units(); ++unit) {
    finite = step_.apply(settings, unit);
  }
  if (!finite) {
    step_.undo(settings);
    result.not_finite =
        result.not_finite ? result.not_finite : "an updated parameter or its gradient";
    return result;
  }
  for (const int64_t entry : taken.view()) {
    features_.mark_trained(entry);
  }
  ++step_count_;
  return result;
}

template RowGradient<float> Step<float>::take_gradient(const FeatureMap&);
template RowGradient<double> Step<double>::take_gradient(const FeatureMap&);
template void Step<float>::start_gradients();
template void Step<double>::start_gradients();
template void Step<float>::add_gradient(const RowGradient<float>&, std::span<const int64_t>);
template void Step<double>::add_gradient(const RowGradient<double>&, std::span<const int64_t>);
template RowGradient<float> Trainer<float>::gradient(const RowOrder&, int64_t, int64_t);
template RowGradient<double> Trainer<double>::gradient(const RowOrder&, int64_t, int64_t);
template GradientResult Trainer<float>::apply(std::span<const RowGradient<float>>);
template GradientResult Trainer<double>::apply(std::span<const RowGradient<double>>);

}  // namespace pairloom
