// A table that grows trains, scores and ranks to the bytes of a fixed one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "pairloom/feature_index.h"
#include "pairloom/rank.h"
#include "pairloom/score.h"
#include "pairloom/serving_rows.h"
#include "small_data.h"
#include "small_training.h"

namespace pairloom::testing {

namespace {

constexpr int64_t kFeatures = 1500;
constexpr int64_t kBatch = 150;

// Trains three epochs in blocks of two mini-batches, so that entries are made in many calls.
MetricSums train_small(Trainer<float>& trainer, const RowOrder& order, int threads,
                       KeptBatches* kept = nullptr) {
  MetricSums totals;
  const auto boundaries = boundaries_of(order.rows->num_rows, kBatch);
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (size_t at = 0; at + 1 < boundaries.size(); at += 2) {
      const auto first = boundaries.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = std::min(first + 3, boundaries.end());
      const std::vector<int64_t> block(first, last);
      const BlockResult result = trainer.train(order, block, threads, totals, kept);
      REQUIRE(result.num_batches == block.size() - 1);
    }
  }
  return totals;
}

Trainer<float> new_trainer(Optimizer optimizer, const std::optional<Growth>& growth) {
  return {kFeatures, 8, Loss::kLogistic, small_settings(optimizer), simd_path("auto"), growth};
}

void check_equal_entries(const Trainer<float>& fixed, const Trainer<float>& growing) {
  const TableLayout& layout = fixed.table().layout();
  const size_t used = static_cast<size_t>(layout.factor_state(layout.state_slots));
  int64_t unseen = 0;
  for (int64_t feature = 0; feature < kFeatures; ++feature) {
    const uint32_t entry = growing.features().find(feature);
    CHECK((entry != kNoEntry) == fixed.features().trained(feature));
    if (entry == kNoEntry) {
      ++unseen;
      continue;
    }
    REQUIRE(growing.features().feature(entry) == feature);
    CHECK(std::memcmp(fixed.table().entry(feature), growing.table().entry(entry),
                      used * sizeof(float)) == 0);
  }
  CHECK(unseen > 0);
  CHECK(fixed.table().bias == growing.table().bias);
}

std::vector<float> scores_of(const Trainer<float>& trainer, const RowBatch& rows,
                             bool only_trained) {
  std::vector<float> scores(static_cast<size_t>(rows.num_rows));
  score_rows(trainer.table(), trainer.features(), only_trained, rows, trainer.path(), 2,
             scores.data());
  return scores;
}

}  // namespace

TEST_CASE("a growing table trains to the bytes of a fixed one at every thread count") {
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    const SmallData data(form, 1000, kFeatures, true);
    const RowBatch rows = data.batch();
    for (const Optimizer optimizer : kOptimizers) {
      Trainer<float> fixed = new_trainer(optimizer, std::nullopt);
      fixed.initialize(small_init(), 1);
      const MetricSums expected = train_small(fixed, {&rows, nullptr}, 1);
      for (const int threads : {1, 2, 3}) {
        CAPTURE(static_cast<int>(optimizer));
        CAPTURE(threads);
        Trainer<float> growing = new_trainer(optimizer, Growth{kFeatures});
        growing.initialize(small_init(), 1);
        const MetricSums metrics = train_small(growing, {&rows, nullptr}, threads);
        CHECK(std::memcmp(&metrics, &expected, sizeof(metrics)) == 0);
        check_equal_entries(fixed, growing);
      }
    }
  }
}

TEST_CASE("a growing table takes shuffled rows, wide ids and kept mini-batches") {
  const SmallData data(Form::kOneHot, 1000, kFeatures, false);
  RowBatch rows = data.batch();
  const std::vector<uint64_t> wide(rows.ids32, rows.ids32 + rows.row_offsets[rows.num_rows]);
  const auto shuffled = shuffled_rows(3, 1, 1000);
  for (const uint32_t* order : {static_cast<const uint32_t*>(nullptr), shuffled.data()}) {
    Trainer<float> fixed = new_trainer(Optimizer::kAdaGrad, std::nullopt);
    fixed.initialize(small_init(), 1);
    train_small(fixed, {&rows, order}, 2);
    RowBatch wide_rows = rows;
    wide_rows.ids32 = nullptr;
    wide_rows.ids64 = wide.data();
    Trainer<float> growing = new_trainer(Optimizer::kAdaGrad, Growth{kFeatures});
    growing.initialize(small_init(), 1);
    KeptBatches kept(size_t{1} << 30);
    train_small(growing, {&wide_rows, order}, 2, order == nullptr ? &kept : nullptr);
    CHECK((kept.num_bytes() > 0) == (order == nullptr));
    check_equal_entries(fixed, growing);
  }
}

