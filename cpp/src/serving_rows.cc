#include "pairloom/serving_rows.h"

#include <algorithm>

#include "score_entries.h"

namespace pairloom {

namespace {

template <class T, class EntryOf>
void write_rows(const TableLayout& layout, const EntryOf& entry_of, const int64_t* wanted,
                size_t count, T* rows) {
  const auto stride = static_cast<size_t>(make_layout(layout.num_factors, 0).stride);
  const auto used = static_cast<size_t>(layout.padded_factors) + 2;
  DrawnEntries<T> drawn;
  for (size_t i = 0; i < count; ++i) {
    drawn.clear();
    T* const row = rows + i * stride;
    copy_whole_entry(entry_of(wanted[i], drawn), layout, row);
    std::fill(row + used, row + stride, T(0));
  }
}

}  // namespace

template <class T>
void write_serving_rows(const ParameterTable<T>& table, const FeatureMap& features,
                        bool only_trained, const int64_t* wanted, size_t count, T* rows) {
  with_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    write_rows(table.layout(), entry_of, wanted, count, rows);
  });
}

void write_serving_rows(const ParameterTable<float>& table, const StoredFeatures& features,
                        bool only_trained, const int64_t* wanted, size_t count, float* rows) {
  with_stored_entries_of(table, features, only_trained, [&](const auto& entry_of) {
    write_rows(table.layout(), entry_of, wanted, count, rows);
  });
}

template void write_serving_rows(const ParameterTable<float>&, const FeatureMap&, bool,
                                 const int64_t*, size_t, float*);
template void write_serving_rows(const ParameterTable<double>&, const FeatureMap&, bool,
                                 const int64_t*, size_t, double*);

}  // namespace pairloom
