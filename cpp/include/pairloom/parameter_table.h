// The parameters of one model: a line of the table, an entry, holds everything of one feature.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pairloom/memory.h"
#include "pairloom/random.h"
#include "pairloom/thread_pool.h"

namespace pairloom {

// What a factor is in memory: a T, or the upper half of a float.
enum class FactorType { kWhole, kBfloat16 };

// Where the cells of an entry lie, in units of T:
//   [factors, padded to 4s] [linear weight, half square norm, linear states] [factor states ...]
// The half square norm |v|^2 / 2 is a cache of the factors; padding cells are always zero. Factors
// of bfloat16 lie two in a cell.
struct TableLayout {
  int num_factors;
  int padded_factors;
  int factor_cells;  // that the factors take
  FactorType factor_type;
  int state_slots;  // optimizer values kept per parameter: 0 in a table that only scores
  int shared_slot;  // the slot that all factors of an entry have one value of; kNoSlot: none
  int stride;

  constexpr int linear() const { return factor_cells; }
  constexpr int half_norm() const { return factor_cells + 1; }
  constexpr int linear_state(int slot) const { return factor_cells + 2 + slot; }
  // Where a slot's values of the factors begin, and how many there are. A shared one is the last,
  // and stands where the linear weight's second value would if the linear weight has none.
  constexpr int factor_state(int slot) const {
    return slot == shared_slot && state_slots == 1 ? linear_state(1)
                                                   : factor_cells + 4 + slot * padded_factors;
  }
  constexpr int factor_state_width(int slot) const { return slot == shared_slot ? 1 : num_factors; }
};

inline constexpr int kNoSlot = -1;

constexpr int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// `shared_slot` may be the last.
constexpr TableLayout make_layout(int num_factors, int state_slots, int shared_slot = kNoSlot,
                                  FactorType factor_type = FactorType::kWhole) {
  constexpr int kCacheLineValues = 16;
  const int padded = round_up(num_factors, 4);
  const int in_a_cell = factor_type == FactorType::kBfloat16 ? 2 : 1;
  const int factor_cells = padded / in_a_cell;
  const bool shares = shared_slot != kNoSlot;
  const int own_slots = shares ? state_slots - 1 : state_slots;  // with a value for each factor
  const int used = factor_cells + 4 + own_slots * padded + (shares && own_slots > 0 ? 4 : 0);
  const int whole_lines = round_up(used, kCacheLineValues);
  // Whole cache lines where the entry and its place in the feature map then take at most 1.28 times
  // the memory of unpadded parameters and state: a sixth faster at num_factors 16.
  const int unpadded =
      num_factors * own_slots + num_factors / in_a_cell + state_slots + 1 + (shares ? 1 : 0);
  const int stride = (whole_lines + 1) * 100 <= unpadded * 128 ? whole_lines : used;
  return {num_factors, padded, factor_cells, factor_type, state_slots, shared_slot, stride};
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
  FactorType factor_type = FactorType::kWhole;  // that they are rounded to
};

// Sets the parameters of one entry as a pure function of the seed and its feature id.
template <class T>
void draw_parameters(const TableInit& init, const TableLayout& layout, int64_t feature, T* cells);

template <class T>
class ParameterTable {
 public:
  ParameterTable(int64_t num_entries, TableLayout layout);
  // Begins without entries and grows to `capacity` of them, which never move.
  static ParameterTable growing(int64_t capacity, TableLayout layout);
  // Borrows `num_entries` entries and the zero entry, which may then only be read.
  ParameterTable(int64_t num_entries, TableLayout layout, const T* cells);

  const TableLayout& layout() const { return layout_; }
  int64_t num_entries() const { return num_entries_; }
  T* entry(int64_t index) const { return cells_ + index * layout_.stride; }
  int64_t capacity() const { return capacity_; }
  // An entry of zeros behind the last there may be: what padding slots and ignored features
  // point to.
  int64_t zero_entry() const { return capacity_; }
  T* cells() const { return cells_; }
  // Makes entries of zeros up to `num_entries` in all. Throws std::bad_alloc.
  void grow(int64_t num_entries);

  T bias = 0;
  T bias_state[2] = {0, 0};

  // How parameters start: those of entries that are not there, and what initialize() took.
  const TableInit& init() const { return init_; }
  void set_init(const TableInit& init);
  // Draws the bias and every entry; `feature_of` gives an entry's feature.
  template <class FeatureOf>
  void initialize(const TableInit& init, int num_threads, FeatureOf&& feature_of);
  void initialize(const TableInit& init, int num_threads) {
    initialize(init, num_threads, [](int64_t index) { return index; });
  }
  void draw(int64_t index, int64_t feature) {
    draw_parameters(init_, layout_, feature, entry(index));
  }
  // Recomputes the cached half square norm after the factors were written from outside.
  void refresh_half_norm(int64_t index);
  // Takes over the parameters of a table with as many factors, of the entries that both have.
  void copy_parameters(const ParameterTable& other);
  // Takes over parameters and optimizer state of a table of the same layout, but for its type of
  // factors, and the same entries.
  void copy_cells(const ParameterTable& other);

 private:
  // Copies an entry's factors and so many cells behind them.
  void copy_entry(const ParameterTable& other, int64_t index, size_t behind);
  void draw_bias();

  int64_t num_entries_;
  int64_t capacity_;
  TableLayout layout_;
  ReservedArray<T> owned_;
  T* cells_;
  TableInit init_;
};

template <class T>
template <class FeatureOf>
void ParameterTable<T>::initialize(const TableInit& init, int num_threads, FeatureOf&& feature_of) {
  set_init(init);
  draw_bias();
  parallel_ranges(num_entries_, num_threads, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      draw(index, feature_of(index));
    }
  });
}

// The factors of an entry as values, `num_factors` of them, and back; what is written is rounded
// to the nearest value of their type.
template <class T>
void read_factors(const T* cells, const TableLayout& layout, T* factors);
template <class T>
void write_factors(const T* factors, const TableLayout& layout, T* cells);

// Copies an entry's parameters to one of whole factors, without padding behind them.
template <class T>
void copy_whole_entry(const T* cells, const TableLayout& layout, T* whole);

// |v|^2 / 2 of an entry's factors, as every entry caches it.
template <class T>
T half_norm_of(const T* cells, const TableLayout& layout);

extern template class ParameterTable<float>;
extern template class ParameterTable<double>;

}  // namespace pairloom
