#include "recordio_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <utility>

#include "pairloom/feature_hash.h"
#include "printable.h"

namespace pairloom::recordio {

namespace {

[[noreturn]] void refuse(std::string complaint) { throw UnusableRecord{std::move(complaint)}; }

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

// Exponent bits all set mean NaN or infinity; the sum keeps the loop free of branches.
bool all_finite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t num_bad = 0;
  for (const float value : values) {
    num_bad += (std::bit_cast<uint32_t>(value) & kExponent) == kExponent ? 1u : 0u;
  }
  return num_bad == 0;
}

void check_finite(std::span<const float> values) {
  if (all_finite(values)) {
    return;
  }
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  refuse("features: value " + std::to_string(bad - values.begin()) + " is " + decimal(*bad) +
         "; expected finite float32 numbers");
}

bool holds_numbers(const Tensor& tensor) {
  return tensor.type != TensorType::kNone && tensor.type != TensorType::kBytes;
}

[[noreturn]] void refuse_type(const Tensor& tensor, const std::string& entry) {
  refuse(entry + " holds " + (tensor.type == TensorType::kBytes ? "bytes" : "nothing") +
         "; expected a Float32, Float64 or Int32 tensor");
}

bool is_sparse(const Tensor& tensor) {
  return !tensor.keys.empty() || (tensor.values.empty() && !tensor.shape.empty());
}

}  // namespace

RowCollector::RowCollector(const RecordioReadOptions& options) : options_(options) {
  rows_.feature_dim = options.feature_dim;
  if (options.hash_bits != 0) {
    rows_.feature_dim = uint64_t{1} << options.hash_bits;
    make_sparse();
  }
}

void RowCollector::add(const Record& record) {
  if (!record.has_features) {
    refuse("no features; expected features[\"values\"]");
  }
  const Tensor& tensor = record.features;
  if (!holds_numbers(tensor)) {
    refuse_type(tensor, "features[\"values\"]");
  }
  check_finite(tensor.values.view());
  if (tensor.shape.size() > 1) {
    refuse("features: shape of " + std::to_string(tensor.shape.size()) +
           " numbers; expected one, the number of columns");
  }
  if (rows_.num_rows == 0) {
    reserve(tensor);
  }
  if (options_.hash_bits != 0) {
    add_hashed(tensor);
  } else if (is_sparse(tensor)) {
    add_sparse(tensor);
  } else {
    add_dense(tensor);
  }
  add_label(record);
  if (!options_.weight_feature.empty()) {
    add_weight(record);
  }
  has_rows_ = true;
  ++rows_.num_rows;
}

RecordioRows RowCollector::take() {
  rows_.row_offsets.shrink_to_fit();
  rows_.feature_ids.shrink_to_fit();
  rows_.values.shrink_to_fit();
  rows_.labels.shrink_to_fit();
  rows_.weights.shrink_to_fit();
  RecordioRows taken = std::exchange(rows_, {});
  rows_.feature_dim = taken.feature_dim;
  if (!taken.is_dense) {
    make_sparse();
  }
  return taken;
}

// As many values as Float32 records of these bytes can hold; dense ones hold almost as many.
void RowCollector::reserve(const Tensor& first) {
  if (options_.expected_bytes == 0) {
    return;
  }
  if (is_sparse(first)) {
    constexpr uint64_t kValueAndKey = sizeof(float) + 1;
    rows_.values.reserve(options_.expected_bytes / kValueAndKey);
    rows_.feature_ids.reserve(options_.expected_bytes / kValueAndKey);
  } else {
    rows_.values.reserve(options_.expected_bytes / sizeof(float));
  }
}

void RowCollector::check_width(uint64_t width, const char* source) {
  if (width == 0 || width > kMaxRecordioWidth) {
    refuse("features: " + std::string(source) + " " + std::to_string(width) + "; expected 1 to " +
           std::to_string(kMaxRecordioWidth));
  }
  if (rows_.feature_dim == 0) {
    rows_.feature_dim = width;
  }
  if (width != rows_.feature_dim) {
    refuse("features: " + std::string(source) + " " + std::to_string(width) + "; expected " +
           std::to_string(rows_.feature_dim) +
           (options_.feature_dim == 0 ? " as in the first record" : ", the feature_dim given"));
  }
}

void RowCollector::add_dense(const Tensor& tensor) {
  const size_t width = tensor.values.size();
  if (!tensor.shape.empty()) {
    check_width(tensor.shape[0], "shape");
  }
  check_width(width, "number of values");
  if (rows_.is_dense) {
    rows_.values.append(tensor.values.data(), width);
  } else {
    append_nonzeros(tensor.values.data());
    end_sparse_row();
  }
}

void RowCollector::add_sparse(const Tensor& tensor) {
  if (!tensor.shape.empty()) {
    check_width(tensor.shape[0], "shape");
  } else if (rows_.feature_dim == 0) {
    refuse("features: keys without shape; expected shape, the number of columns, or a feature_dim");
  }
  check_keys(tensor);
  if (rows_.is_dense) {
    make_sparse();
  }
  const size_t count = tensor.keys.size();
  int32_t* ids = rows_.feature_ids.extend(count);
  uint64_t past_previous = 0;  // ascending keys stay at or above it
  bool ascending = true;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t key = tensor.keys[i];
    if (key >= rows_.feature_dim) {
      refuse("features: key " + std::to_string(key) + "; expected keys below " +
             std::to_string(rows_.feature_dim));
    }
    ascending &= key >= past_previous;
    past_previous = key + 1;
    ids[i] = static_cast<int32_t>(key);
  }
  if (ascending) {
    rows_.values.append(tensor.values.data(), count);
  } else {
    rows_.feature_ids.truncate(rows_.feature_ids.size() - count);
    append_sorted(tensor);
  }
  end_sparse_row();
}

