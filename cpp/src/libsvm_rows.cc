#include "libsvm_rows.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pairloom::libsvm {

namespace {

[[noreturn]] void refuse(std::string complaint) {
  throw UnusableLine{std::move(complaint), std::nullopt};
}

std::string decimal_text(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", static_cast<double>(value));
  return text;
}

template <typename Id>
void append_as(GrowingArray<Id>& all, const Line& line) {
  Id* added = all.extend(line.size);
  for (size_t i = 0; i < line.size; ++i) {
    added[i] = static_cast<Id>(line.ids[i]);
  }
}

template <typename Id>
void count_from_zero(GrowingArray<Id>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) {
    --ids[i];
  }
}

}  // namespace

RowCollector::RowCollector(const LibsvmReadOptions& options) : options_(options) {
  rows_.row_offsets.push_back(0);
}

void RowCollector::add(const Line& line) {
  if (rows_.num_rows == 0) {
    reserve();
  }
  check_ids(line);
  add_label(line);
  append_ids(line);
  append_values(line);
  rows_.num_queries += line.has_query ? 1 : 0;
  has_rows_ = true;
  ++rows_.num_rows;
  rows_.row_offsets.push_back(rows_.row_offsets[rows_.num_rows - 1] +
                              static_cast<int64_t>(line.size));
}

LibsvmRows RowCollector::take() {
  rows_.zero_based = options_.first_id == FirstId::kZero || has_zero_id_;
  const bool has_ids = rows_.row_offsets[rows_.num_rows] != 0;
  if (!rows_.zero_based) {
    count_from_zero(rows_.narrow_ids);
    count_from_zero(rows_.wide_ids);
  }
  rows_.feature_dim = options_.feature_dim;
  if (rows_.feature_dim == 0 && has_ids) {
    rows_.feature_dim = largest_id_ + (rows_.zero_based ? 1 : 0);
  }
  if (has_minus_one_label_) {
    rows_.mapped_labels = true;
    for (size_t i = 0; i < rows_.labels.size(); ++i) {
      rows_.labels[i] = rows_.labels[i] == 1.0f ? 1.0f : 0.0f;
    }
  }
  rows_.row_offsets.shrink_to_fit();
  rows_.narrow_ids.shrink_to_fit();
  rows_.wide_ids.shrink_to_fit();
  rows_.values.shrink_to_fit();
  rows_.labels.shrink_to_fit();
  all_ones_ = true;
  LibsvmRows taken = std::exchange(rows_, {});
  rows_.row_offsets.push_back(0);
  return taken;
}

// Ids ascend, so that the first and the last one tell the range of all.
void RowCollector::check_ids(const Line& line) {
  needs_one_based_ = false;
  if (line.size == 0) {
    return;
  }
  const bool zero = line.ids[0] == 0;
  if (zero && options_.first_id == FirstId::kOne) {
    throw UnusableLine{"feature id 0; expected ids from 1, as zero_based is false", 0};
  }
  has_zero_id_ |= zero;
  const uint64_t last = line.ids[line.size - 1];
  if (options_.feature_dim != 0) {
    const bool zero_based = options_.first_id == FirstId::kZero || has_zero_id_;
    const uint64_t largest = options_.feature_dim - (zero_based ? 1 : 0);
    if (last > largest) {
      const auto ids = line.ids.begin();
      const auto wrong = std::upper_bound(ids, ids + static_cast<ptrdiff_t>(line.size), largest);
      throw UnusableLine{"feature id " + std::to_string(*wrong) + "; expected " +
                             (zero_based ? "0" : "1") + " to " + std::to_string(largest),
                         static_cast<size_t>(wrong - ids)};
    }
    needs_one_based_ = largest_id_ < options_.feature_dim && last == options_.feature_dim;
  }
  largest_id_ = std::max(largest_id_, last);
}

void RowCollector::add_label(const Line& line) {
  const bool expected = options_.require_labels || has_labels_;
  if (!line.has_label) {
    if (expected) {
      refuse(options_.require_labels ? "no label; expected one before the features"
                                     : "no label; expected one as in the lines before");
    }
    return;
  }
  if (!expected && has_rows_) {
    refuse("a label; expected none as in the lines before");
  }
  if (options_.binary_labels) {
    check_binary(line.label);
  }
  rows_.labels.push_back(line.label);
  has_labels_ = true;
}

void RowCollector::check_binary(float label) {
  if (label != 0.0f && label != 1.0f && label != -1.0f) {
    refuse("label " + decimal_text(label) +
           "; expected 0 or 1 (or -1 or 1) for a binary classifier");
  }
  has_zero_label_ |= label == 0.0f;
  has_minus_one_label_ |= label == -1.0f;
  if (has_zero_label_ && has_minus_one_label_) {
    refuse(label == 0.0f ? "label 0 after a label -1; expected -1 or 1 as in the lines before"
                         : "label -1 after a label 0; expected 0 or 1 as in the lines before");
  }
}

void RowCollector::append_ids(const Line& line) {
  if (!rows_.has_wide_ids && largest_id_ > INT32_MAX) {
    widen_ids();
  }
  if (rows_.has_wide_ids) {
    append_as(rows_.wide_ids, line);
  } else {
    append_as(rows_.narrow_ids, line);
  }
}

void RowCollector::widen_ids() {
  rows_.has_wide_ids = true;
  int64_t* wide = rows_.wide_ids.extend(rows_.narrow_ids.size());
  std::copy(rows_.narrow_ids.begin(), rows_.narrow_ids.end(), wide);
  rows_.narrow_ids = GrowingArray<int32_t>();
}

// Values are kept from the first one on that is not 1.
void RowCollector::append_values(const Line& line) {
  if (all_ones_ && !line.all_ones) {
    all_ones_ = false;
    const auto before = static_cast<size_t>(rows_.row_offsets[rows_.num_rows]);
    rows_.values.reserve(options_.expected_bytes / 4);
    std::fill_n(rows_.values.extend(before), before, 1.0f);
  }
  if (!all_ones_) {
    rows_.values.append(line.values.data(), line.size);
  }
}

// As many entries as these bytes can hold.
void RowCollector::reserve() {
  constexpr uint64_t kFewestBytesOfAnEntry = 4;
  if (options_.expected_bytes != 0) {
    rows_.narrow_ids.reserve(options_.expected_bytes / kFewestBytesOfAnEntry);
  }
}

}  // namespace pairloom::libsvm
