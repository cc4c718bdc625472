#include "pairloom/stored_table.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.h"
#include "pairloom/json_rows.h"
#include "pairloom/predictions.h"
#include "tables.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

// Borrows arrays over a mapped file, which it keeps alive. Nothing here writes.
class StoredTable {
 public:
  using Cells = ReadArray<float, nb::ndim<2>>;
  using Ranks = std::optional<ReadVector<uint32_t>>;
  using Seen = std::optional<ReadVector<uint32_t>>;
  using Buckets = std::optional<ReadVector<uint64_t>>;

  StoredTable(Cells cells, ReadVector<uint64_t> trained, Ranks ranks, Seen seen, Buckets buckets,
              int64_t feature_dim, int num_factors, float bias, const std::string& simd)
      : cells_(std::move(cells)),
        trained_(std::move(trained)),
        ranks_(std::move(ranks)),
        seen_(std::move(seen)),
        buckets_(std::move(buckets)),
        features_{feature_dim, trained_.data(), ranks_ ? ranks_->data() : nullptr,
                  static_cast<int64_t>(cells_.shape(0)) - 1,
                  buckets_ ? FeatureBuckets{buckets_->data(), buckets_->shape(0)}
                           : FeatureBuckets{nullptr, 0}},
        table_(features_.num_entries, layout_of(num_factors), cells_.data()),
        path_(simd_path(simd)) {
    table_.bias = bias;
    check_shapes();
  }

  const ParameterTable<float>& table() const { return table_; }
  const StoredFeatures& features() const { return features_; }

  std::optional<NewArray<uint32_t, 1>> seen() const {
    if (!seen_) {
      return std::nullopt;
    }
    auto out = new_array<uint32_t, 1>({seen_->shape(0)});
    std::copy_n(seen_->data(), seen_->shape(0), out.data());
    return out;
  }

  void set_init(const TableInit& init) { table_.set_init(init); }

  template <size_t kDimensions, class Copy>
  NewArray<float, kDimensions> per_line(const std::array<size_t, kDimensions>& shape, size_t width,
                                        Copy&& cells_of) const {
    auto out = new_array<float, kDimensions>(shape);
    for (size_t line = 0; line < num_lines(); ++line) {
      const auto at = static_cast<int64_t>(line);
      const float* from = cells_of(table_.entry(seen_ ? at : features_.entry(at)));
      std::memcpy(out.data() + line * width, from, width * sizeof(float));
    }
    return out;
  }

  NewArray<float, 1> linear_weights() const {
    const int cell = table_.layout().linear();
    return per_line<1>({num_lines()}, 1, [cell](const float* entry) { return entry + cell; });
  }

  NewArray<float, 2> factors() const {
    const auto width = static_cast<size_t>(table_.layout().num_factors);
    return per_line<2>({num_lines(), width}, width, [](const float* entry) { return entry; });
  }

  NewArray<bool, 1> trained() const {
    auto out = new_array<bool, 1>({num_lines()});
    for (size_t i = 0; i < num_lines(); ++i) {
      out.data()[i] = (trained_.data()[i / 64] >> (i % 64)) & 1;
    }
    return out;
  }

  NewArray<float, 2> serving(const ReadVector<int64_t>& wanted, bool only_trained) const {
    return serving_rows(table_, features_, features_.feature_dim, wanted, only_trained);
  }

  NewArray<float, 1> score(const Rows& rows, bool only_trained, int num_threads) const {
    const RowBatch& batch = rows.batch();
    if (batch.feature_dim > features_.feature_dim) {
      throw std::invalid_argument("rows are " + std::to_string(batch.feature_dim) +
                                  " features wide; the model has feature_dim " +
                                  std::to_string(features_.feature_dim));
    }
    auto out = new_array<float, 1>({static_cast<size_t>(batch.num_rows)});
    float* const scores = out.data();
    const nb::gil_scoped_release release;
    score_stored_rows(table_, features_, only_trained, batch, path_, num_threads, scores);
    return out;
  }

  // The whole way of a request in JSON, so that a small one is not mostly calls between its steps.
  std::optional<std::pair<nb::bytes, int64_t>> answer_json(const nb::bytes& body, bool only_trained,
                                                           bool with_labels,
                                                           int num_threads) const {
    std::optional<std::pair<std::string, int64_t>> answer;
    {
      const nb::gil_scoped_release release;
      answer = json_answer({body.c_str(), body.size()}, only_trained, with_labels, num_threads);
    }
    if (!answer) {
      return std::nullopt;
    }
    return std::make_pair(nb::bytes(answer->first.data(), answer->first.size()), answer->second);
  }

  RankedArrays<float> rank(const Rows& context, const Rows& candidates, int64_t count,
                           bool adds_overlap, bool only_trained, int num_threads) const {
    const Ranking ranking = checked_ranking(context, candidates, count, adds_overlap, path_,
                                            num_threads, features_.feature_dim);
    return ranked_arrays<float>(
        [&] { return rank_stored_rows(table_, features_, only_trained, ranking); });
  }

 private:
  size_t num_features() const { return static_cast<size_t>(features_.feature_dim); }

