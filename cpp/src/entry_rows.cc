#include "pairloom/entry_rows.h"

#include <algorithm>
#include <cstring>

#include "splitmix.h"

namespace pairloom {

namespace {

constexpr size_t kPrefetchEntries = 16;

// Calls visit(row, cells) for each entry, some entries ahead of which are fetched.
template <class T, class Visit>
void for_entries(const ParameterTable<T>& table, std::span<const int64_t> entries, Visit&& visit) {
  constexpr int kLineValues = 64 / sizeof(T);
  for (size_t row = 0; row < entries.size(); ++row) {
    const T* const ahead =
        table.entry(entries[std::min(row + kPrefetchEntries, entries.size() - 1)]);
    for (int first = 0; first < table.layout().stride; first += kLineValues) {
      __builtin_prefetch(ahead + first, 1);
    }
    visit(row, table.entry(entries[row]));
  }
}

}  // namespace

template <class T>
void read_entries(const ParameterTable<T>& table, std::span<const int64_t> entries,
                  const EntryRows<T>& rows) {
  const TableLayout& layout = table.layout();
  const auto factors = static_cast<size_t>(layout.num_factors);
  const auto slots = static_cast<size_t>(layout.state_slots);
  for_entries(table, entries, [&](size_t row, const T* cells) {
    rows.linear[row] = cells[layout.linear()];
    std::memcpy(rows.factors + row * factors, cells, factors * sizeof(T));
    T* state = rows.state + row * slots * (1 + factors);
    for (int slot = 0; slot < layout.state_slots; ++slot, state += 1 + factors) {
      state[0] = cells[layout.linear_state(slot)];
      std::memcpy(state + 1, cells + layout.factor_state(slot), factors * sizeof(T));
    }
  });
}

template <class T>
void write_entries(ParameterTable<T>& table, FeatureMap& features, std::span<const int64_t> entries,
                   const EntryRows<const T>& rows) {
  const TableLayout& layout = table.layout();
  const auto factors = static_cast<size_t>(layout.num_factors);
  const auto slots = static_cast<size_t>(layout.state_slots);
  for_entries(table, entries, [&](size_t row, T* cells) {
    cells[layout.linear()] = rows.linear[row];
    std::memcpy(cells, rows.factors + row * factors, factors * sizeof(T));
    const T* state = rows.state + row * slots * (1 + factors);
    for (int slot = 0; slot < layout.state_slots; ++slot, state += 1 + factors) {
      cells[layout.linear_state(slot)] = state[0];
      std::memcpy(cells + layout.factor_state(slot), state + 1, factors * sizeof(T));
    }
    table.refresh_half_norm(entries[row]);
  });
  features.mark_trained(entries);
}

uint32_t owner_of(int64_t feature, uint32_t num_owners) {
  // Multiply-shift maps the hash's upper half onto 0 .. num_owners - 1.
  const uint64_t hash = scrambled(static_cast<uint64_t>(feature)) >> 32;
  return static_cast<uint32_t>(hash * num_owners >> 32);
}

OwnerSplit split_by_owner(std::span<const int64_t> features, uint32_t num_owners) {
  OwnerSplit split{std::vector<int64_t>(features.size()), std::vector<int64_t>(num_owners + 1)};
  for (const int64_t feature : features) {
    ++split.begins[owner_of(feature, num_owners) + 1];
  }
  for (uint32_t owner = 0; owner < num_owners; ++owner) {
    split.begins[owner + 1] += split.begins[owner];
  }
  std::vector<int64_t> next = split.begins;
  for (size_t position = 0; position < features.size(); ++position) {
    const auto place = next[owner_of(features[position], num_owners)]++;
    split.positions[static_cast<size_t>(place)] = static_cast<int64_t>(position);
  }
  return split;
}

template void read_entries(const ParameterTable<float>&, std::span<const int64_t>,
                           const EntryRows<float>&);
template void read_entries(const ParameterTable<double>&, std::span<const int64_t>,
                           const EntryRows<double>&);
template void write_entries(ParameterTable<float>&, FeatureMap&, std::span<const int64_t>,
                            const EntryRows<const float>&);
template void write_entries(ParameterTable<double>&, FeatureMap&, std::span<const int64_t>,
                            const EntryRows<const double>&);

}  // namespace pairloom
