// The ways in and out of a parameter table, shared by everything that owns one.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "pairloom/parameter_table.h"
#include "pairloom/prepare.h"
#include "pairloom/rank.h"
#include "pairloom/score.h"
#include "pairloom/serving_rows.h"
#include "rows.h"

namespace pairloom::bindings {

// The serving rows of features; `features` says which entry of `table` is whose.
template <class T, class Features>
NewArray<T, 2> serving_rows(const ParameterTable<T>& table, const Features& features,
                            int64_t feature_dim, const ReadVector<int64_t>& wanted,
                            bool only_trained) {
  const int64_t* const end = wanted.data() + wanted.shape(0);
  const int64_t* const wrong = std::find_if(
      wanted.data(), end, [&](int64_t feature) { return feature < 0 || feature >= feature_dim; });
  if (wrong != end) {
    throw std::out_of_range("feature " + std::to_string(*wrong) +
                            " is not in the model, whose feature_dim is " +
                            std::to_string(feature_dim));
  }
  const TableLayout layout = make_layout(table.layout().num_factors, 0);
  auto out = new_array<T, 2>({wanted.shape(0), static_cast<size_t>(layout.stride)});
  write_serving_rows(table, features, only_trained, wanted.data(), wanted.shape(0), out.data());
  return out;
}

template <class T>
using RankedArrays = std::pair<NewArray<int64_t, 1>, NewArray<T, 1>>;

// Candidates and their scores. `rank` makes the ranking, with the GIL released.
template <class T, class Rank>
RankedArrays<T> ranked_arrays(Rank&& rank) {
  std::vector<RankedCandidate<T>> ranked;
  {
    const nanobind::gil_scoped_release release;
    ranked = rank();
  }
  RankedArrays<T> arrays{new_array<int64_t, 1>({ranked.size()}), new_array<T, 1>({ranked.size()})};
  for (size_t i = 0; i < ranked.size(); ++i) {
    arrays.first.data()[i] = ranked[i].candidate;
    arrays.second.data()[i] = ranked[i].score;
  }
  return arrays;
}

// Throws unless rows of this width may be scored, and the context is one row.
inline Ranking checked_ranking(const Rows& context, const Rows& candidates, int64_t count,
                               bool adds_overlap, SimdPath path, int num_threads,
                               int64_t feature_dim) {
  for (const RowBatch* rows : {&context.batch(), &candidates.batch()}) {
    if (rows->feature_dim > feature_dim) {
      throw std::invalid_argument("rows are " + std::to_string(rows->feature_dim) +
                                  " features wide; the model has feature_dim " +
                                  std::to_string(feature_dim));
    }
  }
  if (context.batch().num_rows != 1 || count < 0) {
    throw std::invalid_argument("a ranking needs one context and a count from 0, not " +
                                std::to_string(context.batch().num_rows) + " and " +
                                std::to_string(count));
  }
  return {context.batch(), candidates.batch(), count, adds_overlap, path, num_threads};
}

template <class T>
class TableAccess {
 public:
  TableAccess(ParameterTable<T>& table, FeatureMap& features, SimdPath path)
      : table_(table), features_(features), path_(path) {}

  // One cell of every entry: the linear weights, or one of their optimizer states.
  NewArray<T, 1> linear_cells(int cell) const {
    auto out = new_array<T, 1>({num_entries()});
    for (size_t i = 0; i < num_entries(); ++i) {
      out.data()[i] = entry(i)[cell];
    }
    return out;
  }

  // `width` cells of every entry: an optimizer state of the factors.
  NewArray<T, 2> factor_states(int first_cell, int width) const {
    const auto size = static_cast<size_t>(width);
    auto out = new_array<T, 2>({num_entries(), size});
    for (size_t i = 0; i < num_entries(); ++i) {
      std::memcpy(out.data() + i * size, entry(i) + first_cell, size * sizeof(T));
    }
    return out;
  }

  NewArray<T, 2> factors() const {
    const auto width = static_cast<size_t>(table_.layout().num_factors);
    auto out = new_array<T, 2>({num_entries(), width});
    for (size_t i = 0; i < num_entries(); ++i) {
      read_factors(entry(i), table_.layout(), out.data() + i * width);
    }
    return out;
  }

  void set_factors(const ReadArray<T, nanobind::ndim<2>>& values) {
    const auto width = static_cast<size_t>(table_.layout().num_factors);
    require_shape(values.shape(0) == num_entries() && values.shape(1) == width);
    for (size_t i = 0; i < num_entries(); ++i) {
      write_factors(values.data() + i * width, table_.layout(), entry(i));
      table_.refresh_half_norm(static_cast<int64_t>(i));
    }
  }

  void set_linear_cells(int cell, const ReadVector<T>& values) {
    require_shape(values.shape(0) == num_entries());
    for (size_t i = 0; i < num_entries(); ++i) {
      entry(i)[cell] = values.data()[i];
    }
  }

  void set_factor_states(int first_cell, int width, const ReadArray<T, nanobind::ndim<2>>& values) {
    const auto size = static_cast<size_t>(width);
    require_shape(values.shape(0) == num_entries() && values.shape(1) == size);
    for (size_t i = 0; i < num_entries(); ++i) {
      std::memcpy(entry(i) + first_cell, values.data() + i * size, size * sizeof(T));
    }
  }

  NewArray<bool, 1> trained() const {
    auto out = new_array<bool, 1>({num_entries()});
    for (size_t i = 0; i < num_entries(); ++i) {
      out.data()[i] = features_.trained(static_cast<int64_t>(i));
    }
    return out;
  }

