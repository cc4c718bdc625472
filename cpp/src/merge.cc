#include "pairloom/merge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "entry_line.h"

namespace pairloom {

namespace {

constexpr size_t kPrefetchEntries = 16;  // of each worker

// How far a parameter comes, of 1, while its squared gradients grow from `before` by `growth`. The
// difference of the roots is a quotient here, which keeps its digits.
template <class T>
T share_of_way(T stiffness, T before, T growth) {
  const T roots = std::sqrt(before + growth) + std::sqrt(before);
  const T path = roots > T(0) ? stiffness * growth / roots : T(0);
  return path / (T(1) + path);
}

template <class T>
void merge_by_way(const MergeSettings<T>& settings, const LineShape<T>& shape, const T* start,
                  std::span<const Line<const T>> versions, T* merged) {
  const OptimizerStep<T>& step = settings.step;
  const T rounds = T(settings.rounds_alone);
  const size_t size = shape.size;
  const T* const squares = start + size;
  std::copy_n(start, shape.num_values(), merged);
  for (size_t i = 0; i < size; ++i) {
    const GroupStep<T>& group = i == 0 ? shape.first : shape.others;
    if (group.rate == T(0)) {
      continue;  // it has learned nothing
    }
    const T stiffness = T(kStiffness) * group.rate;
    const T from = unpulled(step, group, start, size, i);
    T change = 0, growth = 0, ways = 0;
    for (const Line<const T>& version : versions) {
      const T grown = version.values[size + i] - squares[i];
      change += unpulled(step, group, version.values, size, i) - from;
      growth += grown;
      ways += share_of_way(stiffness, squares[i], rounds * grown);
    }
    const T way = share_of_way(stiffness, squares[i], rounds * growth);
    const T scale = ways > T(0) ? way / ways : T(1);
    merged[size + i] = squares[i] + scale * growth;
    place_unpulled(step, group, from + scale * change, merged, size, i);
  }
}

template <class T>
void merge_shares(size_t num_workers, const LineShape<T>& shape, const T* start,
                  std::span<const Line<const T>> versions, T* merged) {
  uint64_t touches = 0;
  for (const Line<const T>& version : versions) {
    touches += version.touches;
  }
  std::copy_n(start, shape.num_values(), merged);
  const T share = T(1) / T(num_workers);
  for (const Line<const T>& version : versions) {
    const T counted = T(version.touches) / T(std::max<uint64_t>(touches, 1));
    for (size_t i = 0; i < shape.num_values(); ++i) {
      merged[i] += (i < shape.size ? share : counted) * (version.values[i] - start[i]);
    }
  }
}

// Whether so many versions are one that the merge takes as it is.
template <class T>
bool stays(const MergeSettings<T>& settings, size_t num_versions) {
  return num_versions == 1 &&
         (settings.num_workers == 1 || !merges_shares(settings.step.optimizer));
}

template <class T>
void append_line(const T* line, const LineShape<T>& shape, MergedEntries<T>& merged) {
  merged.linear.push_back(line[0]);
  copy_values(line + 1, shape.size - 1, merged.factors.extend(shape.size - 1));
  const size_t states = shape.size * shape.state_slots;
  copy_values(line + shape.size, states, merged.state.extend(states));
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
MergedEntries<T> room_for(size_t num_entries, const LineShape<T>& shape) {
  MergedEntries<T> merged;
  merged.features.reserve(num_entries);
  merged.touches.reserve(num_entries);
  merged.linear.reserve(num_entries);
  merged.factors.reserve(num_entries * (shape.size - 1));
  merged.state.reserve(num_entries * shape.size * shape.state_slots);
  return merged;
}

}  // namespace

bool merges_shares(Optimizer optimizer) {
  return optimizer == Optimizer::kAdam || optimizer == Optimizer::kSgd;
}

template <class T>
void merge_line(const MergeSettings<T>& settings, const LineShape<T>& shape, const T* start,
                std::span<const Line<const T>> versions, T* merged) {
  if (stays(settings, versions.size())) {
    std::copy_n(versions[0].values, shape.num_values(), merged);
  } else if (merges_shares(settings.step.optimizer)) {
    merge_shares(settings.num_workers, shape, start, versions, merged);
  } else {
    merge_by_way(settings, shape, start, versions, merged);
  }
}

template <class T>
MergedEntries<T> merge_entries(const MergeSettings<T>& settings, const ParameterTable<T>& table,
                               std::span<const EntryVersions<T>> workers) {
  const auto factors = static_cast<size_t>(table.layout().num_factors);
  const LineShape<T> shape{1 + factors, static_cast<size_t>(table.layout().state_slots),
                           settings.step.linear, settings.step.factors};
  std::vector<T> values(shape.num_values() * (2 + workers.size()));
  T* const merged_line = values.data();
  T* const start = merged_line + shape.num_values();
  std::vector<Line<const T>> versions;
  NextFeatures<T> next(workers);
  MergedEntries<T> merged = room_for<T>(next.num_rows(), shape);
  while (!next.empty()) {
    const int64_t feature = next.feature();
    const int64_t entry = next.worker().entries[next.row()];
    versions.clear();
    uint32_t touches = 0;
    for (; !next.empty() && next.feature() == feature; next.advance()) {
      const EntryVersions<T>& from = next.worker();
      fetch_ahead(table, from.entries, next.row());
      T* const line = start + shape.num_values() * (1 + versions.size());
      copy_line(from.rows, next.row(), shape, line);
      versions.push_back({line, from.touches[next.row()]});
      touches += from.touches[next.row()];
    }
    if (!stays(settings, versions.size())) {
      read_entries<T>(table, {&entry, 1}, {start, start + 1, start + shape.size});
    }
    merge_line<T>(settings, shape, start, versions, merged_line);
    merged.features.push_back(feature);
    merged.touches.push_back(touches);
    append_line(merged_line, shape, merged);
  }
  return merged;
}

template void merge_line(const MergeSettings<float>&, const LineShape<float>&, const float*,
                         std::span<const Line<const float>>, float*);
template MergedEntries<float> merge_entries(const MergeSettings<float>&,
                                            const ParameterTable<float>&,
                                            std::span<const EntryVersions<float>>);

}  // namespace pairloom
