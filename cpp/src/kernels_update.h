// Gather, reduce and apply. Included once per instruction path, inside that path's namespace.

inline constexpr uint32_t kPrefetchSlots = 16;  // measured: nearer is too late, farther evicts

template <class T>
PAIRLOOM_INLINE void prefetch_entry(const T* entry, int values) {
  constexpr int kLineValues = 64 / sizeof(T);
  for (int first = 0; first < values; first += kLineValues) {
    __builtin_prefetch(entry + first, 1);
  }
}

// Where an entry's cells lie: constants where the padded factor count is one, but for the stride,
// which depends on the true count.
template <class T, int K, class Factors>
PAIRLOOM_INLINE TableLayout layout_of(const ParameterTable<T>& table) {
  TableLayout layout = K != 0 ? make_layout(K, 0, kNoSlot, Factors::kType) : table.layout();
  layout.stride = table.layout().stride;
  return layout;
}

template <class T>
PAIRLOOM_INLINE T* entry_at(T* cells, uint32_t index, const TableLayout& layout) {
  return cells + size_t{index} * static_cast<size_t>(layout.stride);
}

template <class T, int K, class Factors>
void gather(const StepView<T>& view, uint32_t begin, uint32_t end) {
  const BatchView& batch = *view.batch;
  const ParameterTable<T>& table = *view.table;
  const StepScratch<T>& scratch = *view.scratch;
  const TableLayout layout = layout_of<T, K, Factors>(table);
  T* const table_cells = table.cells();
  const int padded = layout.padded_factors;
  const int linear_cell = layout.linear(), half_norm_cell = layout.half_norm();
  const bool valued = batch.values != nullptr;
  for (uint32_t slot = begin; slot < end; ++slot) {
    prefetch_entry(entry_at(table_cells, batch.entries[slot + kPrefetchSlots], layout),
                   layout.stride);
    const T* from = entry_at(table_cells, batch.entries[slot], layout);
    T* to = scratch.factors + size_t{slot} * static_cast<size_t>(padded);
    for (int factor = 0; factor < padded; factor += 4) {
      Factors::copy4(from, factor, to + factor);
    }
    const T linear = from[linear_cell], half_norm = from[half_norm_cell];
    scratch.linear[slot] = linear;
    scratch.cross[slot] = valued ? half_norm : linear - half_norm;
  }
}

// Sum of one cell over the last `chunks` accumulators, in chunk order; clears them.
template <class T>
PAIRLOOM_INLINE Vec8<T> take_chunks(T* const* accumulators, size_t at, uint32_t chunks, bool four) {
  const Vec8<T> zero = broadcast<T>(T(0));
  Vec8<T> sum = load_block<T>(accumulators[0] + at, four);
  store_block<T>(accumulators[0] + at, zero, four);
  for (uint32_t chunk = 1; chunk < chunks; ++chunk) {
    sum += load_block<T>(accumulators[chunk] + at, four);
    store_block<T>(accumulators[chunk] + at, zero, four);
  }
  return sum;
}

template <class T, int K>
void reduce(const StepView<T>& view, uint32_t begin, uint32_t end, uint32_t chunks) {
  const StepScratch<T>& scratch = *view.scratch;
  const uint32_t first = view.batch->num_chunks - chunks, last = view.batch->num_chunks - 1;
  const size_t padded = static_cast<size_t>(K != 0 ? K : view.table->layout().padded_factors);
  const auto sum_into_last = [&](T* const* accumulators, size_t from,
                                 size_t to) __attribute__((always_inline)) {
    for (size_t at = from; at < to; at += 4) {
      store4<T>(accumulators[last] + at, take_chunks<T>(accumulators + first, at, chunks, true));
    }
  };
  sum_into_last(scratch.factor_gradients, begin * padded, end * padded);
  sum_into_last(scratch.linear_gradients, begin, end);
  if (view.batch->values != nullptr) {
    sum_into_last(scratch.square_gradients, begin, end);
  }
}

