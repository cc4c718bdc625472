// The four operations one by one give the bytes that the fused training loop gives.
#include "pairloom/step.h"

#include <doctest/doctest.h>

#include <cmath>

#include "small_data.h"
#include "small_training.h"

namespace pairloom::testing {

namespace {

constexpr int64_t kBatch = 300;

std::vector<unsigned char> train_by_operations(const RowBatch& rows, int num_factors,
                                               Optimizer optimizer) {
  const OptimizerSettings settings = small_settings(optimizer);
  ParameterTable<float> table(rows.feature_dim, make_layout(num_factors, state_slots(optimizer)));
  table.initialize(small_init(), 1);
  start_states(optimizer_step<float>(settings, 1), table, 1);
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
      const OptimizerStep<float> step_settings = optimizer_step<float>(settings, ++count);
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        step.gather(unit);
      }
      for (uint32_t chunk = 0; chunk < step.num_chunks(); ++chunk) {
        step.score(chunk, 0);
      }
      MetricSums metrics;
      CHECK(step.collect(metrics));
      totals.add(metrics);
      CHECK(step.apply_bias(step_settings));
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        step.reduce(unit);
      }
      for (uint32_t unit = 0; unit < step.num_units(); ++unit) {
        CHECK(step.apply_reduced(step_settings, unit));
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
      for (const Optimizer optimizer : kOptimizers) {
        CHECK(train_by_operations(rows, num_factors, optimizer) ==
              train_to_bytes(rows, num_factors, Loss::kLogistic, kBatch, 1, SimdPath::kBaseline,
                             optimizer));
      }
    }
  }
}

std::vector<float> parameters_of(const ParameterTable<float>& table) {
  std::vector<float> parameters{table.bias};
  for (int64_t index = 0; index < table.num_entries(); ++index) {
    const float* cells = table.entry(index);
    parameters.insert(parameters.end(), cells, cells + table.layout().half_norm() + 1);
  }
  return parameters;
}

TEST_CASE("undo restores the parameters of the batch") {
  const SmallData data(Form::kRealValued, 200, 30, false);
  const RowBatch rows = data.batch();
  std::vector<float> values(rows.values, rows.values + rows.row_offsets[rows.num_rows]);
  values[static_cast<size_t>(rows.row_offsets[150])] = 3e38f;
  RowBatch broken = rows;
  broken.values = values.data();
  for (const Optimizer optimizer : kOptimizers) {
    CAPTURE(static_cast<int>(optimizer));
    Trainer<float> trainer(rows.feature_dim, 8, Loss::kLogistic, small_settings(optimizer),
                           SimdPath::kBaseline);
    trainer.initialize(small_init(), 1);
    MetricSums totals;
    CHECK(trainer.train({&rows, nullptr}, {0, 100}, 1, totals).not_finite == nullptr);
    const std::vector<float> before = parameters_of(trainer.table());
    const BlockResult result = trainer.train({&broken, nullptr}, {100, 200}, 1, totals);
    CHECK(result.not_finite != nullptr);
    CHECK(result.num_batches == 0);
    CHECK(before == parameters_of(trainer.table()));
    CHECK(trainer.train({&rows, nullptr}, {100, 200}, 1, totals).not_finite == nullptr);
  }
}

TEST_CASE("ftrl starts from the parameters that it was given") {
  ParameterTable<float> table(50, make_layout(8, 2));
  table.initialize(small_init(), 1);
  const auto settings = optimizer_step<float>(small_settings(Optimizer::kFtrl), 1);
  start_states(settings, table, 1);
  for (int64_t index = 0; index < 50; ++index) {
    const float* cells = table.entry(index);
    const float z = cells[table.layout().factor_state(1)];
    const float strength = settings.ftrl_beta / settings.factors.rate + settings.factors.decay;
    const float shrunk = z - std::copysign(settings.factors.l1, z);
    CHECK(-shrunk / strength == doctest::Approx(cells[0]));
  }
}

}  // namespace pairloom::testing
