// Rows scored straight from a table: what prediction, validation and ranking share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/row_batch.h"
#include "pairloom/stored_table.h"
#include "pairloom/thread_pool.h"

namespace pairloom {

inline constexpr int64_t kRowsPerRange = 1024;  // a thread's share
inline constexpr int64_t kRowsPerCall = 32;     // entries prefetched before they are summed

// Entries of features that have none, drawn as they would start. They stay where they are until
// cleared.
template <class T>
class DrawnEntries {
 public:
  void clear() { used_ = 0; }

  const T* draw(const ParameterTable<T>& table, int64_t feature) {
    if (used_ == entries_.size()) {
      entries_.push_back(std::make_unique<T[]>(static_cast<size_t>(table.layout().stride)));
    }
    T* const cells = entries_[used_++].get();
    draw_parameters(table.init(), table.layout(), feature, cells);
    return cells;
  }

 private:
  std::vector<std::unique_ptr<T[]>> entries_;
  size_t used_ = 0;
};

// The nonzeros of a few rows as pointers to their entries, or to copies where the table's factors
// are not whole; `entry_of` gives a feature's. A `shared` entry, when given, stands with value 1
// before the nonzeros of every row.
template <class T, class EntryOf>
class EntryRows {
 public:
  EntryRows(const ParameterTable<T>& table, const EntryOf& entry_of, const RowBatch& rows,
            const T* shared = nullptr)
      : table_(table),
        layout_(table.layout().factor_type == FactorType::kWhole
                    ? table.layout()
                    : make_layout(table.layout().num_factors, 0)),
        entry_of_(entry_of),
        rows_(rows),
        shared_(shared) {}

  ScoreView<T> collect(int64_t begin, int64_t end) {
    drawn_.clear();
    int64_t capacity = 0;
    for (int64_t row = begin; row < end; ++row) {
      capacity += rows_.row_capacity(row) + 1;
    }
    entries_.resize(static_cast<size_t>(capacity) + 1);
    values_.resize(entries_.size());
    row_starts_.assign(1, 0);
    uint32_t at = 0;
    for (int64_t row = begin; row < end; ++row) {
      if (shared_ != nullptr) {
        entries_[at] = shared_;
        values_[at++] = 1.0f;
      }
      at = rows_.dense()            ? add_dense(row, at)
           : rows_.ids32 != nullptr ? add_sparse(rows_.ids32, row, at)
                                    : add_sparse(rows_.ids64, row, at);
      row_starts_.push_back(at);
    }
    if (table_.layout().factor_type != FactorType::kWhole) {
      widen(at);
    }
    return {table_.bias,
            layout_,
            row_starts_.data(),
            entries_.data(),
            rows_.values == nullptr ? nullptr : values_.data(),
            static_cast<uint32_t>(end - begin),
            nullptr,
            nullptr};
  }

 private:
  const T* entry(int64_t feature) {
    const T* cells = entry_of_(feature, drawn_);
    const auto bytes = static_cast<size_t>(table_.layout().factor_cells + 2) * sizeof(T);
    for (size_t line = 0; line < bytes; line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(cells) + line);
    }
    return cells;
  }

  uint32_t add_dense(int64_t row, uint32_t at) {
    const float* values = rows_.values + row * rows_.feature_dim;
    for (int64_t feature = 0; feature < rows_.feature_dim; ++feature) {
      if (values[feature] != 0.0f) {
        entries_[at] = entry(feature);
        values_[at++] = values[feature];
      }
    }
    return at;
  }

  template <class Id>
  uint32_t add_sparse(const Id* ids, int64_t row, uint32_t at) {
    for (int64_t i = rows_.row_offsets[row]; i < rows_.row_offsets[row + 1]; ++i) {
      const float value = rows_.values == nullptr ? 1.0f : rows_.values[i];
      if (value != 0.0f) {
        entries_[at] = entry(static_cast<int64_t>(ids[i]));
        values_[at++] = value;
      }
    }
    return at;
  }

  // Puts copies with whole factors in the place of the first `count` entries.
  void widen(uint32_t count) {
    const auto stride = static_cast<size_t>(layout_.stride);
    widened_.resize(count * stride);
    for (uint32_t i = 0; i < count; ++i) {
      if (entries_[i] != shared_) {
        T* const whole = widened_.data() + i * stride;
        copy_whole_entry(entries_[i], table_.layout(), whole);
        entries_[i] = whole;
      }
    }
  }

  const ParameterTable<T>& table_;
  TableLayout layout_;  // of what collect() gives
  const EntryOf& entry_of_;
  const RowBatch& rows_;
  const T* shared_;
  DrawnEntries<T> drawn_;
  std::vector<uint32_t> row_starts_;
  std::vector<const T*> entries_;
  std::vector<float> values_;
  std::vector<T> widened_;
};

template <class T, class EntryOf>
void score_entries(const ParameterTable<T>& table, const EntryOf& entry_of, const RowBatch& rows,
                   const T* shared, SimdPath path, int num_threads, T* scores) {
  const Kernels<T>& kernels = find_kernels<T>(table.layout().padded_factors, path);
  parallel_ranges(
      rows.num_rows, num_threads,
      [&](int64_t begin, int64_t end) {
        EntryRows<T, EntryOf> entry_rows(table, entry_of, rows, shared);
        std::vector<T> row_sums(static_cast<size_t>(table.layout().padded_factors));
        for (int64_t row = begin; row < end; row += kRowsPerCall) {
          ScoreView<T> view = entry_rows.collect(row, std::min(end, row + kRowsPerCall));
          view.scores = scores + row;
          view.row_sums = row_sums.data();
          kernels.score_rows(view);
        }
      },
      kRowsPerRange);
}

// Calls `use` with the function that gives a feature the cells of its entry.
template <class T, class Use>
void with_entries_of(const ParameterTable<T>& table, const FeatureMap& features, bool only_trained,
                     Use&& use) {
  if (features.grows()) {
    use([&table, &features, only_trained](int64_t feature, DrawnEntries<T>& drawn) {
      const int64_t entry = features.find(feature);
      const bool there = entry < table.num_entries();
      return there && (!only_trained || features.trained(entry)) ? table.entry(entry)
             : only_trained                                      ? table.entry(table.zero_entry())
                                                                 : drawn.draw(table, feature);
    });
  } else if (only_trained) {
    use([&table, &features](int64_t feature, DrawnEntries<T>&) {
      return table.entry(features.trained(feature) ? feature : table.zero_entry());
    });
  } else {
    use([&table](int64_t feature, DrawnEntries<T>&) { return table.entry(feature); });
  }
}

template <class Use>
void with_stored_entries_of(const ParameterTable<float>& table, const StoredFeatures& features,
                            bool only_trained, Use&& use) {
  if (features.seen_alone() && !only_trained) {
    use([&table, &features](int64_t feature, DrawnEntries<float>& drawn) {
      const int64_t entry = features.entry(feature);
      return entry < features.num_entries ? table.entry(entry) : drawn.draw(table, feature);
    });
  } else if (only_trained || features.ranks != nullptr) {
    use([&table, &features](int64_t feature, DrawnEntries<float>&) {
      return table.entry(features.trained_entry(feature));
    });
  } else {
    use([&table](int64_t feature, DrawnEntries<float>&) { return table.entry(feature); });
  }
}

}  // namespace pairloom
