// A short training run for tests.
#pragma once

#include <cstring>
#include <vector>

#include "pairloom/trainer.h"

namespace pairloom::testing {

inline constexpr Optimizer kOptimizers[] = {Optimizer::kAdam, Optimizer::kAdaGrad, Optimizer::kFtrl,
                                            Optimizer::kSgd};

inline OptimizerSettings small_settings(Optimizer optimizer = Optimizer::kAdam) {
  OptimizerSettings settings;
  settings.optimizer = optimizer;
  settings.bias = {0.05, 0.001};
  settings.linear = {0.02, 0.001, 0.001};
  settings.factors = {0.02, 0.0001, 0.0001};
  settings.rescale_grad = 1.0 / 96;
  return settings;
}

inline TableInit small_init() {
  TableInit init;
  init.bias = init.linear = {InitMethod::kNormal, 0.01};
  init.factors = {InitMethod::kNormal, 0.1};
  init.seed = 11;
  return init;
}

inline std::vector<int64_t> boundaries_of(int64_t num_rows, int64_t mini_batch_size) {
  std::vector<int64_t> boundaries;
  for (int64_t row = 0; row < num_rows; row += mini_batch_size) {
    boundaries.push_back(row);
  }
  boundaries.push_back(num_rows);
  return boundaries;
}

// Bytes of the bias, every entry with its optimizer state, and the metrics.
inline std::vector<unsigned char> bytes_of(const ParameterTable<float>& table,
                                           const MetricSums& metrics) {
  const size_t cells = static_cast<size_t>(table.num_entries() * table.layout().stride);
  std::vector<unsigned char> bytes(sizeof(float) * (cells + 1) + sizeof(metrics));
  std::memcpy(bytes.data(), table.cells(), sizeof(float) * cells);
  std::memcpy(bytes.data() + sizeof(float) * cells, &table.bias, sizeof(float));
  std::memcpy(bytes.data() + sizeof(float) * (cells + 1), &metrics, sizeof(metrics));
  return bytes;
}

inline std::vector<unsigned char> train_to_bytes(const RowBatch& rows, int num_factors, Loss loss,
                                                 int64_t mini_batch_size, int num_threads,
                                                 SimdPath path,
                                                 Optimizer optimizer = Optimizer::kAdam,
                                                 FactorType factor_type = FactorType::kWhole) {
  OptimizerSettings settings = small_settings(optimizer);
  settings.factor_type = factor_type;
  Trainer<float> trainer(rows.feature_dim, num_factors, loss, settings, path);
  trainer.initialize(small_init(), num_threads);
  MetricSums metrics;
  const RowOrder order{&rows, nullptr};
  for (int epoch = 0; epoch < 3; ++epoch) {
    trainer.train(order, boundaries_of(rows.num_rows, mini_batch_size), num_threads, metrics);
  }
  return bytes_of(trainer.table(), metrics);
}

}  // namespace pairloom::testing
