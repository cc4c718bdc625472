// Some entries of a table as rows of flat arrays: how processes hand them to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"

namespace pairloom {

// One row per entry. `state` has a row for each of the optimizer's values: that of the linear
// weight, then those of the factors. T is const where the rows are only read.
template <class T>
struct EntryRows {
  T* linear;   // num_entries
  T* factors;  // num_entries x num_factors
  T* state;    // num_entries x state_slots x (1 + num_factors)
};

template <class T>
void read_entries(const ParameterTable<T>& table, std::span<const int64_t> entries,
                  const EntryRows<T>& rows);

// Writes the rows' values and marks the features as trained.
template <class T>
void write_entries(ParameterTable<T>& table, FeatureMap& features, std::span<const int64_t> entries,
                   const EntryRows<const T>& rows);

// Which of `num_owners` owners keeps a feature's entry: its hash decides, so that owners get
// equal shares of frequent and of rare features.
uint32_t owner_of(int64_t feature, uint32_t num_owners);

// The positions of `features` by owner, each owner's in their order.
struct OwnerSplit {
  std::vector<int64_t> positions;
  std::vector<int64_t> begins;  // num_owners + 1: owner o has positions begins[o] .. begins[o + 1]
};

OwnerSplit split_by_owner(std::span<const int64_t> features, uint32_t num_owners);

}  // namespace pairloom
