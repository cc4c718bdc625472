#include "pairloom/parameter_table.h"

#include <cstring>

#include "pairloom/thread_pool.h"
#include "vec8.h"

namespace pairloom {

namespace {

double initial_value(const GroupInit& group, uint32_t bits) {
  switch (group.method) {
    case InitMethod::kNormal:
      return group.scale * normal_from_bits(bits);
    case InitMethod::kUniform:
      return group.scale * (2.0 * uniform_from_bits(bits) - 1.0);
    case InitMethod::kConstant:
      break;
  }
  return group.scale;
}

}  // namespace

template <class T>
ParameterTable<T>::ParameterTable(int64_t num_entries, TableLayout layout)
    : num_entries_(num_entries),
      layout_(layout),
      owned_((static_cast<size_t>(num_entries) + 1) * static_cast<size_t>(layout.stride)),
      cells_(owned_.data()) {}

template <class T>
ParameterTable<T>::ParameterTable(int64_t num_entries, TableLayout layout, const T* cells)
    : num_entries_(num_entries), layout_(layout), cells_(const_cast<T*>(cells)) {}

template <class T>
void ParameterTable<T>::initialize(const TableInit& init, int num_threads) {
  bias = T(initial_value(init.bias, philox(init.seed, RandomStream::kBias, 0, 0)[0]));
  parallel_ranges(num_entries_, num_threads, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const auto feature = static_cast<uint64_t>(index);
      T* cells = entry(index);
      cells[layout_.linear()] =
          T(initial_value(init.linear, philox(init.seed, RandomStream::kLinear, feature, 0)[0]));
      for (int factor = 0; factor < layout_.num_factors; factor += 4) {
        const auto bits =
            philox(init.seed, RandomStream::kFactors, feature, static_cast<uint32_t>(factor / 4));
        for (int i = factor; i < layout_.num_factors && i < factor + 4; ++i) {
          cells[i] = T(initial_value(init.factors, bits[static_cast<size_t>(i - factor)]));
        }
      }
      refresh_half_norm(index);
    }
  });
}

template <class T>
void ParameterTable<T>::refresh_half_norm(int64_t index) {
  T* cells = entry(index);
  cells[layout_.half_norm()] = half_norm_of(cells, layout_);
}

template <class T>
void ParameterTable<T>::copy_parameters(const ParameterTable& other) {
  bias = other.bias;
  const auto values = static_cast<size_t>(layout_.half_norm()) + 1;
  for (int64_t index = 0; index < num_entries_; ++index) {
    std::memcpy(entry(index), other.entry(index), values * sizeof(T));
  }
}

template <class T>
void ParameterTable<T>::copy_cells(const ParameterTable& other) {
  bias = other.bias;
  bias_state[0] = other.bias_state[0];
  bias_state[1] = other.bias_state[1];
  std::memcpy(cells_, other.cells_, owned_.size() * sizeof(T));
}

template <class T>
T half_norm_of(const T* cells, const TableLayout& layout) {
  Vec8<T> squares = broadcast<T>(T(0));
  for (int factor = 0; factor < layout.padded_factors; factor += kLanes) {
    const Vec8<T> v =
        factor + kLanes <= layout.padded_factors ? load8(cells + factor) : load4(cells + factor);
    squares += v * v;
  }
  return T(0.5) * sum_lanes<T>(squares);
}

template class ParameterTable<float>;
template class ParameterTable<double>;
template float half_norm_of(const float*, const TableLayout&);
template double half_norm_of(const double*, const TableLayout&);

}  // namespace pairloom
