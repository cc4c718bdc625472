#include "pairloom/packed_rows.h"

#include <limits>
#include <string>
#include <type_traits>

#include "number_groups.h"
#include "pairloom/error.h"

namespace pairloom {

namespace {

enum Flag : uint32_t {
  kDense = 1,
  kWideIds = 2,
  kValues = 4,
  kWeights = 8,
  kBinaryLabels = 16,
  kEqualLengths = 32,
  kEveryFlag = 63,
};

// Then follow labels, weights, lengths of rows, ids, values: those that the flags tell.
struct Head {
  uint64_t num_rows;
  uint64_t num_entries;
  uint64_t feature_dim;
  uint32_t flags;
  uint32_t row_length;  // with kEqualLengths
};

[[noreturn]] void refuse(const char* what) {
  throw DataFormatError(std::string("packed rows: ") + what);
}

bool is_product(uint64_t product, uint64_t left, uint64_t right) {
  return right == 0 ? product == 0 : product % right == 0 && product / right == left;
}

void append_numbers(const float* numbers, size_t count, GrowingArray<uint8_t>& out) {
  out.append(reinterpret_cast<const uint8_t*>(numbers), count * sizeof(float));
}

uint32_t flags_of(const RowBatch& rows) {
  const auto count = static_cast<size_t>(rows.num_rows);
  bool binary = true, equal = !rows.dense() && count > 0;
  for (size_t row = 0; row < count; ++row) {
    const float label = rows.labels[row];
    // A negative zero would come back as a positive one.
    binary &= label == 1.0f || std::bit_cast<uint32_t>(label) == 0;
    equal = equal && rows.row_capacity(static_cast<int64_t>(row)) == rows.row_capacity(0);
  }
  equal = equal && rows.row_capacity(0) <= std::numeric_limits<uint32_t>::max();
  return (rows.dense() ? kDense : 0u) | (rows.ids64 != nullptr ? kWideIds : 0u) |
         (rows.values != nullptr ? kValues : 0u) | (rows.weights != nullptr ? kWeights : 0u) |
         (binary ? kBinaryLabels : 0u) | (equal ? kEqualLengths : 0u);
}

void append_labels(const RowBatch& rows, bool binary, GrowingArray<uint8_t>& out) {
  const auto count = static_cast<size_t>(rows.num_rows);
  if (!binary) {
    append_numbers(rows.labels, count, out);
    return;
  }
  uint8_t* bits = out.extend((count + 7) / 8);
  std::fill_n(bits, (count + 7) / 8, uint8_t{0});
  for (size_t row = 0; row < count; ++row) {
    bits[row / 8] =
        static_cast<uint8_t>(bits[row / 8] | unsigned{rows.labels[row] == 1.0f} << (row % 8));
  }
}

// The first id of a row as it is, the others as what they lie above the one before.
template <class Id>
void append_ids(const RowBatch& rows, const Id* ids, GrowingArray<uint8_t>& out) {
  const int64_t begin = rows.row_offsets[0], end = rows.row_offsets[rows.num_rows];
  int64_t row = 0, at = begin;
  Id before = 0;
  number_groups::append<Id>(
      static_cast<size_t>(end - begin),
      [&] {
        while (rows.row_offsets[row] <= at) {
          ++row;
          before = 0;
        }
        const Id id = ids[at++];
        if (id < before) {
          throw DataError("row " + std::to_string(row - 1) + " holds feature id " +
                          std::to_string(id) + " after " + std::to_string(before) +
                          "; ids of a row must ascend to be packed");
        }
        const Id difference = id - before;
        before = id;
        return difference;
      },
      out);
}

void append_sparse(const RowBatch& rows, bool equal_lengths, GrowingArray<uint8_t>& out) {
  if (!equal_lengths) {
    int64_t row = 0;
    number_groups::append<uint64_t>(
        static_cast<size_t>(rows.num_rows),
        [&] { return static_cast<uint64_t>(rows.row_capacity(row++)); }, out);
  }
  if (rows.ids64 != nullptr) {
    append_ids(rows, rows.ids64, out);
  } else {
    append_ids(rows, rows.ids32, out);
  }
}

// Takes sections off the front of packed bytes.
class Sections {
 public:
  explicit Sections(std::span<const uint8_t> bytes) : left_(bytes) {}

  std::span<const uint8_t> take(uint64_t count) {
    if (count > left_.size()) {
      refuse("they end early");
    }
    const std::span<const uint8_t> section = left_.first(count);
    left_ = left_.subspan(count);
    return section;
  }

  void take_numbers(uint64_t count, GrowingArray<float>& out) {
    if (count > left_.size() / sizeof(float)) {
      refuse("they end early");
    }
    out.reserve(count);
    const std::span<const uint8_t> section = take(count * sizeof(float));
    if (count != 0) {
      std::memcpy(out.extend(count), section.data(), section.size());
    }
  }

  template <class Number>
  void take_groups(uint64_t count, Number* out) {
    if (count == 0) {
      return;
    }
    const size_t taken = number_groups::read<Number>(left_, {out, static_cast<size_t>(count)});
    if (taken == 0) {
      refuse("they end early");
    }
    left_ = left_.subspan(taken);
  }

  // Whether so many numbers of a group may follow, before memory is taken for them.
  void expect_groups(uint64_t count) const {
    if (count / 4 > left_.size()) {
      refuse("they end early");
    }
  }

  bool empty() const { return left_.empty(); }

