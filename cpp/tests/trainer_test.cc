// The numeric contract: bytes depend on data and settings, not on threads, path or form.
#include "pairloom/trainer.h"

#include <doctest/doctest.h>

#include "small_data.h"
#include "small_training.h"

namespace pairloom::testing {

TEST_CASE("trained bytes are equal at every thread count and on every path") {
  const SimdPath best = simd_path("auto");
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    for (const int num_factors : {3, 8, 10, 24, 64}) {
      const SmallData data(form, 2000, 300, true);
      const auto expected =
          train_to_bytes(data.batch(), num_factors, Loss::kLogistic, 700, 1, SimdPath::kBaseline);
      for (const int threads : {1, 2, 3, 7}) {
        CAPTURE(num_factors);
        CAPTURE(threads);
        CHECK(train_to_bytes(data.batch(), num_factors, Loss::kLogistic, 700, threads, best) ==
              expected);
      }
    }
  }
}

TEST_CASE("every optimizer trains to the same bytes at every thread count and on every path") {
  const SimdPath best = simd_path("auto");
  for (const Optimizer optimizer : kOptimizers) {
    for (const Form form : {Form::kOneHot, Form::kRealValued}) {
      const SmallData data(form, 2000, 3000, true);
      const auto expected =
          train_to_bytes(data.batch(), 8, Loss::kLogistic, 700, 1, SimdPath::kBaseline, optimizer);
      for (const int threads : {1, 2, 3}) {
        CAPTURE(static_cast<int>(optimizer));
        CAPTURE(threads);
        CHECK(train_to_bytes(data.batch(), 8, Loss::kLogistic, 700, threads, best, optimizer) ==
              expected);
      }
    }
  }
}

TEST_CASE("kept mini-batches train to the bytes of prepared ones") {
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    const SmallData data(form, 2000, 300, true);
    const RowBatch rows = data.batch();
    const auto boundaries = boundaries_of(rows.num_rows, 300);
    std::vector<std::vector<unsigned char>> bytes;
    for (const size_t most_bytes : {size_t{0}, size_t{9'000}, size_t{1} << 30}) {
      Trainer<float> trainer(rows.feature_dim, 8, Loss::kLogistic, small_settings(),
                             SimdPath::kBaseline);
      trainer.initialize(small_init(), 1);
      KeptBatches kept(most_bytes);
      MetricSums metrics;
      for (int epoch = 0; epoch < 3; ++epoch) {
        trainer.train({&rows, nullptr}, boundaries, 2, metrics, &kept);
      }
      CHECK(kept.num_bytes() <= most_bytes);
      CHECK((kept.find(1800, 2000) != nullptr) == (most_bytes > 9'000));
      bytes.push_back(bytes_of(trainer.table(), metrics));
    }
    CHECK(bytes[0] == bytes[1]);
    CHECK(bytes[0] == bytes[2]);
  }
}

TEST_CASE("changed learning rates are those of the next step, and leave the parameters alone") {
  const SmallData data(Form::kRealValued, 300, 40, true);
  const RowBatch rows = data.batch();
  const auto boundaries = boundaries_of(rows.num_rows, 100);
  for (const Optimizer optimizer : kOptimizers) {
    CAPTURE(static_cast<int>(optimizer));
    OptimizerSettings slower = small_settings(optimizer);
    for (GroupRates* rates : {&slower.bias, &slower.linear, &slower.factors}) {
      rates->learning_rate *= 0.25;
    }
    Trainer<float> changed(rows.feature_dim, 8, Loss::kLogistic, small_settings(optimizer),
                           SimdPath::kBaseline);
    Trainer<float> other(rows.feature_dim, 8, Loss::kLogistic, slower, SimdPath::kBaseline);
    changed.initialize(small_init(), 1);
    MetricSums metrics, other_metrics;
    changed.train({&rows, nullptr}, boundaries, 1, metrics);
    std::vector<float> before;
    for (int64_t index = 0; index < rows.feature_dim; ++index) {
      const float* const entry = changed.table().entry(index);
      before.insert(before.end(), entry, entry + 9);
    }
    other.initialize(small_init(), 1);
    other.copy_state(changed);
    other.mend_states();
    changed.set_learning_rates(slower);
    for (int64_t index = 0; index < rows.feature_dim; ++index) {
      CHECK(std::memcmp(changed.table().entry(index), &before[static_cast<size_t>(index) * 9],
                        9 * sizeof(float)) == 0);
    }
    changed.train({&rows, nullptr}, boundaries, 1, other_metrics);
    MetricSums expected_metrics;
    other.train({&rows, nullptr}, boundaries, 1, expected_metrics);
    CHECK(bytes_of(changed.table(), other_metrics) == bytes_of(other.table(), expected_metrics));
  }
}

TEST_CASE("dense and sparse forms of one matrix train to the same bytes") {
  const SmallData sparse(Form::kRealValued, 500, 60, false);
  const SmallData dense(Form::kDense, 500, 60, false);
  for (const Loss loss : {Loss::kLogistic, Loss::kSquared}) {
    CHECK(train_to_bytes(sparse.batch(), 8, loss, 96, 1, SimdPath::kBaseline) ==
          train_to_bytes(dense.batch(), 8, loss, 96, 1, SimdPath::kBaseline));
  }
}

TEST_CASE("a feature that no row touches keeps its initial parameters") {
  const SmallData data(Form::kOneHot, 64, 20, false);
  RowBatch rows = data.batch();
  rows.feature_dim = 30;
  Trainer<float> trainer(30, 4, Loss::kLogistic, small_settings(), SimdPath::kBaseline);
  trainer.initialize(small_init(), 1);
  ParameterTable<float> initial(30, make_layout(4, 2));
  initial.initialize(small_init(), 2);
  MetricSums totals;
  trainer.train({&rows, nullptr}, {0, 64}, 1, totals);
  for (int64_t index = 0; index < 30; ++index) {
    const bool same =
        std::memcmp(trainer.table().entry(index), initial.entry(index), sizeof(float) * 5) == 0;
    CHECK(same == !trainer.features().trained(index));
  }
  CHECK(trainer.features().trained(0));
  CHECK_FALSE(trainer.features().trained(25));
}

}  // namespace pairloom::testing
