#include "pairloom/trainer.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "pairloom/merge.h"
#include "pairloom/thread_pool.h"

namespace pairloom {

namespace {

template <class T>
ParameterTable<T> new_table(int64_t feature_dim, const std::optional<Growth>& growth,
                            TableLayout layout) {
  return growth ? ParameterTable<T>::growing(growth->most_entries, layout)
                : ParameterTable<T>(feature_dim, layout);
}

}  // namespace

// One block's work, shared by its threads. A mini-batch has three phases: gather, score, apply.
// Each deals its units from a counter, and all threads meet at its end. While batch b goes through
// them, batch b + 1 is prepared in three parts, one per phase, by whoever comes first.
template <class T>
struct Trainer<T>::Block {
  struct alignas(64) Phase {
    std::atomic<uint32_t> next_unit{0};
    std::atomic<bool> preparing{false};
  };

  size_t num_batches() const { return boundaries.size() - 1; }
  size_t batch() const { return result.num_batches; }  // the current one

  const RowOrder& rows;
  const std::vector<int64_t>& boundaries;
  MetricSums& totals;
  KeptBatches* kept;
  const BatchView* views[2] = {};  // of the even and of the odd mini-batch
  Phase phases[Preparer::kParts] = {};
  OptimizerStep<T> settings{};
  std::atomic<bool> update_finite{true};
  bool next_fits =
      true;  // of the mini-batch in preparation; changed between meetings by one thread
  MetricSums batch_metrics{};
  BlockResult result{};  // changed in meetings only
};

template <class T>
Trainer<T>::Trainer(int64_t feature_dim, int num_factors, Loss loss,
                    const OptimizerSettings& optimizer, SimdPath path,
                    const std::optional<Growth>& growth)
    : loss_(loss),
      optimizer_(optimizer),
      path_(path),
      table_(new_table<T>(feature_dim, growth, layout_of(optimizer, num_factors))),
      features_(growth ? FeatureMap::growing(feature_dim, *growth) : FeatureMap(feature_dim)),
      preparer_(features_, !optimizer.lazy_update),
      step_(table_, loss, path, features_.entry_features()) {
  if (std::is_same_v<T, double> && optimizer.factor_type != FactorType::kWhole) {
    throw std::invalid_argument("factors of bfloat16 are rounded from float32");
  }
  if (optimizer.rowwise_state && optimizer.optimizer != Optimizer::kAdam &&
      optimizer.optimizer != Optimizer::kAdaGrad) {
    throw std::invalid_argument("row-wise state is adam's or adagrad's");
  }
  if (growth && !optimizer.lazy_update) {
    throw std::invalid_argument("a table that grows needs lazy_update");
  }
}

template <class T>
void Trainer<T>::reserve(const RowOrder& rows, const std::vector<int64_t>& boundaries,
                         int num_threads) {
  int64_t most_rows = 0, most_nonzeros = 0;
  for (size_t batch = 0; batch + 1 < boundaries.size(); ++batch) {
    const int64_t begin = boundaries[batch], end = boundaries[batch + 1];
    most_rows = std::max(most_rows, end - begin);
    most_nonzeros = std::max(most_nonzeros, rows.capacity(begin, end));
  }
  constexpr int64_t kMostNonzeros = int64_t{1} << 31;
  if (most_nonzeros >= kMostNonzeros) {
    throw std::invalid_argument("a mini-batch may hold fewer than 2^31 nonzeros, but one holds " +
                                std::to_string(most_nonzeros) + "; lower mini_batch_size");
  }
  const int64_t most_slots =
      optimizer_.lazy_update ? std::min(most_nonzeros, table_.capacity()) : table_.capacity();
  const bool valued = rows.rows->values != nullptr, weighted = rows.rows->weights != nullptr;
  for (PreparedBatch& batch : prepared_) {
    batch.reserve(most_rows, most_nonzeros, most_slots, valued, weighted);
  }
  step_.reserve(most_slots, valued, num_threads);
}

// Threads pay off from some tens of microseconds of work per mini-batch on.
template <class T>
int Trainer<T>::useful_threads(const RowOrder& rows, const std::vector<int64_t>& boundaries,
                               int num_threads) const {
  constexpr double kNanosecondsPerThread = 10'000;
  const auto batches = static_cast<double>(boundaries.size() - 1);
  const auto nonzeros = static_cast<double>(rows.capacity(boundaries.front(), boundaries.back()));
  const double per_nonzero = 4.0 + 0.4 * table_.layout().padded_factors;
  const double threads = nonzeros / batches * per_nonzero / kNanosecondsPerThread;
  return std::max(1, static_cast<int>(std::min<double>(threads, num_threads)));
}

template <class T>
BlockResult Trainer<T>::train(const RowOrder& rows, const std::vector<int64_t>& boundaries,
                              int num_threads, MetricSums& totals, KeptBatches* kept) {
  if (boundaries.size() < 2) {
    return {};
  }
  const int threads = useful_threads(rows, boundaries, num_threads);
  reserve(rows, boundaries, threads);
  Block block{rows, boundaries, totals, kept};
  for (int part = 0; part < Preparer::kParts; ++part) {
    prepare(block, 0, part);
  }
  if (!block.next_fits) {
    block.result.no_room = true;
    return block.result;
  }
  begin_batch(block);
  run_team(threads, [&](const TeamMember& member) { work(block, member); });
  return block.result;
}

template <class T>
void Trainer<T>::prepare(Block& block, size_t batch, int part) {
  const int64_t begin = block.boundaries[batch], end = block.boundaries[batch + 1];
  const size_t place = batch % 2;
  PreparedBatch& prepared = prepared_[place];
  if (part == 0) {
    const BatchView* const found = block.kept == nullptr ? nullptr : block.kept->find(begin, end);
    block.views[place] = found == nullptr ? &prepared.view() : found;
    if (found == nullptr) {
      preparer_.start(block.rows, begin, end, prepared);
    }
  }
  if (block.views[place] != &prepared.view() || !block.next_fits) {
    return;
  }
  block.next_fits = prepare_part(part);
  if (block.next_fits && part == Preparer::kParts - 1 && block.kept != nullptr) {
    block.kept->keep(begin, prepared.view());
  }
}

// Memory may give out here alone, in a thread that others will wait for.
template <class T>
bool Trainer<T>::prepare_part(int part) {
  if (!features_.grows()) {
    return preparer_.prepare_part(part);
  }
  try {
    const bool fits = preparer_.prepare_part(part);
    make_entries();
    return fits;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

template <class T>
void Trainer<T>::note_touches() {
  touches_.emplace(features_, counts_touches(optimizer_.optimizer));
}

// Makes the entries of features that have none yet.
template <class T>
void Trainer<T>::make_entries() {
  const int64_t before = table_.num_entries();
  if (features_.num_entries() == before) {
    return;
  }
  if (touches_) {
    touches_->grow(features_.num_entries());
  }
  table_.grow(features_.num_entries());
  const auto settings = optimizer_step<T>(optimizer_, 1);
  for (int64_t index = before; index < table_.num_entries(); ++index) {
    table_.draw(index, features_.feature(index));
    start_entry_states(settings, table_, index);
  }
}

template <class T>
bool Trainer<T>::add_features(std::vector<uint32_t> features) {
  const bool fits = features_.take_in(features.data(), features.size());
  make_entries();
  return fits;
}

template <class T>
FeatureEntries Trainer<T>::take_in(std::span<const int64_t> features) {
  if (!features_.grows()) {
    return FeatureEntries(features);
  }
  std::vector<uint32_t> ids(features.begin(), features.end());
  const bool fits = features_.take_in(ids.data(), ids.size());
  make_entries();
  if (!fits) {
    throw std::bad_alloc();
  }
  return FeatureEntries(std::vector<int64_t>(ids.begin(), ids.end()));
}

template <class T>
void Trainer<T>::begin_batch(Block& block) {
  step_.set_batch(*block.views[block.batch() % 2]);
  block.settings = optimizer_step<T>(optimizer_, step_count_ + 1);
}

// Work on one phase until its units are dealt. The last to arrive at its end runs `at_end`.
template <class T>
template <class Unit, class AtEnd>
void Trainer<T>::run_phase(Block& block, const TeamMember& member, int phase, uint32_t num_units,
                           Unit&& unit, AtEnd&& at_end) {
  typename Block::Phase& counters = block.phases[phase];
  if (block.batch() + 1 < block.num_batches() &&
      !counters.preparing.exchange(true, std::memory_order_relaxed)) {
    prepare(block, block.batch() + 1, phase);
  }
  for (uint32_t next;
       (next = counters.next_unit.fetch_add(1, std::memory_order_relaxed)) < num_units;) {
    unit(next);
  }
  member.barrier.meet([&] {
    // Nobody is in the phase before this one: its counters can start anew.
    typename Block::Phase& previous = block.phases[(phase + 2) % 3];
    previous.next_unit.store(0, std::memory_order_relaxed);
    previous.preparing.store(false, std::memory_order_relaxed);
    at_end();
  });
}

template <class T>
void Trainer<T>::work(Block& block, const TeamMember& member) {
  while (block.batch() < block.num_batches() && block.result.not_finite == nullptr &&
         !block.result.no_room) {
    run_phase(
        block, member, 0, step_.num_units(), [&](uint32_t unit) { step_.gather(unit); }, [] {});
    run_phase(
        block, member, 1, step_.num_chunks(),
        [&](uint32_t chunk) { step_.score(chunk, member.index); },
        [&] {
          if (!step_.collect(block.batch_metrics)) {
            step_.undo(block.settings);
            block.result.not_finite = "a score or its loss derivative";
          } else if (!step_.apply_bias(block.settings)) {
            step_.undo(block.settings);
            block.result.not_finite = "the bias or its gradient";
          }
        });
    if (block.result.not_finite != nullptr) {
      return;
    }
    run_phase(
        block, member, 2, step_.num_units(),
        [&](uint32_t unit) {
          if (!step_.apply(block.settings, unit)) {
            block.update_finite.store(false, std::memory_order_relaxed);
          }
        },
        [&] { finish_batch(block); });
  }
}

template <class T>
void Trainer<T>::finish_batch(Block& block) {
  if (!block.update_finite.load(std::memory_order_relaxed)) {
    step_.undo(block.settings);
    block.result.not_finite = "an updated parameter or its gradient";
    return;
  }
  if (touches_) {
    touches_->note(*block.views[block.batch() % 2]);
  }
  block.totals.add(block.batch_metrics);
  block.result.last_batch = block.batch_metrics;
  ++step_count_;
  ++block.result.num_batches;
  if (!block.next_fits) {
    block.result.no_room = true;
  } else if (block.batch() < block.num_batches()) {
    begin_batch(block);
  }
}

template <class T>
void Trainer<T>::initialize(const TableInit& init, int num_threads) {
  table_.initialize(init, num_threads, [&](int64_t index) { return features_.feature(index); });
  start_states(num_threads);
}

template <class T>
void Trainer<T>::start_states(int num_threads) {
  pairloom::start_states(optimizer_step<T>(optimizer_, 1), table_, num_threads);
}

template <class T>
void Trainer<T>::restore_parameters(const ParameterTable<T>& snapshot) {
  table_.copy_parameters(snapshot);
  for (int64_t index = snapshot.num_entries(); index < table_.num_entries(); ++index) {
    table_.draw(index, features_.feature(index));
  }
  mend_states();
}

template <class T>
void Trainer<T>::mend_states() {
  const auto settings = optimizer_step<T>(optimizer_, 1);
  mend_bias_state(settings, table_);
  for (int64_t index = 0; index < table_.num_entries(); ++index) {
    mend_entry_states(settings, table_, index);
  }
}

template <class T>
void Trainer<T>::set_learning_rates(const OptimizerSettings& settings) {
  optimizer_.bias.learning_rate = settings.bias.learning_rate;
  optimizer_.linear.learning_rate = settings.linear.learning_rate;
  optimizer_.factors.learning_rate = settings.factors.learning_rate;
  mend_states();
}

template <class T>
void Trainer<T>::copy_state(const Trainer& other) {
  if (other.optimizer_.optimizer != optimizer_.optimizer ||
      other.optimizer_.rowwise_state != optimizer_.rowwise_state) {
    throw std::invalid_argument("the state of one optimizer is none of another");
  }
  if (features_.grows()) {
    std::vector<uint32_t> features;
    for (int64_t index = 0; index < other.table_.num_entries(); ++index) {
      features.push_back(static_cast<uint32_t>(other.features_.feature(index)));
    }
    if (!add_features(std::move(features))) {
      throw std::bad_alloc();
    }
  }
  table_.copy_cells(other.table_);
  for (int64_t index = 0; index < table_.num_entries(); ++index) {
    if (other.features_.trained(index)) {
      features_.mark_trained(index);
    }
  }
  step_count_ = other.step_count_;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace pairloom
