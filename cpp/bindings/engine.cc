#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "differences.h"
#include "entry_rows.h"
#include "merge.h"
#include "pairloom/trainer.h"
#include "row_gradient.h"
#include "tables.h"
#include "touches.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

using Order = std::optional<ReadVector<uint32_t>>;

// Parameters without optimizer state: a model to score with, or the best epoch's.
class ScoringTable {
 public:
  ScoringTable(int64_t feature_dim, int num_factors, const std::string& simd,
               FactorType factor_type)
      : table_(feature_dim, make_layout(num_factors, 0, kNoSlot, factor_type)),
        features_(feature_dim),
        path_(simd_path(simd)) {}

  ParameterTable<float>& table() { return table_; }
  const FeatureMap& features() const { return features_; }
  TableAccess<float> access() { return {table_, features_, path_}; }

 private:
  ParameterTable<float> table_;
  FeatureMap features_;
  SimdPath path_;
};

template <class T>
class TrainerOwner {
 public:
  TrainerOwner(int64_t feature_dim, int num_factors, const std::string& predictor_type,
               const OptimizerSettings& optimizer, const std::string& simd,
               const std::optional<Growth>& growth)
      : trainer_(feature_dim, num_factors,
                 predictor_type == "regressor" ? Loss::kSquared : Loss::kLogistic, optimizer,
                 simd_path(simd), growth) {}

  ParameterTable<T>& table() { return trainer_.table(); }
  const FeatureMap& features() const { return trainer_.features(); }
  TableAccess<T> access() { return {trainer_.table(), trainer_.features(), trainer_.path()}; }
  Trainer<T>& trainer() { return trainer_; }

  bool add_features(std::vector<uint32_t> added) {
    std::for_each(added.begin(), added.end(), [&](uint32_t feature) { check_feature(feature); });
    return trainer_.add_features(std::move(added));
  }

  // Features that have no entry yet, and how often each was held.
  std::pair<NewArray<uint32_t, 1>, NewArray<uint8_t, 1>> waiting() {
    const auto found = features().index().waiting();
    auto ids = new_array<uint32_t, 1>({found.size()});
    auto counts = new_array<uint8_t, 1>({found.size()});
    for (size_t i = 0; i < found.size(); ++i) {
      ids.data()[i] = found[i].feature;
      counts.data()[i] = static_cast<uint8_t>(found[i].count);
    }
    return {std::move(ids), std::move(counts)};
  }

  void add_waiting(const ReadVector<uint32_t>& ids, const ReadVector<uint8_t>& counts) {
    if (ids.shape(0) != counts.shape(0)) {
      throw std::invalid_argument("features that wait need one count each");
    }
    for (size_t i = 0; i < ids.shape(0); ++i) {
      check_feature(ids.data()[i]);
      if (!features().index().add_waiting({ids.data()[i], counts.data()[i]})) {
        throw std::invalid_argument("feature " + std::to_string(ids.data()[i]) +
                                    " cannot wait after " + std::to_string(counts.data()[i]) +
                                    " times");
      }
    }
  }

  // Throws unless the rows have labels and fit the model, and boundaries fit the rows.
  RowOrder checked_order(const Rows& rows, const Order& order,
                         const std::vector<int64_t>& boundaries) {
    const RowBatch& batch = rows.batch();
    if (batch.labels == nullptr) {
      throw std::invalid_argument("rows to train on need labels");
    }
    if (batch.feature_dim != features().feature_dim()) {
      throw std::invalid_argument("rows are " + std::to_string(batch.feature_dim) +
                                  " features wide; the model has feature_dim " +
                                  std::to_string(features().feature_dim()));
    }
    check_boundaries(boundaries, order ? static_cast<int64_t>(order->shape(0)) : batch.num_rows);
    return {&batch, order ? order->data() : nullptr};
  }

  BlockResult train(const Rows& rows, const Order& order, const std::vector<int64_t>& boundaries,
                    int num_threads, MetricSums& totals, KeptBatches* kept) {
    const RowOrder row_order = checked_order(rows, order, boundaries);
    if (kept != nullptr && order) {
      throw std::invalid_argument("mini-batches are kept of rows in their own order only");
    }
    const nb::gil_scoped_release release;
    return trainer_.train(row_order, boundaries, num_threads, totals, kept);
  }