  void set_trained(const ReadVector<bool>& trained) {
    require_shape(trained.shape(0) == num_entries());
    for (size_t i = 0; i < num_entries(); ++i) {
      if (trained.data()[i]) {
        features_.mark_trained(static_cast<int64_t>(i));
      }
    }
  }

  NewArray<T, 2> serving(const ReadVector<int64_t>& wanted, bool only_trained) const {
    return serving_rows(table_, features_, features_.feature_dim(), wanted, only_trained);
  }

  // The feature of each entry; nothing where every feature has one.
  std::optional<NewArray<uint32_t, 1>> features() const {
    if (!features_.grows()) {
      return std::nullopt;
    }
    auto out = new_array<uint32_t, 1>({num_entries()});
    for (size_t i = 0; i < num_entries(); ++i) {
      out.data()[i] = static_cast<uint32_t>(features_.feature(static_cast<int64_t>(i)));
    }
    return out;
  }

  NewArray<T, 1> score(const Rows& rows, bool only_trained, int num_threads) const {
    const RowBatch& batch = rows.batch();
    if (batch.feature_dim > features_.feature_dim()) {
      throw std::invalid_argument("rows are " + std::to_string(batch.feature_dim) +
                                  " features wide; the model has feature_dim " +
                                  std::to_string(features_.feature_dim()));
    }
    auto out = new_array<T, 1>({static_cast<size_t>(batch.num_rows)});
    T* const scores = out.data();
    const nanobind::gil_scoped_release release;
    score_rows(table_, features_, only_trained, batch, path_, num_threads, scores);
    return out;
  }

  RankedArrays<T> rank(const Rows& context, const Rows& candidates, int64_t count,
                       bool adds_overlap, bool only_trained, int num_threads) const {
    const Ranking ranking = checked_ranking(context, candidates, count, adds_overlap, path_,
                                            num_threads, features_.feature_dim());
    return ranked_arrays<T>([&] { return rank_rows(table_, features_, only_trained, ranking); });
  }

 private:
  size_t num_entries() const { return static_cast<size_t>(table_.num_entries()); }
  T* entry(size_t i) const { return table_.entry(static_cast<int64_t>(i)); }

  void require_shape(bool fits) const {
    if (!fits) {
      throw std::invalid_argument("expected one line per entry (" + std::to_string(num_entries()) +
                                  "), of factors with " +
                                  std::to_string(table_.layout().num_factors) +
                                  " values, or one where they share an optimizer value");
    }
  }

  ParameterTable<T>& table_;
  FeatureMap& features_;
  SimdPath path_;
};

// Defines what every class that owns a table offers to Python. `Owner::access()` returns the
// TableAccess, `Owner::table()` the table and `Owner::features()` its FeatureMap.
template <class T, class Owner>
void define_table(nanobind::class_<Owner>& owner) {
  namespace nb = nanobind;
  owner.def_prop_ro("feature_dim", [](Owner& self) { return self.features().feature_dim(); })
      .def_prop_ro("num_entries", [](Owner& self) { return self.table().num_entries(); })
      .def(
          "features", [](Owner& self) { return self.access().features(); },
          "The feature of each entry; None where every feature has one, that of its id.")
      .def_prop_rw(
          "init", [](Owner& self) { return self.table().init(); },
          [](Owner& self, const TableInit& init) { self.table().set_init(init); })
      .def_prop_ro("num_factors", [](Owner& self) { return self.table().layout().num_factors; })
      .def_prop_rw(
          "bias", [](Owner& self) { return self.table().bias; },
          [](Owner& self, T bias) { self.table().bias = bias; })
      .def("linear_weights",
           [](Owner& self) { return self.access().linear_cells(self.table().layout().linear()); })
      .def("factors", [](Owner& self) { return self.access().factors(); })
      .def_prop_ro("factor_type", [](Owner& self) { return self.table().layout().factor_type; })
      .def(
          "set_parameters",
          [](Owner& self, T bias, const ReadVector<T>& linear,
             const ReadArray<T, nb::ndim<2>>& factors) {
            self.table().bias = bias;
            self.access().set_linear_cells(self.table().layout().linear(), linear);
            self.access().set_factors(factors);
          },
          nb::arg("bias"), nb::arg("linear_weights"), nb::arg("factors"))
      .def(
          "trained", [](Owner& self) { return self.access().trained(); },
          "Of each entry: whether a row of positive weight has touched its feature.")
      .def(
          "set_trained",
          [](Owner& self, const ReadVector<bool>& trained) { self.access().set_trained(trained); },
          nb::arg("trained"))
      .def(
          "serving_rows",
          [](Owner& self, const ReadVector<int64_t>& features, bool only_trained) {
            return self.access().serving(features, only_trained);
          },
          nb::arg("features"), nb::arg("only_trained") = false,
          "Factors, linear weight and half square norm of features, padded as model files are.")
      .def(
          "score_rows",
          [](Owner& self, const Rows& rows, bool only_trained, int num_threads) {
            return self.access().score(rows, only_trained, num_threads);
          },
          nb::arg("rows"), nb::arg("only_trained"), nb::arg("num_threads"),
          "Scores before the link; with only_trained, untrained features contribute nothing.")
      .def(
          "rank_rows",
          [](Owner& self, const Rows& context, const Rows& candidates, int64_t count,
             bool adds_overlap, bool only_trained, int num_threads) {
            return self.access().rank(context, candidates, count, adds_overlap, only_trained,
                                      num_threads);
          },
          nb::arg("context"), nb::arg("candidates"), nb::arg("count"), nb::arg("adds_overlap"),
          nb::arg("only_trained"), nb::arg("num_threads"),
          "The candidates of highest score beside one context, and their scores before the link.");
}

}  // namespace pairloom::bindings
