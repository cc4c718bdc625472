// The parameters of one model: a line of the table, an entry, holds everything of one feature.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairloom/memory.h"
#include "pairloom/random.h"

namespace pairloom {

// Where the cells of an entry lie, in units of T:
//   [factors, padded to 4s] [linear weight, half square norm, linear states] [factor states ...]
// The half square norm |v|^2 / 2 is a cache of the factors; padding cells are always zero.
struct TableLayout {
  int num_factors;
  int padded_factors;
  int state_slots;  // optimizer values kept per parameter: 0 in a table that only scores
  int stride;

  constexpr int linear() const { return padded_factors; }
  constexpr int half_norm() const { return padded_factors + 1; }
  constexpr int linear_state(int slot) const { return padded_factors + 2 + slot; }
  constexpr int factor_state(int slot) const { return padded_factors + 4 + slot * padded_factors; }
};

constexpr int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

constexpr TableLayout make_layout(int num_factors, int state_slots) {
  constexpr int kCacheLineValues = 16;
  const int padded = round_up(num_factors, 4);
  const int used = padded + 4 + state_slots * padded;
  const int whole_lines = round_up(used, kCacheLineValues);
  // Whole cache lines where the entry and its place in the feature map then take at most 1.28 times
  // the memory of unpadded parameters and state: a sixth faster at num_factors 16.
  const int unpadded = (num_factors + 1) * (state_slots + 1);
  const int stride = (whole_lines + 1) * 100 <= unpadded * 128 ? whole_lines : used;
  return {num_factors, padded, state_slots, stride};
}

enum class InitMethod { kNormal, kUniform, kConstant };

// How a parameter group starts: `scale` is the normal's sigma, the uniform's bound or the constant.
struct GroupInit {
  InitMethod method = InitMethod::kConstant;
  double scale = 0.0;
};

struct TableInit {
  GroupInit bias, linear, factors;
  uint64_t seed = 0;
};

template <class T>
class ParameterTable {
 public:
  ParameterTable(int64_t num_entries, TableLayout layout);
  // Borrows `num_entries` entries and the zero entry, which may then only be read.
  ParameterTable(int64_t num_entries, TableLayout layout, const T* cells);

  const TableLayout& layout() const { return layout_; }
  int64_t num_entries() const { return num_entries_; }
  T* entry(int64_t index) const { return cells_ + index * layout_.stride; }
  // An entry of zeros behind the last: what padding slots and ignored features point to.
  int64_t zero_entry() const { return num_entries_; }
  T* cells() const { return cells_; }

  T bias = 0;
  T bias_state[2] = {0, 0};

  // Sets every parameter as a pure function of the seed and its feature id.
  void initialize(const TableInit& init, int num_threads);
  // Recomputes the cached half square norm after the factors were written from outside.
  void refresh_half_norm(int64_t index);
  // Takes over the parameters of a table with as many entries and factors.
  void copy_parameters(const ParameterTable& other);
  // Takes over parameters and optimizer state of a table of the same layout.
  void copy_cells(const ParameterTable& other);

 private:
  int64_t num_entries_;
  TableLayout layout_;
  LargeArray<T> owned_;
  T* cells_;
};

// |v|^2 / 2 of an entry's factors, as every entry caches it.
template <class T>
T half_norm_of(const T* cells, const TableLayout& layout);

extern template class ParameterTable<float>;
extern template class ParameterTable<double>;

}  // namespace pairloom
