// How the versions of an entry that several workers made out of one become one.
#pragma once

#include <cstdint>
#include <span>

#include "pairloom/entry_rows.h"
#include "pairloom/growing_array.h"
#include "pairloom/optimizer.h"

namespace pairloom {

// Per unit of learning rate. A row's features move its score together, so that the score follows
// faster than one feature's squared gradients tell. Measured: docs/decisions.
inline constexpr double kStiffness = 12.0;

// The rule goes with the optimizer; docs/decisions says why these and what they were compared with.
//
// adagrad, ftrl  Squared gradients G say how far a version came towards what its rows ask for: a
//                share of a / (1 + a), a = kStiffness x rate x (sqrt(G after) - sqrt(G before)).
//                The sum of the changes is scaled to the share that one process with all their
//                gradients would have come: where all came but a little way that is nearly the sum,
//                where each came all the way the mean. The sum of what G grew by is scaled alike.
//                FTRL's beta damps its steps: the difference of the roots is then divided by 1 +
//                2 beta / their sum.
//                FTRL's change is that of the parameter as it would be without l1; z is then the
//                one that gives it. What one worker alone touched stays, to the bit.
// adam, sgd      Workers learn at `num_workers` times the rate, and of each one's change its share
//                of one over `num_workers` is taken, whoever touched the feature. Adam's moments
//                are the mean of theirs, each counted by its touches.
template <class T>
struct MergeSettings {
  OptimizerStep<T> step;
  size_t num_workers;
  size_t rounds_alone = 1;  // that a worker trains without knowing the others': 1 + staleness
};

// Whether workers learn at as many times the rate as there are workers.
bool merges_shares(Optimizer optimizer);

// Whether it matters how many mini-batches have changed a version.
bool counts_touches(Optimizer optimizer);

// Parameters that learn alike, and their optimizer's state. T is const where they are only read.
template <class T>
struct Run {
  T* values;
  T* states;           // the first slot's
  size_t slot_stride;  // from one slot's to the next one's

  T* slot(size_t index) const { return states + index * slot_stride; }
};

template <class T>
Run<const T> read_only(const Run<T>& run) {
  return {run.values, run.states, run.slot_stride};
}

struct RunShape {
  size_t size;
  size_t state_slots;
};

template <class T>
struct RunVersion {
  Run<const T> run;
  uint32_t touches;  // mini-batches that changed it, if they are counted
};

// Merges versions of the run `start`, in their order, into `merged`.
template <class T>
void merge_run(const MergeSettings<T>& settings, const GroupStep<T>& group, const RunShape& shape,
               const Run<const T>& start, std::span<const RunVersion<T>> versions,
               const Run<T>& merged);

// What one worker made of some features' entries.
template <class T>
struct EntryVersions {
  std::span<const int64_t> features;  // ascending
  std::span<const int64_t> entries;   // theirs in the table that is merged into
  EntryRows<const T> rows;
  const uint32_t* touches;  // one per feature, if they are counted
};

template <class T>
struct MergedEntries {
  GrowingArray<int64_t> features;
  GrowingArray<T> linear, factors, state;  // as EntryRows
  GrowingArray<uint32_t> touches;          // if they are counted
};

// Merges the workers' versions of the table's entries, in the workers' order. The table stays.
template <class T>
MergedEntries<T> merge_entries(const MergeSettings<T>& settings, const ParameterTable<T>& table,
                               std::span<const EntryVersions<T>> workers);

}  // namespace pairloom