 private:
  void check_feature(uint32_t feature) const {
    if (feature >= features().feature_dim()) {
      throw std::invalid_argument("feature " + std::to_string(feature) +
                                  " is not below feature_dim, which is " +
                                  std::to_string(features().feature_dim()));
    }
  }

  static void check_boundaries(const std::vector<int64_t>& boundaries, int64_t num_positions) {
    for (size_t i = 0; i < boundaries.size(); ++i) {
      const int64_t lowest = i == 0 ? 0 : boundaries[i - 1] + 1;
      if (boundaries[i] < lowest || boundaries[i] > num_positions) {
        throw std::invalid_argument("mini-batch boundaries must ascend from 0 to " +
                                    std::to_string(num_positions));
      }
    }
  }

  Trainer<T> trainer_;
};

void require_same_shape(const ParameterTable<float>& one, bool as_many_entries,
                        const ParameterTable<float>& other) {
  if (!as_many_entries || one.layout().num_factors != other.layout().num_factors) {
    throw std::invalid_argument("tables differ in their entries or num_factors");
  }
}

template <class T>
nb::class_<TrainerOwner<T>> bind_trainer(nb::module_& module, const char* name, const char* doc) {
  using Owner = TrainerOwner<T>;
  nb::class_<Owner> owner(module, name, doc);
  owner.def(nb::init<int64_t, int, const std::string&, const OptimizerSettings&, const std::string&,
                     const std::optional<Growth>&>(),
            nb::arg("feature_dim"), nb::arg("num_factors"), nb::arg("predictor_type"),
            nb::arg("optimizer"), nb::arg("simd"), nb::arg("growth") = nb::none(),
            "With growth, entries are made as features are seen.");
  define_table<T>(owner);
  define_entry_rows<T>(owner);
  owner
      .def(
          "initialize",
          [](Owner& self, const TableInit& init, int num_threads) {
            const nb::gil_scoped_release release;
            self.trainer().initialize(init, num_threads);
          },
          nb::arg("init"), nb::arg("num_threads"))
      .def(
          "add_features",
          [](Owner& self, const ReadVector<uint32_t>& features) {
            return self.add_features({features.data(), features.data() + features.shape(0)});
          },
          nb::arg("features"), "Gives features entries, as they start; false without room.")
      .def_prop_ro(
          "num_waiting",
          [](const Owner& self) {
            return self.features().grows() ? self.features().index().num_waiting() : 0;
          },
          "Features that rows have not yet held often enough for an entry.")
      .def("waiting", &Owner::waiting, "Those features, ascending, and how often each was held.")
      .def("add_waiting", &Owner::add_waiting, nb::arg("features"), nb::arg("counts"))
      .def(
          "forget_waiting",
          [](Owner& self) {
            if (self.features().counts()) {
              self.features().index().forget_waiting();
            }
          },
          "Lets counting begin anew.")
      .def(
          "start_states",
          [](Owner& self, int num_threads) {
            const nb::gil_scoped_release release;
            self.trainer().start_states(num_threads);
          },
          nb::arg("num_threads"), "Optimizer state as before the first step.")
      .def(
          "mend_states", [](Owner& self) { self.trainer().mend_states(); },
          "Lets the optimizer's state fit parameters or rates that were changed.")
      .def(
          "set_learning_rates",
          [](Owner& self, const OptimizerSettings& settings) {
            self.trainer().set_learning_rates(settings);
          },
          nb::arg("settings"), "Takes over the learning rates of other settings.")
      .def("train", &Owner::train, nb::arg("rows"), nb::arg("order").none(), nb::arg("boundaries"),
           nb::arg("num_threads"), nb::arg("totals"), nb::arg("kept") = nb::none(),
           "One step per mini-batch boundaries[b] .. boundaries[b + 1] of positions in order.")
      .def_prop_rw(
          "step_count", [](Owner& self) { return self.trainer().step_count(); },
          [](Owner& self, uint64_t count) { self.trainer().set_step_count(count); })
      .def_prop_rw(
          "bias_state",
          [](Owner& self) {
            return std::vector<T>(self.table().bias_state, self.table().bias_state + 2);
          },
          [](Owner& self, const std::vector<T>& state) {
            std::copy_n(state.begin(), std::min<size_t>(2, state.size()), self.table().bias_state);
          })
      .def_prop_ro("state_slots", [](Owner& self) { return self.table().layout().state_slots; })
      .def(
          "linear_state",
          [](Owner& self, int slot) {
            return self.access().linear_cells(self.table().layout().linear_state(slot));
          },
          nb::arg("slot"))
      .def(
          "factor_state",
          [](Owner& self, int slot) {
            const TableLayout& layout = self.table().layout();
            return self.access().factor_states(layout.factor_state(slot),
                                               layout.factor_state_width(slot));
          },
          nb::arg("slot"))
      .def(
          "factor_state_width",
          [](Owner& self, int slot) { return self.table().layout().factor_state_width(slot); },
          nb::arg("slot"), "Values that an entry has in a slot: one of each factor, or one of all.")
      .def(
          "set_state",
          [](Owner& self, int slot, const ReadVector<T>& linear,
             const ReadArray<T, nb::ndim<2>>& factors) {
            const TableLayout& layout = self.table().layout();
            self.access().set_linear_cells(layout.linear_state(slot), linear);
            self.access().set_factor_states(layout.factor_state(slot),
                                            layout.factor_state_width(slot), factors);
          },
          nb::arg("slot"), nb::arg("linear"), nb::arg("factors"))
      .def_prop_ro("simd", [](Owner& self) { return simd_name(self.trainer().path()); });
  return owner;
}