 private:
  std::span<const uint8_t> left_;
};

void take_labels(const Head& head, Sections& sections, UnpackedRows& rows) {
  if ((head.flags & kBinaryLabels) == 0) {
    sections.take_numbers(head.num_rows, rows.labels);
    return;
  }
  const std::span<const uint8_t> bits = sections.take(head.num_rows / 8 + (head.num_rows % 8 != 0));
  rows.labels.reserve(head.num_rows);
  float* labels = rows.labels.extend(head.num_rows);
  for (uint64_t row = 0; row < head.num_rows; ++row) {
    labels[row] = (bits[row / 8] >> (row % 8) & 1) != 0 ? 1.0f : 0.0f;
  }
}

void take_offsets(const Head& head, Sections& sections, UnpackedRows& rows) {
  rows.row_offsets.reserve(head.num_rows + 1);
  int64_t* offsets = rows.row_offsets.extend(head.num_rows + 1);
  offsets[0] = 0;
  if ((head.flags & kEqualLengths) != 0) {
    if (!is_product(head.num_entries, head.num_rows, head.row_length)) {
      refuse("the rows' lengths do not have their sum");
    }
    for (uint64_t row = 0; row < head.num_rows; ++row) {
      offsets[row + 1] = offsets[row] + head.row_length;
    }
  } else {
    sections.expect_groups(head.num_rows);
    auto* lengths = reinterpret_cast<uint64_t*>(offsets + 1);
    sections.take_groups(head.num_rows, lengths);
    uint64_t end = 0;
    for (uint64_t row = 0; row < head.num_rows; ++row) {
      if (lengths[row] > head.num_entries - end) {
        refuse("the rows' lengths exceed their sum");
      }
      end += lengths[row];
      offsets[row + 1] = static_cast<int64_t>(end);
    }
  }
  if (static_cast<uint64_t>(offsets[head.num_rows]) != head.num_entries) {
    refuse("the rows' lengths do not have their sum");
  }
}

template <class Id>
void take_ids(const Head& head, Sections& sections, const int64_t* offsets, GrowingArray<Id>& out) {
  using Number = std::make_unsigned_t<Id>;
  sections.expect_groups(head.num_entries);
  out.reserve(head.num_entries);
  auto* ids = reinterpret_cast<Number*>(out.extend(head.num_entries));
  sections.take_groups(head.num_entries, ids);
  constexpr auto kLargest = static_cast<Number>(std::numeric_limits<Id>::max());
  bool fits = true;
  for (uint64_t row = 0; row < head.num_rows; ++row) {
    Number id = 0;
    for (int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      fits &= ids[i] <= kLargest - id;
      id += ids[i];
      ids[i] = id;
    }
    if (!fits) {
      refuse("a feature id is too large");
    }
  }
}

}  // namespace

void pack_rows(const RowBatch& rows, GrowingArray<uint8_t>& out) {
  if (rows.labels == nullptr) {
    throw DataError("rows without labels cannot be packed");
  }
  const auto count = static_cast<size_t>(rows.num_rows);
  const int64_t first = rows.dense() ? 0 : rows.row_offsets[0];
  const int64_t num_entries =
      rows.dense() ? rows.num_rows * rows.feature_dim : rows.row_offsets[rows.num_rows] - first;
  const uint32_t flags = flags_of(rows);
  const bool equal_lengths = (flags & kEqualLengths) != 0;
  const Head head{static_cast<uint64_t>(rows.num_rows), static_cast<uint64_t>(num_entries),
                  static_cast<uint64_t>(rows.feature_dim), flags,
                  equal_lengths ? static_cast<uint32_t>(rows.row_capacity(0)) : 0};
  out.append(reinterpret_cast<const uint8_t*>(&head), sizeof head);
  append_labels(rows, (flags & kBinaryLabels) != 0, out);
  if (rows.weights != nullptr) {
    append_numbers(rows.weights, count, out);
  }
  if (!rows.dense()) {
    append_sparse(rows, equal_lengths, out);
  }
  if (rows.values != nullptr) {
    append_numbers(rows.values + first, static_cast<size_t>(num_entries), out);
  }
}

UnpackedRows unpack_rows(std::span<const uint8_t> bytes) {
  Sections sections(bytes);
  Head head;
  std::memcpy(&head, sections.take(sizeof head).data(), sizeof head);
  if ((head.flags & ~uint32_t{kEveryFlag}) != 0 ||
      head.feature_dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    refuse("their head is none");
  }
  UnpackedRows rows;
  rows.num_rows = head.num_rows;
  rows.feature_dim = head.feature_dim;
  rows.is_dense = (head.flags & kDense) != 0;
  rows.has_wide_ids = (head.flags & kWideIds) != 0;
  take_labels(head, sections, rows);
  if ((head.flags & kWeights) != 0) {
    sections.take_numbers(head.num_rows, rows.weights);
  }
  if (rows.is_dense) {
    if ((head.flags & kValues) == 0 ||
        !is_product(head.num_entries, head.num_rows, head.feature_dim)) {
      refuse("dense rows have other values than their width");
    }
  } else {
    take_offsets(head, sections, rows);
    if (rows.has_wide_ids) {
      take_ids(head, sections, rows.row_offsets.data(), rows.wide_ids);
    } else {
      take_ids(head, sections, rows.row_offsets.data(), rows.narrow_ids);
    }
  }
  if ((head.flags & kValues) != 0) {
    sections.take_numbers(head.num_entries, rows.values);
  }
  if (!sections.empty()) {
    refuse("bytes follow them");
  }
  return rows;
}

}  // namespace pairloom