TEST_CASE("a growing table scores, ranks and stores unseen features as a fixed one") {
  const SmallData few(Form::kRealValued, 60, kFeatures, false);
  const SmallData many(Form::kRealValued, 1000, kFeatures, false);
  const RowBatch trained_on = few.batch(), scored = many.batch();
  Trainer<float> fixed = new_trainer(Optimizer::kAdam, std::nullopt);
  Trainer<float> growing = new_trainer(Optimizer::kAdam, Growth{1000});
  for (Trainer<float>* trainer : {&fixed, &growing}) {
    trainer->initialize(small_init(), 1);
    train_small(*trainer, {&trained_on, nullptr}, 1);
  }
  CHECK(growing.table().num_entries() < 1000);
  RowBatch context = scored;
  context.num_rows = 1;
  std::vector<int64_t> all(static_cast<size_t>(kFeatures));
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<int64_t>(i);
  }
  const auto stride = static_cast<size_t>(make_layout(8, 0).stride);
  for (const bool only_trained : {false, true}) {
    CAPTURE(only_trained);
    CHECK(scores_of(fixed, scored, only_trained) == scores_of(growing, scored, only_trained));
    const Ranking ranking{context, scored, 20, true, fixed.path(), 2};
    const auto expected = rank_rows(fixed.table(), fixed.features(), only_trained, ranking);
    const auto found = rank_rows(growing.table(), growing.features(), only_trained, ranking);
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].candidate == expected[i].candidate);
      CHECK(found[i].score == expected[i].score);
    }
    std::vector<float> ours(all.size() * stride), theirs(all.size() * stride);
    write_serving_rows(growing.table(), growing.features(), only_trained, all.data(), all.size(),
                       ours.data());
    write_serving_rows(fixed.table(), fixed.features(), only_trained, all.data(), all.size(),
                       theirs.data());
    CHECK(ours == theirs);
  }
}

TEST_CASE("a growing table without room ends before the mini-batch that needs it") {
  const SmallData data(Form::kOneHot, 1000, kFeatures, false);
  const RowBatch rows = data.batch();
  const auto boundaries = boundaries_of(rows.num_rows, kBatch);
  for (const int threads : {1, 3}) {
    Trainer<float> whole = new_trainer(Optimizer::kAdam, Growth{kFeatures});
    Trainer<float> full = new_trainer(Optimizer::kAdam, Growth{900});
    whole.initialize(small_init(), 1);
    full.initialize(small_init(), 1);
    MetricSums metrics, expected;
    const BlockResult result = full.train({&rows, nullptr}, boundaries, threads, metrics);
    CHECK(result.no_room);
    CHECK(result.not_finite == nullptr);
    REQUIRE(result.num_batches > 0);
    REQUIRE(result.num_batches < boundaries.size() - 1);
    const auto end = boundaries.begin() + static_cast<std::ptrdiff_t>(result.num_batches) + 1;
    whole.train({&rows, nullptr}, {boundaries.begin(), end}, threads, expected);
    CHECK(std::memcmp(&metrics, &expected, sizeof(metrics)) == 0);
    CHECK(whole.table().bias == full.table().bias);
    CHECK(full.table().num_entries() == 900);
  }
}

TEST_CASE("restored parameters are those of a fixed table, of features seen since too") {
  const SmallData few(Form::kOneHot, 60, kFeatures, false);
  const SmallData many(Form::kOneHot, 1000, kFeatures, false);
  const RowBatch early = few.batch(), late = many.batch();
  Trainer<float> fixed = new_trainer(Optimizer::kFtrl, std::nullopt);
  Trainer<float> growing = new_trainer(Optimizer::kFtrl, Growth{kFeatures});
  for (Trainer<float>* trainer : {&fixed, &growing}) {
    trainer->initialize(small_init(), 1);
    train_small(*trainer, {&early, nullptr}, 1);
    ParameterTable<float> snapshot(trainer->table().num_entries(), make_layout(8, 0));
    snapshot.copy_parameters(trainer->table());
    train_small(*trainer, {&late, nullptr}, 1);
    trainer->restore_parameters(snapshot);
  }
  check_equal_entries(fixed, growing);
  Trainer<float> twin = new_trainer(Optimizer::kFtrl, Growth{kFeatures});
  twin.copy_state(growing);
  check_equal_entries(fixed, twin);
}