  std::optional<std::pair<std::string, int64_t>> json_answer(std::string_view text,
                                                             bool only_trained, bool with_labels,
                                                             int num_threads) const {
    const JsonRowsOptions options{.feature_dim = static_cast<uint64_t>(features_.feature_dim)};
    const RequestRows rows = read_json_rows(text, options);
    RowBatch batch;
    batch.num_rows = static_cast<int64_t>(rows.num_rows);
    batch.feature_dim = features_.feature_dim;
    batch.values = rows.values.data();
    if (!rows.is_dense) {
      batch.row_offsets = rows.row_offsets.data();
      batch.ids64 = reinterpret_cast<const uint64_t*>(rows.feature_ids.data());
    }
    std::vector<float> scores(rows.num_rows);
    score_stored_rows(table_, features_, only_trained, batch, path_, num_threads, scores.data());
    if (!std::all_of(scores.begin(), scores.end(),
                     [](float score) { return std::isfinite(score); })) {
      return std::nullopt;
    }
    if (with_labels) {
      probabilities_of(scores.data(), scores.size(), scores.data());
    }
    return std::make_pair(write_predictions(scores, with_labels, PredictionLayout::kJson),
                          batch.num_rows);
  }

  TableLayout layout_of(int num_factors) const {
    TableLayout layout = make_layout(num_factors, 0);
    layout.stride = static_cast<int>(cells_.shape(1));
    return layout;
  }

  // What the arrays have a line for: features, or those that were seen.
  size_t num_lines() const {
    return seen_ ? static_cast<size_t>(features_.num_entries) : num_features();
  }

  bool index_fits() const {
    if (!buckets_) {
      return !seen_ && (ranks_ || features_.num_entries == features_.feature_dim);
    }
    return seen_ && !ranks_ && static_cast<int64_t>(seen_->shape(0)) == features_.num_entries &&
           std::has_single_bit(buckets_->shape(0));
  }

  void check_shapes() const {
    const size_t words = (num_lines() + 63) / 64;
    const bool fits =
        features_.feature_dim >= 1 && table_.layout().num_factors >= 1 &&
        features_.num_entries >= 0 && table_.layout().stride > table_.layout().half_norm() &&
        trained_.shape(0) == words && (!ranks_ || ranks_->shape(0) == words) && index_fits();
    if (!fits) {
      throw std::invalid_argument("the arrays of a stored table do not fit each other");
    }
  }

  Cells cells_;
  ReadVector<uint64_t> trained_;
  Ranks ranks_;
  Seen seen_;
  Buckets buckets_;
  StoredFeatures features_;
  ParameterTable<float> table_;
  SimdPath path_;
};

using Fault = std::tuple<int64_t, int, std::string>;

std::optional<Fault> find_fault(const StoredTable& self) {
  const nb::gil_scoped_release release;
  const auto fault = find_entry_fault(self.table());
  return fault ? std::make_optional<Fault>(fault->entry, fault->cell, fault->what) : std::nullopt;
}

}  // namespace

void bind_stored_table(nb::module_& module) {
  module.def(
      "feature_buckets",
      [](const ReadVector<uint32_t>& features) {
        const uint64_t count = bucket_count(features.shape(0));
        auto buckets = new_array<uint64_t, 1>({count});
        std::fill_n(buckets.data(), count, uint64_t{0});
        fill_buckets(features.data(), features.shape(0), buckets.data(), count);
        return buckets;
      },
      nb::arg("features"), "The hash table of a model file: from distinct features to their rows.");
  nb::class_<StoredTable>(module, "StoredTable",
                          "Parameters borrowed read-only from a mapped model file.")
      .def(nb::init<StoredTable::Cells, ReadVector<uint64_t>, StoredTable::Ranks, StoredTable::Seen,
                    StoredTable::Buckets, int64_t, int, float, const std::string&>(),
           nb::kw_only(), nb::arg("cells"), nb::arg("trained"), nb::arg("ranks").none(),
           nb::arg("seen").none(), nb::arg("buckets").none(), nb::arg("feature_dim"),
           nb::arg("num_factors"), nb::arg("bias"), nb::arg("simd"))
      .def_prop_ro("feature_dim",
                   [](const StoredTable& self) { return self.features().feature_dim; })
      .def_prop_ro("num_entries",
                   [](const StoredTable& self) { return self.features().num_entries; })
      .def("features", &StoredTable::seen,
           "The feature of each entry; None where every feature has one, or counts as zero.")
      .def_prop_rw(
          "init", [](const StoredTable& self) { return self.table().init(); },
          &StoredTable::set_init)
      .def_prop_ro("num_factors",
                   [](const StoredTable& self) { return self.table().layout().num_factors; })
      .def_prop_ro("trained_only",
                   [](const StoredTable& self) { return self.features().ranks != nullptr; })
      .def_prop_ro("bias", [](const StoredTable& self) { return self.table().bias; })
      .def("linear_weights", &StoredTable::linear_weights)
      .def("factors", &StoredTable::factors)
      .def("trained", &StoredTable::trained)
      .def("serving_rows", &StoredTable::serving, nb::arg("features"),
           nb::arg("only_trained") = false,
           "Factors, linear weight and half square norm of features, padded as model files are.")
      .def("score_rows", &StoredTable::score, nb::arg("rows"), nb::arg("only_trained"),
           nb::arg("num_threads"))
      .def("rank_rows", &StoredTable::rank, nb::arg("context"), nb::arg("candidates"),
           nb::arg("count"), nb::arg("adds_overlap"), nb::arg("only_trained"),
           nb::arg("num_threads"),
           "The candidates of highest score beside one context, and their scores before the link.")
      .def("answer_json", &StoredTable::answer_json, nb::arg("body"), nb::arg("only_trained"),
           nb::arg("with_labels"), nb::arg("num_threads"),
           "Rows in JSON to predictions in JSON and their number; None when a score is not finite.")
      .def("find_fault", &find_fault,
           "Entry, cell and description of the first number that breaks a rule, or None.");
}

}  // namespace pairloom::bindings