// The linear weights of eight slots, which lie one per entry.
template <class T, class Rule>
PAIRLOOM_INLINE void update_linear(T* const* entries, const TableLayout& layout,
                                   const OptimizerStep<T>& step, Vec8<T> gradient,
                                   Vec8<T> half_norm, Vec8<T>& checks) {
  Vec4<T> cells[8];  // weight, half square norm, two states
  for (int j = 0; j < 8; ++j) {
    std::memcpy(&cells[j], entries[j] + layout.linear(), sizeof(cells[j]));
  }
  Vec8<T> columns[4];
  transpose_to_columns<T>(cells, columns);
  columns[0] = Rule::update(columns[0], gradient, columns + 2, step, step.linear, checks);
  columns[1] = half_norm;
  checks += columns[0] * T(0) + half_norm * T(0);
  transpose_to_rows<T>(columns, cells);
  for (int j = 0; j < 8; ++j) {
    std::memcpy(entries[j] + layout.linear(), &cells[j], sizeof(cells[j]));
  }
}

// The factors of one entry. Returns the squares of the new ones.
template <class T, int K, class Rule, class Factors>
  requires(!Rowwise<Rule>)
PAIRLOOM_INLINE Vec8<T> update_factors(T* cells, const TableLayout& layout, T* const* gradients,
                                       size_t at, uint32_t chunks, T square_sum,
                                       const OptimizerStep<T>& step,
                                       typename Factors::Rounding rounding, Vec8<T>& checks) {
  Vec8<T> norm = broadcast<T>(T(0));
  for_block_groups<K>(layout.padded_factors, [&]<int kBlocks, bool kTail>(
                                                 int first) __attribute__((always_inline)) {
    for (int b = 0; b < kBlocks; ++b) {
      const bool four = kTail && b + 1 == kBlocks;
      const int factor = first + 8 * b;
      const Vec8<T> v = Factors::load(cells, factor, four);
      Vec8<T> states[2];
      for (int i = 0; i < Rule::kStates; ++i) {
        states[i] = load_block<T>(cells + layout.factor_state(i) + factor, four);
      }
      const Vec8<T> sums =
          take_chunks<T>(gradients, at + static_cast<size_t>(factor), chunks, four);
      const Vec8<T> updated =
          Rule::update(v, sums - v * square_sum, states, step, step.factors, checks);
      const Vec8<T> stored = Factors::store(cells, factor, updated, four, rounding);
      norm += stored * stored;
      for (int i = 0; i < Rule::kStates; ++i) {
        store_block<T>(cells + layout.factor_state(i) + factor, states[i], four);
      }
    }
  });
  return norm;
}

// The same where the factors share a second moment.
template <class T, int K, class Rule, class Factors>
  requires Rowwise<Rule>
PAIRLOOM_INLINE Vec8<T> update_factors(T* cells, const TableLayout& layout, T* const* gradients,
                                       size_t at, uint32_t chunks, T square_sum,
                                       const OptimizerStep<T>& step,
                                       typename Factors::Rounding rounding, Vec8<T>& checks) {
  const int padded = K != 0 ? K : layout.padded_factors;
  Vec8<T> squares = broadcast<T>(T(0)), norm = broadcast<T>(T(0));
  for_block_groups<K>(
      padded, [&]<int kBlocks, bool kTail>(int first) __attribute__((always_inline)) {
        for (int b = 0; b < kBlocks; ++b) {
          const bool four = kTail && b + 1 == kBlocks;
          const auto factor = static_cast<size_t>(first + 8 * b);
          const Vec8<T> v = Factors::load(cells, first + 8 * b, four);
          const Vec8<T> sums = take_chunks<T>(gradients, at + factor, chunks, four);
          const Vec8<T> g =
              clipped_gradient<T>(v, sums - v * square_sum, step, step.factors.decay, checks);
          store_block<T>(gradients[0] + at + factor, g, four);
          squares += g * g;
        }
      });
  T& shared = cells[layout.factor_state(layout.shared_slot)];
  shared = Rule::take_in(shared, sum_lanes<T>(squares) / T(layout.num_factors), step);
  const Vec8<T> second = broadcast<T>(shared);
  checks += second * T(0);
  const Vec8<T> divisor = square_root<T>(second) + step.epsilon;
  const Vec8<T> zero = broadcast<T>(T(0));
  T* const means = cells + layout.factor_state(0);
  for_block_groups<K>(
      padded, [&]<int kBlocks, bool kTail>(int first) __attribute__((always_inline)) {
        for (int b = 0; b < kBlocks; ++b) {
          const bool four = kTail && b + 1 == kBlocks;
          const auto factor = static_cast<size_t>(first + 8 * b);
          const Vec8<T> g = load_block<T>(gradients[0] + at + factor, four);
          store_block<T>(gradients[0] + at + factor, zero, four);
          Vec8<T> mean = zero;
          if constexpr (Rule::kOwnStates > 0) {
            mean = load_block<T>(means + factor, four);
          }
          const Vec8<T> updated =
              Rule::move(Factors::load(cells, first + 8 * b, four), g, divisor, mean, step);
          const Vec8<T> stored = Factors::store(cells, first + 8 * b, updated, four, rounding);
          norm += stored * stored;
          if constexpr (Rule::kOwnStates > 0) {
            store_block<T>(means + factor, mean, four);
          }
        }
      });
  return norm;
}