TEST_CASE("an index numbers features by first appearance") {
  FeatureIndex index({100'000});
  std::map<uint32_t, uint32_t> expected;
  for (uint64_t round = 0; round < 200; ++round) {
    std::vector<uint32_t> ids(1000);
    for (size_t i = 0; i < ids.size(); ++i) {
      const uint32_t bits = philox(5, RandomStream::kShuffle, round, static_cast<uint32_t>(i))[0];
      // Some near each other, some from all of the range, the ends among them.
      ids[i] = i % 3 == 0   ? bits % 5000
               : i % 3 == 1 ? std::numeric_limits<uint32_t>::max() - bits % 5000
                            : (bits % 20'000) << 16;
    }
    std::vector<uint32_t> entries = ids;
    REQUIRE(index.take_in(entries.data(), entries.size()));
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto number = static_cast<uint32_t>(expected.size());
      const uint32_t wanted = expected.try_emplace(ids[i], number).first->second;
      REQUIRE(entries[i] == wanted);
      REQUIRE(index.feature(wanted) == ids[i]);
    }
  }
  CHECK(index.size() == static_cast<int64_t>(expected.size()));
  CHECK(index.find(123'456'789) == kNoEntry);
}

TEST_CASE("an index gives an entry to a feature that was held often enough") {
  constexpr uint32_t kCount = 3;
  FeatureIndex index({100'000, kCount, 4});
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::map<uint32_t, uint32_t> times;
    for (uint64_t round = 0; round < 100; ++round) {
      std::vector<uint32_t> ids(500);
      for (size_t i = 0; i < ids.size(); ++i) {
        ids[i] = philox(6, RandomStream::kShuffle, round, static_cast<uint32_t>(i))[0] % 40'000;
      }
      std::vector<uint32_t> entries = ids;
      REQUIRE(index.count_in(entries.data(), entries.size()));
      for (size_t i = 0; i < ids.size(); ++i) {
        const bool admitted = ++times[ids[i]] >= kCount;
        REQUIRE((admitted ? entries[i] != kNoEntry : epoch == 1 || entries[i] == kNoEntry));
        REQUIRE((entries[i] == kNoEntry || index.feature(entries[i]) == ids[i]));
      }
    }
    std::vector<WaitingFeature> waiting = index.waiting();
    size_t at = 0;
    for (const auto& [feature, count] : times) {
      CHECK((index.find(feature) != kNoEntry) == (count >= kCount));
      if (count < kCount) {
        REQUIRE(at < waiting.size());
        CHECK(waiting[at].feature == feature);
        CHECK(waiting[at++].count == count);
      }
    }
    CHECK(at == waiting.size());
    CHECK(static_cast<size_t>(index.num_waiting()) == waiting.size());
    CHECK(static_cast<size_t>(index.size()) + waiting.size() == times.size());
    FeatureIndex twin({100'000, kCount, 4});
    for (const WaitingFeature& feature : waiting) {
      CHECK(twin.add_waiting(feature));
      CHECK_FALSE(twin.add_waiting(feature));
    }
    CHECK(twin.waiting().size() == waiting.size());
    const int64_t before = index.size();
    index.forget_waiting();
    CHECK(index.num_waiting() == 0);
    CHECK(index.size() == before);
    CHECK(index.find(waiting[0].feature) == kNoEntry);
  }
}

TEST_CASE("features that wait take room, and none gets an entry without") {
  FeatureIndex index({10, 2, 4});
  std::vector<uint32_t> ids(40);
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<uint32_t>(7 * i);
  }
  std::vector<uint32_t> entries = ids;
  CHECK_FALSE(index.count_in(entries.data(), 40));
  CHECK(index.num_waiting() == 37);  // which take all ten places, the last for the first of four
  entries = ids;
  CHECK(index.count_in(entries.data(), 1));
  CHECK_FALSE(index.count_in(entries.data() + 1, 1));
  CHECK(index.size() == 1);
  CHECK(index.num_waiting() == 36);
  CHECK_FALSE(index.add_waiting({500, 1}));
}

TEST_CASE("damaged buckets lead to some entry or none, and not astray") {
  const std::vector<uint64_t> full(16, 0x0000000500000007u), far(16, ~uint64_t{0});
  for (const auto& buckets : {full, far}) {
    const FeatureBuckets borrowed{buckets.data(), buckets.size()};
    CHECK(borrowed.find(9) == kNoEntry);
  }
  CHECK(FeatureBuckets{full.data(), full.size()}.find(5) == 6);
  const uint64_t trained[] = {~uint64_t{0}};
  const StoredFeatures features{100, trained, nullptr, 3, {full.data(), full.size()}};
  CHECK(features.entry(5) == 3);
  CHECK(features.trained_entry(5) == 3);
  CHECK(features.entry(9) == 3);
}

}  // namespace pairloom::testing