void RowCollector::check_keys(const Tensor& tensor) const {
  if (tensor.keys.size() != tensor.values.size()) {
    refuse("features: " + std::to_string(tensor.keys.size()) + " keys and " +
           std::to_string(tensor.values.size()) + " values; expected as many of both");
  }
}

void RowCollector::add_hashed(const Tensor& tensor) {
  const bool has_keys = is_sparse(tensor);
  if (has_keys) {
    check_keys(tensor);
  }
  unsorted_.clear();
  for (size_t i = 0; i < tensor.values.size(); ++i) {
    if (has_keys || tensor.values[i] != 0.0f) {
      const uint64_t key = has_keys ? tensor.keys[i] : i;
      unsorted_.emplace_back(hash_id(key, options_.hash_bits), tensor.values[i]);
    }
  }
  std::stable_sort(unsorted_.begin(), unsorted_.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  for (size_t i = 0; i < unsorted_.size(); ++i) {
    const auto& [key, value] = unsorted_[i];
    if (i != 0 && unsorted_[i - 1].first == key) {
      rows_.values[rows_.values.size() - 1] += value;
    } else {
      rows_.feature_ids.push_back(static_cast<int32_t>(key));
      rows_.values.push_back(value);
    }
  }
  end_sparse_row();
}

void RowCollector::append_sorted(const Tensor& tensor) {
  unsorted_.clear();
  for (size_t i = 0; i < tensor.keys.size(); ++i) {
    unsorted_.emplace_back(tensor.keys[i], tensor.values[i]);
  }
  std::sort(unsorted_.begin(), unsorted_.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  const auto twice = std::adjacent_find(
      unsorted_.begin(), unsorted_.end(),
      [](const auto& left, const auto& right) { return left.first == right.first; });
  if (twice != unsorted_.end()) {
    refuse("features: key " + std::to_string(twice->first) + " twice; expected distinct keys");
  }
  for (const auto& [key, value] : unsorted_) {
    rows_.feature_ids.push_back(static_cast<int32_t>(key));
    rows_.values.push_back(value);
  }
  ++rows_.num_unsorted;
}

void RowCollector::make_sparse() {
  rows_.is_dense = false;
  rows_.row_offsets.push_back(0);
  const GrowingArray<float> dense = std::move(rows_.values);
  rows_.values = GrowingArray<float>();
  for (uint64_t row = 0; row < rows_.num_rows; ++row) {
    append_nonzeros(dense.data() + row * rows_.feature_dim);
    end_sparse_row();
  }
}

void RowCollector::append_nonzeros(const float* row) {
  for (uint64_t id = 0; id < rows_.feature_dim; ++id) {
    if (row[id] != 0.0f) {
      rows_.feature_ids.push_back(static_cast<int32_t>(id));
      rows_.values.push_back(row[id]);
    }
  }
}

void RowCollector::end_sparse_row() {
  rows_.row_offsets.push_back(static_cast<int64_t>(rows_.values.size()));
}

void RowCollector::add_label(const Record& record) {
  const bool expected = options_.require_labels || has_labels_;
  if (!record.has_label) {
    if (expected) {
      refuse(options_.require_labels ? "no label; expected label[\"values\"]"
                                     : "no label; expected one as in the records before");
    }
    return;
  }
  if (!expected && has_rows_) {
    refuse("a label; expected none as in the records before");
  }
  const Tensor& tensor = record.label;
  if (!holds_numbers(tensor)) {
    refuse_type(tensor, "label[\"values\"]");
  }
  if (tensor.values.size() != 1 || !tensor.keys.empty()) {
    refuse("label: " + std::to_string(tensor.values.size()) + " values and " +
           std::to_string(tensor.keys.size()) + " keys; expected one value and no key");
  }
  const float label = tensor.values[0];
  if (!std::isfinite(label)) {
    refuse("label " + decimal(label) + "; expected a finite float32 number");
  }
  if (options_.binary_labels && label != 0.0f && label != 1.0f) {
    refuse("label " + decimal(label) + "; expected 0 or 1 for a binary classifier");
  }
  rows_.labels.push_back(label);
  has_labels_ = true;
}

void RowCollector::add_weight(const Record& record) {
  const auto entry = [&] { return "features[\"" + printable(options_.weight_feature) + "\"]"; };
  if (!record.has_weight) {
    if (options_.require_weights || has_weights_) {
      refuse("no weight; expected " + entry() +
             (options_.require_weights ? "" : " as in the records before"));
    }
    return;
  }
  if (has_rows_ && !has_weights_) {
    refuse(entry() + "; expected none as in the records before");
  }
  const Tensor& tensor = record.weight;
  if (!holds_numbers(tensor)) {
    refuse_type(tensor, entry());
  }
  if (tensor.values.size() != 1 || !tensor.keys.empty()) {
    refuse(entry() + ": " + std::to_string(tensor.values.size()) + " values and " +
           std::to_string(tensor.keys.size()) + " keys; expected one value and no key");
  }
  const float weight = tensor.values[0];
  if (!std::isfinite(weight) || weight < 0.0f) {
    refuse(entry() + ": weight " + decimal(weight) +
           "; expected a finite float32 number of at least 0");
  }
  rows_.weights.push_back(weight);
  has_weights_ = true;
}

}  // namespace pairloom::recordio