template <class T, int K, class Rule, class Factors>
bool apply(const StepView<T>& view, const OptimizerStep<T>& settings, uint32_t begin, uint32_t end,
           uint32_t chunks) {
  const OptimizerStep<T> step = settings;  // a copy that no store can alias
  const BatchView& batch = *view.batch;
  const ParameterTable<T>& table = *view.table;
  const StepScratch<T>& scratch = *view.scratch;
  const TableLayout layout = layout_of<T, K, Factors>(table);
  T* const table_cells = table.cells();
  const uint32_t first_chunk = batch.num_chunks - chunks;
  const int padded = layout.padded_factors;
  Vec8<T> checks = broadcast<T>(T(0));
  for (uint32_t slot = begin; slot < end; slot += 8) {
    T* entries[8];
    for (uint32_t j = 0; j < 8; ++j) {
      prefetch_entry(entry_at(table_cells, batch.entries[slot + kPrefetchSlots + j], layout),
                     layout.stride);
      Factors::prefetch(view, batch.entries[slot + kPrefetchSlots + j]);
      entries[j] = entry_at(table_cells, batch.entries[slot + j], layout);
    }
    const Vec8<T> linear =
        take_chunks<T>(scratch.linear_gradients + first_chunk, slot, chunks, false);
    const Vec8<T> square =
        batch.values == nullptr
            ? linear
            : take_chunks<T>(scratch.square_gradients + first_chunk, slot, chunks, false);
    Vec8<T> norms[8];
    for (uint32_t j = 0; j < 8; ++j) {
      T* const cells = entries[j];
      const size_t at = size_t{slot + j} * static_cast<size_t>(padded);
      const T square_sum = square[j];
      norms[j] = update_factors<T, K, Rule, Factors>(
          cells, Rowwise<Rule> ? table.layout() : layout, scratch.factor_gradients + first_chunk,
          at, chunks, square_sum, step, Factors::rounding(view, step.rounding_key, slot + j),
          checks);
    }
    const Vec8<T> half_norms = sum_lanes_of_each<T>(norms) * T(0.5);
    update_linear<T, Rule>(entries, layout, step, linear, half_norms, checks);
  }
  return all_finite<T>(checks);
}

// The bias takes the same update in one lane.
template <class T, class Rule>
bool apply_bias(T& bias, T* states, T gradient, const OptimizerStep<T>& step) {
  Vec8<T> lanes[2] = {broadcast<T>(states[0]), broadcast<T>(states[1])};
  Vec8<T> checks = broadcast<T>(T(0));
  const Vec8<T> updated =
      Rule::update(broadcast<T>(bias), broadcast<T>(gradient), lanes, step, step.bias, checks);
  bias = updated[0];
  for (int slot = 0; slot < Rule::kStates; ++slot) {
    states[slot] = lanes[slot][0];
  }
  return all_finite<T>(checks + updated * T(0));
}
