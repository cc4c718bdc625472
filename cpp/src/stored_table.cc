#include "pairloom/stored_table.h"

#include <cmath>

namespace pairloom {

namespace {

std::string cell_name(const TableLayout& layout, int cell) {
  if (cell < layout.num_factors) {
    return "factor " + std::to_string(cell);
  }
  return cell == layout.linear()      ? "the linear weight"
         : cell == layout.half_norm() ? "the half square norm"
                                      : "padding";
}

std::optional<EntryFault> find_fault(const TableLayout& layout, const float* cells, int64_t entry) {
  for (int cell = 0; cell < layout.stride; ++cell) {
    const bool padding =
        cell >= layout.num_factors && cell != layout.linear() && cell != layout.half_norm();
    if (!std::isfinite(cells[cell])) {
      return EntryFault{entry, cell, cell_name(layout, cell) + " is not finite"};
    }
    if (padding && cells[cell] != 0.0f) {
      return EntryFault{entry, cell, cell_name(layout, cell) + " is not zero"};
    }
  }
  if (cells[layout.half_norm()] != half_norm_of(cells, layout)) {
    return EntryFault{entry, layout.half_norm(), "the half square norm is not that of the factors"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<EntryFault> find_entry_fault(const ParameterTable<float>& table) {
  const TableLayout& layout = table.layout();
  for (int64_t entry = 0; entry < table.num_entries(); ++entry) {
    if (auto fault = find_fault(layout, table.entry(entry), entry)) {
      return fault;
    }
  }
  const float* zeros = table.entry(table.zero_entry());
  for (int cell = 0; cell < layout.stride; ++cell) {
    if (!(zeros[cell] == 0.0f)) {
      return EntryFault{table.zero_entry(), cell, "the entry of zeros behind the last is not zero"};
    }
  }
  return std::nullopt;
}

}  // namespace pairloom
