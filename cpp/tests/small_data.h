// Small data sets for the engine's tests, made from the counter-based generator: the same on every
// machine.
#pragma once

#include <cstdint>
#include <vector>

#include "pairloom/random.h"
#include "pairloom/row_batch.h"

namespace pairloom::testing {

enum class Form { kOneHot, kRealValued, kDense };

// Rows with a few nonzeros each; dense rows hold the same matrix as real-valued sparse ones.
class SmallData {
 public:
  SmallData(Form form, int64_t num_rows, uint32_t feature_dim, bool weighted)
      : form_(form), feature_dim_(feature_dim) {
    offsets_.push_back(0);
    ids_.reserve(1);
    for (std::vector<float>* values : {&values_, &dense_, &labels_, &weights_}) {
      values->reserve(1);  // without rows, too, arrays are there
    }
    for (int64_t row = 0; row < num_rows; ++row) {
      add_row(static_cast<uint64_t>(row));
      weights_.push_back(weighted ? 0.5f + draw(static_cast<uint64_t>(row), 91) : 1.0f);
    }
    weighted_ = weighted;
  }

  RowBatch batch() const {
    RowBatch rows;
    rows.num_rows = static_cast<int64_t>(labels_.size());
    rows.feature_dim = feature_dim_;
    rows.labels = labels_.data();
    rows.weights = weighted_ ? weights_.data() : nullptr;
    if (form_ == Form::kDense) {
      rows.values = dense_.data();
      return rows;
    }
    rows.row_offsets = offsets_.data();
    rows.ids32 = ids_.data();
    rows.values = form_ == Form::kOneHot ? nullptr : values_.data();
    return rows;
  }

 private:
  static float draw(uint64_t row, uint32_t block) {
    return static_cast<float>(uniform_from_bits(philox(7, RandomStream::kShuffle, row, block)[0]));
  }

  void add_row(uint64_t row) {
    float sum = 0.0f;
    dense_.resize(dense_.size() + feature_dim_, 0.0f);
    for (uint32_t feature = 0; feature < feature_dim_; ++feature) {
      const float chance = draw(row, feature);
      if (chance * static_cast<float>(feature + 1) < 1.5f) {  // the first features are frequent
        const float value = form_ == Form::kOneHot ? 1.0f : 2.0f * draw(row, 1000 + feature) - 0.5f;
        ids_.push_back(feature);
        values_.push_back(value);
        dense_[dense_.size() - feature_dim_ + feature] = value;
        sum += feature % 2 == 0 ? value : -value;
      }
    }
    offsets_.push_back(static_cast<int64_t>(ids_.size()));
    labels_.push_back(sum > 0.0f ? 1.0f : 0.0f);
  }

  Form form_;
  uint32_t feature_dim_;
  bool weighted_ = false;
  std::vector<int64_t> offsets_;
  std::vector<uint32_t> ids_;
  std::vector<float> values_, dense_, labels_, weights_;
};

}  // namespace pairloom::testing
