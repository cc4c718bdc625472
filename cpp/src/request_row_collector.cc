#include "request_row_collector.h"

#include <algorithm>

namespace pairloom {

RequestRowCollector::RequestRowCollector(uint64_t feature_dim) : any_width_(feature_dim == 0) {
  rows_.feature_dim = feature_dim;
  if (any_width_) {
    make_sparse();
  }
}

void RequestRowCollector::add_dense(std::span<const float> values) {
  if (rows_.is_dense) {
    rows_.values.append(values.data(), values.size());
  } else {
    append_nonzeros(values);
    end_sparse_row();
  }
  if (any_width_) {
    rows_.feature_dim = std::max<uint64_t>(rows_.feature_dim, values.size());
  }
  ++rows_.num_rows;
}

void RequestRowCollector::add_sparse(std::span<const int64_t> ids, std::span<const float> values) {
  if (rows_.is_dense) {
    make_sparse();
  }
  rows_.feature_ids.append(ids.data(), ids.size());
  rows_.values.append(values.data(), values.size());
  end_sparse_row();
  if (any_width_ && !ids.empty()) {
    rows_.feature_dim = std::max(rows_.feature_dim, static_cast<uint64_t>(ids.back()) + 1);
  }
  ++rows_.num_rows;
}

RequestRows RequestRowCollector::finish() { return std::move(rows_); }

void RequestRowCollector::make_sparse() {
  rows_.is_dense = false;
  rows_.row_offsets.push_back(0);
  const GrowingArray<float> dense = std::move(rows_.values);
  rows_.values = GrowingArray<float>();
  const auto width = static_cast<size_t>(rows_.feature_dim);
  for (size_t row = 0; row < rows_.num_rows; ++row) {
    append_nonzeros(dense.view().subspan(row * width, width));
    end_sparse_row();
  }
}

void RequestRowCollector::append_nonzeros(std::span<const float> values) {
  for (size_t id = 0; id < values.size(); ++id) {
    if (values[id] != 0.0f) {
      rows_.feature_ids.push_back(static_cast<int64_t>(id));
      rows_.values.push_back(values[id]);
    }
  }
}

void RequestRowCollector::end_sparse_row() {
  rows_.row_offsets.push_back(static_cast<int64_t>(rows_.values.size()));
}

}  // namespace pairloom