void bind_snapshots(nb::class_<TrainerOwner<float>>& trainer) {
  using Owner = TrainerOwner<float>;
  trainer
      .def(
          "save_parameters",
          [](Owner& self, ScoringTable& snapshot) {
            require_same_shape(self.table(),
                               self.table().num_entries() == snapshot.table().num_entries(),
                               snapshot.table());
            snapshot.table().copy_parameters(self.table());
          },
          nb::arg("snapshot"))
      .def(
          "restore_parameters",
          [](Owner& self, ScoringTable& snapshot) {
            require_same_shape(self.table(),
                               self.table().num_entries() >= snapshot.table().num_entries(),
                               snapshot.table());
            self.trainer().restore_parameters(snapshot.table());
          },
          nb::arg("snapshot"))
      .def(
          "copy_state",
          [](Owner& self, Owner& other) {
            require_same_shape(self.table(),
                               self.features().feature_dim() == other.features().feature_dim() &&
                                   self.features().grows() == other.features().grows(),
                               other.table());
            self.trainer().copy_state(other.trainer());
          },
          nb::arg("other"), "Takes over parameters, optimizer state, step count.");
}

void bind_settings(nb::module_& module) {
  nb::enum_<Optimizer>(module, "Optimizer")
      .value("adam", Optimizer::kAdam)
      .value("adagrad", Optimizer::kAdaGrad)
      .value("ftrl", Optimizer::kFtrl)
      .value("sgd", Optimizer::kSgd);
  nb::enum_<FactorType>(module, "FactorType")
      .value("float32", FactorType::kWhole)
      .value("bfloat16", FactorType::kBfloat16);
  module.def("merges_shares", &merges_shares, nb::arg("optimizer"),
             "Whether workers learn at as many times the rate as there are workers.");
  module.def("chunk_bounds", &chunk_bounds, nb::arg("num_rows"), nb::arg("feature_dim"),
             nb::arg("at_least"),
             "Where the chunks of a mini-batch of so many rows begin, and where the last ends.");
  nb::class_<Growth>(module, "Growth", "How far a table grows, and which features it takes in.")
      .def(
          "__init__",
          [](Growth* self, int64_t most_entries, uint8_t admission_count,
             int64_t waiting_per_entry) {
            new (self)
                Growth{most_entries, admission_count, std::max<int64_t>(1, waiting_per_entry)};
          },
          nb::arg("most_entries"), nb::arg("admission_count") = 1, nb::arg("waiting_per_entry") = 1)
      .def_ro("most_entries", &Growth::most_entries);
  nb::class_<GroupRates>(module, "GroupRates")
      .def(nb::init<double, double, double>(), nb::arg("learning_rate"), nb::arg("weight_decay"),
           nb::arg("l1") = 0.0);
  nb::class_<OptimizerSettings>(module, "OptimizerSettings")
      .def(
          "__init__",
          [](OptimizerSettings* self, Optimizer optimizer, GroupRates bias, GroupRates linear,
             GroupRates factors, double epsilon, double initial_accumulator, double ftrl_beta,
             double rescale_grad, std::optional<double> clip_gradient, bool lazy_update,
             bool rowwise_state, FactorType factor_type, uint64_t rounding_seed) {
            new (self) OptimizerSettings{};
            self->optimizer = optimizer;
            self->bias = bias;
            self->linear = linear;
            self->factors = factors;
            self->epsilon = epsilon;
            self->initial_accumulator = initial_accumulator;
            self->ftrl_beta = ftrl_beta;
            self->rescale_grad = rescale_grad;
            self->clip_gradient = clip_gradient.value_or(0.0);
            self->lazy_update = lazy_update;
            self->rowwise_state = rowwise_state;
            self->factor_type = factor_type;
            self->rounding_seed = rounding_seed;
          },
          nb::kw_only(), nb::arg("optimizer"), nb::arg("bias"), nb::arg("linear"),
          nb::arg("factors"), nb::arg("epsilon"), nb::arg("initial_accumulator"),
          nb::arg("ftrl_beta"), nb::arg("rescale_grad"), nb::arg("clip_gradient").none(),
          nb::arg("lazy_update"), nb::arg("rowwise_state") = false,
          nb::arg("factor_type") = FactorType::kWhole, nb::arg("rounding_seed") = 0);
  nb::enum_<InitMethod>(module, "InitMethod")
      .value("normal", InitMethod::kNormal)
      .value("uniform", InitMethod::kUniform)
      .value("constant", InitMethod::kConstant);
  nb::class_<GroupInit>(module, "GroupInit")
      .def(nb::init<InitMethod, double>(), nb::arg("method"), nb::arg("scale"))
      .def_ro("method", &GroupInit::method)
      .def_ro("scale", &GroupInit::scale);
  nb::class_<TableInit>(module, "TableInit")
      .def(nb::init<GroupInit, GroupInit, GroupInit, uint64_t, FactorType>(), nb::kw_only(),
           nb::arg("bias"), nb::arg("linear"), nb::arg("factors"), nb::arg("seed"),
           nb::arg("factor_type") = FactorType::kWhole)
      .def_ro("bias", &TableInit::bias)
      .def_ro("linear", &TableInit::linear)
      .def_ro("factors", &TableInit::factors)
      .def_ro("seed", &TableInit::seed)
      .def_ro("factor_type", &TableInit::factor_type, "That factors are rounded to.");
  module.def(
      "entry_bytes",
      [](int num_factors, const OptimizerSettings& settings) {
        return sizeof(float) * static_cast<size_t>(layout_of(settings, num_factors).stride);
      },
      nb::arg("num_factors"), nb::arg("settings"),
      "Memory of one feature's parameters and optimizer state.");
}

}  // namespace

