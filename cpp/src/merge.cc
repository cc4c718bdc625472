#include "pairloom/merge.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "runs.h"

namespace pairloom {

namespace {

constexpr size_t kPrefetchEntries = 16;  // of each worker

// How far parameters come, of 1, while their squared gradients, whose roots were `root`, grow from
// `before` by `growth`. The difference of the roots is a quotient here, which keeps its digits;
// FTRL's beta, which damps steps, is counted at both ends.
template <class T, class V>
PAIRLOOM_INLINE V share_of_way(T stiffness, T damping, V root, V before, V growth) {
  const V path = stiffness * growth;  // times the sum of both roots and the damping
  const V whole = root_of<T>(before + growth) + root + damping + path;
  return whole > T(0) ? path / whole : V{};
}

template <class T>
void merge_by_way(const MergeSettings<T>& settings, const GroupStep<T>& group, size_t size,
                  const Run<const T>& start, std::span<const RunVersion<T>> versions,
                  const Run<T>& merged) {
  const OptimizerStep<T>& step = settings.step;
  const T rounds = T(settings.rounds_alone), stiffness = T(kStiffness) * group.rate;
  const T damping = step.optimizer == Optimizer::kFtrl ? T(2) * step.ftrl_beta : T(0);
  for_each_block<T>(size, [&]<class V>(V, size_t i) {
    const V from = unpulled<V>(step, group, start, i);
    const V squares = load_as<V>(start.states + i), root = root_of<T>(squares);
    V change{}, growth{}, ways{};
    for (const RunVersion<T>& version : versions) {
      const V grown = load_as<V>(version.run.states + i) - squares;
      change += unpulled<V>(step, group, version.run, i) - from;
      growth += grown;
      ways += share_of_way<T, V>(stiffness, damping, root, squares, rounds * grown);
    }
    const V way = share_of_way<T, V>(stiffness, damping, root, squares, rounds * growth);
    const V scale = ways > T(0) ? way / ways : V{} + T(1);
    store_as<V>(merged.states + i, squares + scale * growth);
    place_unpulled<V>(step, group, from + scale * change, merged, i);
  });
}

template <class T>
void merge_shares(size_t num_workers, const RunShape& shape, const Run<const T>& start,
                  std::span<const RunVersion<T>> versions, const Run<T>& merged) {
  uint64_t touches = 0;
  for (const RunVersion<T>& version : versions) {
    touches += version.touches;
  }
  const T per_touch = T(1) / T(std::max<uint64_t>(touches, 1)), share = T(1) / T(num_workers);
  for_each_block<T>(shape.size, [&]<class V>(V, size_t i) {
    const V from = load_as<V>(start.values + i);
    V value = from;
    for (const RunVersion<T>& version : versions) {
      value += share * (load_as<V>(version.run.values + i) - from);
    }
    store_as<V>(merged.values + i, value);
    for (size_t slot = 0; slot < shape.state_slots; ++slot) {
      const V before = load_as<V>(start.slot(slot) + i);
      V state = before;
      for (const RunVersion<T>& version : versions) {
        const T counted = T(version.touches) * per_touch;
        state += counted * (load_as<V>(version.run.slot(slot) + i) - before);
      }
      store_as<V>(merged.slot(slot) + i, state);
    }
  });
}

template <class T>
void copy_run(const RunShape& shape, const Run<const T>& from, const Run<T>& to) {
  std::copy_n(from.values, shape.size, to.values);
  for (size_t slot = 0; slot < shape.state_slots; ++slot) {
    std::copy_n(from.slot(slot), shape.size, to.slot(slot));
  }
}

// Whether so many versions are one that the merge takes as it is.
template <class T>
bool stays(const MergeSettings<T>& settings, size_t num_versions) {
  return num_versions == 1 &&
         (settings.num_workers == 1 || !merges_shares(settings.step.optimizer));
}

// All workers' features in order, and those of one feature in the workers' order: a heap of where
// each worker's next one stands.
template <class T>
class NextFeatures {
 public:
  explicit NextFeatures(std::span<const EntryVersions<T>> workers) : workers_(workers) {
    for (size_t worker = 0; worker < workers.size(); ++worker) {
      num_rows_ += workers[worker].features.size();
      if (!workers[worker].features.empty()) {
        heap_.push_back({workers[worker].features[0], worker, 0});
      }
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  size_t num_rows() const { return num_rows_; }
  bool empty() const { return heap_.empty(); }
  int64_t feature() const { return heap_[0].feature; }
  size_t row() const { return heap_[0].row; }
  const EntryVersions<T>& worker() const { return workers_[heap_[0].worker]; }

  void advance() {
    Next& first = heap_[0];
    if (++first.row == worker().features.size()) {
      first = heap_.back();
      heap_.pop_back();
    } else {
      first.feature = worker().features[first.row];
    }
    sink_first();
  }

 private:
  struct Next {
    int64_t feature;
    size_t worker;
    size_t row;
    bool operator>(const Next& other) const {
      return feature != other.feature ? feature > other.feature : worker > other.worker;
    }
  };

  void sink_first() {
    const size_t size = heap_.size();
    for (size_t place = 0, child = 1; child < size; place = child, child = 2 * place + 1) {
      if (child + 1 < size && heap_[child] > heap_[child + 1]) {
        ++child;
      }
      if (!(heap_[place] > heap_[child])) {
        return;
      }
      std::swap(heap_[place], heap_[child]);
    }
  }

  std::span<const EntryVersions<T>> workers_;
  std::vector<Next> heap_;
  size_t num_rows_ = 0;
};

template <class T>
void fetch_ahead(const ParameterTable<T>& table, std::span<const int64_t> entries, size_t row) {
  constexpr int kCacheLineValues = 64 / sizeof(T);
  const T* const ahead = table.entry(entries[std::min(row + kPrefetchEntries, entries.size() - 1)]);
  for (int first = 0; first < table.layout().stride; first += kCacheLineValues) {
    __builtin_prefetch(ahead + first);
  }
}

// Memory is taken only as it is filled.
template <class T>
MergedEntries<T> room_for(size_t num_entries, size_t factors, size_t slots, bool counted) {
  MergedEntries<T> merged;
  if (counted) {
    merged.touches.reserve(num_entries);
  }
  merged.features.reserve(num_entries);
  merged.linear.reserve(num_entries);
  merged.factors.reserve(num_entries * factors);
  merged.state.reserve(num_entries * (1 + factors) * slots);
  return merged;
}

template <class T>
EntryRuns<const T> runs_of_entry(const TableLayout& layout, const T* cells) {
  return {{cells + layout.linear(), cells + layout.linear_state(0), 1},
          {cells, cells + layout.factor_state(0), static_cast<size_t>(layout.padded_factors)}};
}

// Versions of one entry.
template <class T>
struct Versions {
  std::vector<RunVersion<T>> linear, factors;

  void clear() {
    linear.clear();
    factors.clear();
  }
  void push_back(const EntryRuns<const T>& runs, uint32_t touches) {
    linear.push_back({runs.linear, touches});
    factors.push_back({runs.factors, touches});
  }
};

}  // namespace

bool merges_shares(Optimizer optimizer) {
  return optimizer == Optimizer::kAdam || optimizer == Optimizer::kSgd;
}

bool counts_touches(Optimizer optimizer) { return optimizer == Optimizer::kAdam; }

template <class T>
void merge_run(const MergeSettings<T>& settings, const GroupStep<T>& group, const RunShape& shape,
               const Run<const T>& start, std::span<const RunVersion<T>> versions,
               const Run<T>& merged) {
  if (stays(settings, versions.size())) {
    copy_run(shape, versions[0].run, merged);
  } else if (merges_shares(settings.step.optimizer)) {
    merge_shares(settings.num_workers, shape, start, versions, merged);
  } else if (group.rate == T(0)) {
    copy_run(shape, start, merged);  // it has learned nothing
  } else {
    merge_by_way(settings, group, shape.size, start, versions, merged);
  }
}

template <class T>
MergedEntries<T> merge_entries(const MergeSettings<T>& settings, const ParameterTable<T>& table,
                               std::span<const EntryVersions<T>> workers) {
  const auto factors = static_cast<size_t>(table.layout().num_factors);
  const auto slots = static_cast<size_t>(table.layout().state_slots);
  Versions<T> versions;
  NextFeatures<T> next(workers);
  const bool counted = counts_touches(settings.step.optimizer);
  MergedEntries<T> merged = room_for<T>(next.num_rows(), factors, slots, counted);
  while (!next.empty()) {
    const int64_t feature = next.feature();
    const T* const cells = table.entry(next.worker().entries[next.row()]);
    versions.clear();
    uint32_t touches = 0;
    for (; !next.empty() && next.feature() == feature; next.advance()) {
      const EntryVersions<T>& from = next.worker();
      fetch_ahead(table, from.entries, next.row());
      const uint32_t held = counted ? from.touches[next.row()] : 1;
      versions.push_back(runs_of_row(from.rows, next.row(), factors, slots), held);
      touches += held;
    }
    merged.features.push_back(feature);
    if (counted) {
      merged.touches.push_back(touches);
    }
    const EntryRows<T> row{merged.linear.extend(1), merged.factors.extend(factors),
                           merged.state.extend(slots * (1 + factors))};
    const EntryRuns<T> to = runs_of_row(row, 0, factors, slots);
    const EntryRuns<const T> start = runs_of_entry(table.layout(), cells);
    merge_run<T>(settings, settings.step.linear, {1, slots}, start.linear, versions.linear,
                 to.linear);
    merge_run<T>(settings, settings.step.factors, {factors, slots}, start.factors, versions.factors,
                 to.factors);
  }
  return merged;
}

template void merge_run(const MergeSettings<float>&, const GroupStep<float>&, const RunShape&,
                        const Run<const float>&, std::span<const RunVersion<float>>,
                        const Run<float>&);
template MergedEntries<float> merge_entries(const MergeSettings<float>&,
                                            const ParameterTable<float>&,
                                            std::span<const EntryVersions<float>>);

}  // namespace pairloom
