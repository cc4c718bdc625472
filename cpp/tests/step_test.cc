// The four operations one by one give the bytes that the fused training loop gives.
#include "pairloom/step.h"

#include <doctest/doctest.h>

#include "small_data.h"
#include "small_training.h"

namespace pairloom::testing {

namespace {

constexpr int64_t kBatch = 300;

std::vector<unsigned char> train_by_operations(const RowBatch& rows, int num_factors) {
  const OptimizerSettings settings = small_adam();
  ParameterTable<float> table(rows.feature_dim, make_layout(num_factors, 2));
  table.initialize(small_init(), 1);
  FeatureMap features(rows.feature_dim);
  Preparer preparer(features, false);
  PreparedBatch batch;
  Step<float> step(table, Loss::kLogistic, SimdPath::kBaseline);
  const RowOrder order{&rows, nullptr};
  MetricSums totals;
  uint64_t count = 0;
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (int64_t begin = 0; begin < rows.num_rows; begin += kBatch) {
      const int64_t end = std::min(begin + kBatch, rows.num_rows);
      batch.reserve(end - begin, order.capacity(begin, end), rows.feature_dim,
                    rows.values != nullptr, rows.weights != nullptr);
      step.reserve(rows.feature_dim, rows.values != nullptr, 1);
      preparer.start(order, begin, end, batch);
      for (int part = 0; part < Preparer::kParts; ++part) {
        preparer.prepare_part(part);
      }
      step.set_batch(batch.view());
      const OptimizerStep<float> adam = optimizer_step<float>(settings, ++count);
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        step.gather(unit);
      }
      for (uint32_t chunk = 0; chunk < step.num_chunks(); ++chunk) {
        step.score(chunk, 0);
      }
      MetricSums metrics;
      CHECK(step.collect(metrics));
      totals.add(metrics);
      CHECK(step.apply_bias(adam));
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        step.reduce(unit);
      }
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        CHECK(step.apply_reduced(adam, unit));
      }
    }
  }
  return bytes_of(table, totals);
}

}  // namespace

TEST_CASE("operations called alone equal the fused step") {
  for (const Form form : {Form::kOneHot, Form::kRealValued}) {
    for (const int num_factors : {1, 4, 8, 10, 16, 20, 32, 64, 70}) {
      CAPTURE(num_factors);
      const SmallData data(form, 1000, 40, form == Form::kRealValued);
      const RowBatch rows = data.batch();
      CHECK(train_by_operations(rows, num_factors) ==
            train_to_bytes(rows, num_factors, Loss::kLogistic, kBatch, 1, SimdPath::kBaseline));
    }
  }
}

TEST_CASE("undo restores the parameters of the batch") {
  const SmallData data(Form::kRealValued, 200, 30, false);
  const RowBatch rows = data.batch();
  Trainer<float> trainer(rows.feature_dim, 8, Loss::kLogistic, small_adam(), SimdPath::kBaseline);
  trainer.table().initialize(small_init(), 1);
  const RowOrder order{&rows, nullptr};
  MetricSums totals;
  CHECK(trainer.train(order, {0, 100}, 1, totals).not_finite == nullptr);
  std::vector<float> before;
  for (int64_t index = 0; index < rows.feature_dim; ++index) {
    const float* cells = trainer.table().entry(index);
    before.insert(before.end(), cells, cells + trainer.table().layout().half_norm() + 1);
  }
  const float bias = trainer.table().bias;
  std::vector<float> values(rows.values, rows.values + rows.row_offsets[rows.num_rows]);
  values[static_cast<size_t>(rows.row_offsets[150])] = 3e38f;
  RowBatch broken = rows;
  broken.values = values.data();
  const RowOrder broken_order{&broken, nullptr};
  const BlockResult result = trainer.train(broken_order, {100, 200}, 1, totals);
  CHECK(result.not_finite != nullptr);
  CHECK(result.num_batches == 0);
  std::vector<float> after;
  for (int64_t index = 0; index < rows.feature_dim; ++index) {
    const float* cells = trainer.table().entry(index);
    after.insert(after.end(), cells, cells + trainer.table().layout().half_norm() + 1);
  }
  CHECK(before == after);
  CHECK(bias == trainer.table().bias);
}

}  // namespace pairloom::testing
