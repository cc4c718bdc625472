#include "pairloom/parameter_table.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "bfloat16.h"
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

template <class T>
bool packed(const TableLayout& layout) {
  return std::is_same_v<T, float> && layout.factor_type == FactorType::kBfloat16;
}

template <class T>
Vec8<T> load_factors(const T* cells, const TableLayout& layout, int factor, bool four) {
  if constexpr (std::is_same_v<T, float>) {
    if (packed<T>(layout)) {
      return load_bfloat16(cells, factor, four);
    }
  }
  return four ? load4(cells + factor) : load8(cells + factor);
}

}  // namespace

template <class T>
void read_factors(const T* cells, const TableLayout& layout, T* factors) {
  if (!packed<T>(layout)) {
    std::memcpy(factors, cells, static_cast<size_t>(layout.num_factors) * sizeof(T));
    return;
  }
  for (int factor = 0; factor < layout.num_factors; ++factor) {
    factors[factor] = T(bfloat16_at(cells, factor));
  }
}

template <class T>
void write_factors(const T* factors, const TableLayout& layout, T* cells) {
  if (!packed<T>(layout)) {
    std::memcpy(cells, factors, static_cast<size_t>(layout.num_factors) * sizeof(T));
    return;
  }
  for (int factor = 0; factor < layout.num_factors; ++factor) {
    set_bfloat16(cells, factor, float(factors[factor]));
  }
}

template <class T>
void copy_whole_entry(const T* cells, const TableLayout& layout, T* whole) {
  const T parameters[] = {cells[layout.linear()], cells[layout.half_norm()]};
  read_factors(cells, layout, whole);
  std::fill(whole + layout.num_factors, whole + layout.padded_factors, T(0));
  std::copy_n(parameters, 2, whole + layout.padded_factors);
}

template <class T>
void draw_parameters(const TableInit& init, const TableLayout& layout, int64_t feature, T* cells) {
  const auto position = static_cast<uint64_t>(feature);
  cells[layout.linear()] =
      T(initial_value(init.linear, philox(init.seed, RandomStream::kLinear, position, 0)[0]));
  for (int factor = 0; factor < layout.num_factors; factor += 4) {
    const auto bits =
        philox(init.seed, RandomStream::kFactors, position, static_cast<uint32_t>(factor / 4));
    for (int i = factor; i < layout.num_factors && i < factor + 4; ++i) {
      const T value = T(initial_value(init.factors, bits[static_cast<size_t>(i - factor)]));
      if (packed<T>(layout)) {
        set_bfloat16(cells, i, static_cast<float>(value));
      } else {
        cells[i] = init.factor_type == FactorType::kBfloat16
                       ? T(widened(nearest_bfloat16(static_cast<float>(value))))
                       : value;
      }
    }
  }
  cells[layout.half_norm()] = half_norm_of(cells, layout);
}

template <class T>
ParameterTable<T>::ParameterTable(int64_t num_entries, TableLayout layout)
    : ParameterTable(growing(num_entries, layout)) {
  grow(num_entries);
}

template <class T>
ParameterTable<T> ParameterTable<T>::growing(int64_t capacity, TableLayout layout) {
  ParameterTable table(0, layout, nullptr);
  table.capacity_ = capacity;
  const auto stride = static_cast<size_t>(layout.stride);
  const auto entries = static_cast<size_t>(capacity);
  table.owned_ = ReservedArray<T>((entries + 1) * stride);
  table.owned_.open(entries * stride, stride);
  table.cells_ = table.owned_.data();
  return table;
}

template <class T>
ParameterTable<T>::ParameterTable(int64_t num_entries, TableLayout layout, const T* cells)
    : num_entries_(num_entries),
      capacity_(num_entries),
      layout_(layout),
      cells_(const_cast<T*>(cells)) {}

template <class T>
void ParameterTable<T>::grow(int64_t num_entries) {
  const auto entries = static_cast<size_t>(num_entries == capacity_ ? capacity_ + 1 : num_entries);
  owned_.grow(entries * static_cast<size_t>(layout_.stride));
  num_entries_ = num_entries;
}

template <class T>
void ParameterTable<T>::draw_bias() {
  bias = T(initial_value(init_.bias, philox(init_.seed, RandomStream::kBias, 0, 0)[0]));
}

template <class T>
void ParameterTable<T>::refresh_half_norm(int64_t index) {
  T* cells = entry(index);
  cells[layout_.half_norm()] = half_norm_of(cells, layout_);
}

template <class T>
void ParameterTable<T>::set_init(const TableInit& init) {
  init_ = init;
  if (layout_.factor_type == FactorType::kBfloat16) {
    init_.factor_type = FactorType::kBfloat16;
  }
}

template <class T>
void ParameterTable<T>::copy_entry(const ParameterTable& other, int64_t index, size_t behind) {
  T* const to = entry(index);
  const T* const from = other.entry(index);
  std::memcpy(to + layout_.linear(), from + other.layout_.linear(), behind * sizeof(T));
  if (layout_.factor_type == other.layout_.factor_type) {
    std::memcpy(to, from, static_cast<size_t>(layout_.factor_cells) * sizeof(T));
    return;
  }
  std::vector<T> factors(static_cast<size_t>(layout_.num_factors));
  read_factors(from, other.layout_, factors.data());
  write_factors(factors.data(), layout_, to);
  refresh_half_norm(index);
}

template <class T>
void ParameterTable<T>::copy_parameters(const ParameterTable& other) {
  bias = other.bias;
  const int64_t both = std::min(num_entries_, other.num_entries_);
  for (int64_t index = 0; index < both; ++index) {
    copy_entry(other, index, 2);
  }
}

template <class T>
void ParameterTable<T>::copy_cells(const ParameterTable& other) {
  bias = other.bias;
  bias_state[0] = other.bias_state[0];
  bias_state[1] = other.bias_state[1];
  set_init(other.init_);
  const int behind = std::min(layout_.stride - layout_.factor_cells,
                              other.layout_.stride - other.layout_.factor_cells);
  for (int64_t index = 0; index < num_entries_; ++index) {
    copy_entry(other, index, static_cast<size_t>(behind));
  }
}

template <class T>
T half_norm_of(const T* cells, const TableLayout& layout) {
  Vec8<T> squares = broadcast<T>(T(0));
  for (int factor = 0; factor < layout.padded_factors; factor += kLanes) {
    const bool four = factor + kLanes > layout.padded_factors;
    const Vec8<T> v = load_factors(cells, layout, factor, four);
    squares += v * v;
  }
  return T(0.5) * sum_lanes<T>(squares);
}

template class ParameterTable<float>;
template class ParameterTable<double>;
#define PAIRLOOM_INSTANTIATE(T)                                                     \
  template void draw_parameters(const TableInit&, const TableLayout&, int64_t, T*); \
  template void read_factors(const T*, const TableLayout&, T*);                     \
  template void write_factors(const T*, const TableLayout&, T*);                    \
  template void copy_whole_entry(const T*, const TableLayout&, T*);                 \
  template T half_norm_of(const T*, const TableLayout&);
PAIRLOOM_INSTANTIATE(float)
PAIRLOOM_INSTANTIATE(double)
#undef PAIRLOOM_INSTANTIATE

}  // namespace pairloom
