// Factors of bfloat16: their rounding, and that trained bytes depend on neither threads,
// instruction path nor table.
#include "bfloat16.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

#include "pairloom/score.h"
#include "small_data.h"
#include "small_training.h"

namespace pairloom::testing {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kFeatures = 300;

float stored_with(float value, uint32_t random) {
  uint16_t cells[8];
  const Words8 bits = Words8{} + random;
  const Vec8<float> stored = store_bfloat16(cells, 0, broadcast(value), false, bits);
  const Vec8<float> loaded = load_bfloat16(cells, 0, false);
  CHECK(std::memcmp(&stored, &loaded, sizeof(stored)) == 0);
  return stored[5];
}

OptimizerSettings bfloat16_settings(Optimizer optimizer, bool rowwise) {
  OptimizerSettings settings = small_settings(optimizer);
  settings.rowwise_state = rowwise;
  settings.factor_type = FactorType::kBfloat16;
  settings.rounding_seed = 21;
  return settings;
}

std::unique_ptr<Trainer<float>> trained(const RowBatch& rows, const OptimizerSettings& settings,
                                        int num_factors, int threads, SimdPath path,
                                        const std::optional<Growth>& growth) {
  auto trainer = std::make_unique<Trainer<float>>(kFeatures, num_factors, Loss::kLogistic, settings,
                                                  path, growth);
  trainer->initialize(small_init(), 1);
  MetricSums metrics;
  trainer->train({&rows, nullptr}, boundaries_of(rows.num_rows, 90), threads, metrics);
  return trainer;
}

void check_equal(const Trainer<float>& one, const Trainer<float>& other) {
  const auto stride = static_cast<size_t>(one.table().layout().stride);
  for (int64_t entry = 0; entry < one.table().num_entries(); ++entry) {
    const uint32_t same = other.features().find(one.features().feature(entry));
    REQUIRE(same != kNoEntry);
    CHECK(std::memcmp(one.table().entry(entry), other.table().entry(same),
                      stride * sizeof(float)) == 0);
  }
  CHECK(one.table().bias == other.table().bias);
}

}  // namespace

TEST_CASE("values of bfloat16 stay as they are, whatever the random bits") {
  for (uint32_t half = 0; half < 0x10000; half += 7) {
    const float value = widened(static_cast<uint16_t>(half));
    for (const uint32_t random : {0u, 1u, 0x8000u, 0xFFFFu}) {
      const float stored = stored_with(value, random);
      if (std::isnan(value)) {
        CHECK(std::isnan(stored));
      } else {
        CHECK(std::memcmp(&stored, &value, sizeof(value)) == 0);
      }
    }
  }
}

TEST_CASE("NaN and infinity stay what they are, and the largest floats become infinite") {
  for (const uint32_t bits : {0x7F800001u, 0x7FFFFFFFu, 0xFF800001u, 0xFFFFFFFFu}) {
    const float value = __builtin_bit_cast(float, bits);
    CHECK(std::isnan(stored_with(value, 0xFFFF)));
    CHECK(std::isnan(stored_with(value, 0)));
    CHECK(std::isnan(widened(nearest_bfloat16(value))));
  }
  const float largest = std::numeric_limits<float>::max();
  CHECK(stored_with(kInfinity, 0xFFFF) == kInfinity);
  CHECK(stored_with(-kInfinity, 0xFFFF) == -kInfinity);
  CHECK(stored_with(-largest, 0xFFFF) == -kInfinity);
  CHECK(stored_with(largest, 0) < largest);
  CHECK(widened(nearest_bfloat16(largest)) == kInfinity);
}

TEST_CASE("a value between two of bfloat16 goes to the nearest, from the middle to the even one") {
  CHECK(widened(nearest_bfloat16(1.0f + 1.0f / 256)) == 1.0f);
  CHECK(widened(nearest_bfloat16(1.0f + 3.0f / 256)) == 1.0f + 4.0f / 256);
  CHECK(widened(nearest_bfloat16(-1.0f - 1.1f / 256)) == -1.0f - 2.0f / 256);
}

TEST_CASE("rounding is unbiased over features, factors and steps") {
  const float values[] = {0.1f, -0.0123f, 3.7e-20f, 1e-40f, 1.0f + 1.0f / 1024};
  for (const float value : values) {
    const float below = stored_with(value, 0), above = stored_with(value, 0xFFFF);
    const double share = (double{value} - below) / (double{above} - below);
    int64_t ups = 0, draws = 0;
    int64_t ups_of_lane[8] = {};
    for (uint64_t step = 1; step <= 20; ++step) {
      const uint64_t key = rounding_key(5, step);
      for (uint32_t feature = 0; feature < 1000; ++feature) {
        for (const int factor : {0, 8}) {
          uint16_t cells[16];
          const Words8 bits = rounding_bits(rounding_position(key, feature), factor, false);
          const Vec8<float> stored = store_bfloat16(cells, factor, broadcast(value), false, bits);
          for (int lane = 0; lane < 8; ++lane, ++draws) {
            ups += stored[lane] == above ? 1 : 0;
            ups_of_lane[lane] += stored[lane] == above ? 1 : 0;
          }
        }
      }
    }
    // Five standard deviations of as many independent draws.
    const auto far = [&](int64_t count, int64_t of) {
      const auto n = static_cast<double>(of);
      return std::abs(static_cast<double>(count) / n - share) >
             5.0 * std::sqrt(share * (1.0 - share) / n);
    };
    CAPTURE(value);
    CHECK_FALSE(far(ups, draws));
    for (const int64_t of_lane : ups_of_lane) {
      CHECK_FALSE(far(of_lane, draws / 8));
    }
  }
}