void bind_engine(nb::module_& module) {
  bind_settings(module);
  nb::class_<BlockResult>(module, "BlockResult")
      .def_ro("last_batch", &BlockResult::last_batch)
      .def_ro("num_batches", &BlockResult::num_batches)
      .def_ro("no_room", &BlockResult::no_room)
      .def_prop_ro("not_finite", [](const BlockResult& result) {
        return result.not_finite == nullptr ? std::nullopt
                                            : std::optional<std::string>(result.not_finite);
      });
  nb::class_<KeptBatches>(module, "KeptBatches",
                          "Prepared mini-batches of one trainer and one Rows, kept for later "
                          "epochs.")
      .def(nb::init<size_t>(), nb::arg("most_bytes"))
      .def_prop_ro("num_bytes", &KeptBatches::num_bytes);
  nb::class_<ScoringTable> table(module, "ScoringTable",
                                 "Parameters without optimizer state, to score with.");
  table.def(nb::init<int64_t, int, const std::string&, FactorType>(), nb::arg("feature_dim"),
            nb::arg("num_factors"), nb::arg("simd"), nb::arg("factor_type") = FactorType::kWhole);
  define_table<float>(table);
  auto trainer = bind_trainer<float>(module, "Trainer", "Trains one model in this process.");
  bind_snapshots(trainer);
  define_merge(trainer);
  define_touches(trainer);
  define_differences(trainer);
  define_gradients(trainer);
  bind_trainer<double>(module, "Float64Trainer",
                       "The same templates in double, to compare with an oracle in tests.");
}

}  // namespace pairloom::bindings