TEST_CASE("random bits of a factor do not depend on how many are asked for at once") {
  const uint64_t position = rounding_position(rounding_key(1, 2), 3);
  const Words8 eight = rounding_bits(position, 8, false);
  const Words8 first = rounding_bits(position, 8, true), second = rounding_bits(position, 12, true);
  for (int lane = 0; lane < 4; ++lane) {
    CHECK(eight[lane] == first[lane]);
    CHECK(eight[lane + 4] == second[lane]);
    CHECK(first[lane + 4] == 0);
  }
}

TEST_CASE("factors of bfloat16 train to the same bytes on every path, thread count and table") {
  for (const Form form : {Form::kOneHot, Form::kRealValued}) {
    const SmallData data(form, 400, kFeatures, true);
    const RowBatch rows = data.batch();
    for (const int num_factors : {3, 8, 12, 16, 40}) {
      for (const Optimizer optimizer : kOptimizers) {
        for (const bool rowwise : {false, true}) {
          if (rowwise && (optimizer == Optimizer::kFtrl || optimizer == Optimizer::kSgd)) {
            continue;
          }
          const OptimizerSettings settings = bfloat16_settings(optimizer, rowwise);
          CAPTURE(num_factors);
          CAPTURE(static_cast<int>(optimizer));
          const auto run = [&](int threads, SimdPath path, const std::optional<Growth>& growth) {
            return trained(rows, settings, num_factors, threads, path, growth);
          };
          const auto expected = run(1, SimdPath::kBaseline, Growth{kFeatures});
          CHECK(expected->table().num_entries() < kFeatures);
          check_equal(*expected, *run(3, simd_path("auto"), Growth{kFeatures}));
          check_equal(*expected, *run(2, simd_path("auto"), std::nullopt));
        }
      }
    }
  }
}

TEST_CASE("an update by nothing leaves factors and their half square norm alone") {
  const SmallData data(Form::kRealValued, 400, kFeatures, false);
  const RowBatch rows = data.batch();
  OptimizerSettings settings = bfloat16_settings(Optimizer::kAdaGrad, false);
  settings.factors.learning_rate = 0.0;
  Trainer<float> trainer(kFeatures, 8, Loss::kLogistic, settings, simd_path("auto"));
  trainer.initialize(small_init(), 1);
  const TableLayout& layout = trainer.table().layout();
  std::vector<float> before;
  for (int64_t entry = 0; entry < kFeatures; ++entry) {
    const float* cells = trainer.table().entry(entry);
    before.insert(before.end(), cells, cells + layout.factor_cells);
    before.push_back(cells[layout.half_norm()]);
  }
  MetricSums metrics;
  trainer.train({&rows, nullptr}, boundaries_of(rows.num_rows, 90), 2, metrics);
  auto expected = before.begin();
  for (int64_t entry = 0; entry < kFeatures; ++entry) {
    const float* cells = trainer.table().entry(entry);
    CHECK(std::memcmp(cells, &*expected,
                      static_cast<size_t>(layout.factor_cells) * sizeof(float)) == 0);
    expected += layout.factor_cells;
    CHECK(cells[layout.half_norm()] == *expected++);
    CHECK(cells[layout.half_norm()] == half_norm_of(cells, layout));
  }
}

TEST_CASE("tables of either type score and copy to each other what bfloat16 holds") {
  const SmallData data(Form::kRealValued, 400, kFeatures, false);
  const RowBatch rows = data.batch();
  const auto owned = trained(rows, bfloat16_settings(Optimizer::kAdam, false), 12, 1,
                             simd_path("auto"), std::nullopt);
  const Trainer<float>& trainer = *owned;
  ParameterTable<float> whole(kFeatures, make_layout(12, 0));
  whole.copy_parameters(trainer.table());
  ParameterTable<float> packed(kFeatures, make_layout(12, 0, kNoSlot, FactorType::kBfloat16));
  packed.copy_parameters(whole);
  std::vector<float> expected(static_cast<size_t>(rows.num_rows)), scores = expected;
  score_rows(whole, trainer.features(), false, rows, trainer.path(), 2, expected.data());
  score_rows(packed, trainer.features(), false, rows, trainer.path(), 2, scores.data());
  CHECK(scores == expected);
  score_rows(trainer.table(), trainer.features(), false, rows, trainer.path(), 2, scores.data());
  CHECK(scores == expected);
}

TEST_CASE("a trainer of doubles refuses factors of bfloat16") {
  CHECK_THROWS_AS(Trainer<double>(10, 4, Loss::kSquared, bfloat16_settings(Optimizer::kSgd, false),
                                  SimdPath::kBaseline),
                  std::invalid_argument);
}

}  // namespace pairloom::testing
