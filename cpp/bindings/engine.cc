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
#include "pairloom/trainer.h"
#include "tables.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

using Order = std::optional<ReadVector<uint32_t>>;

// Parameters without optimizer state: a model to score with, or the best epoch's.
class ScoringTable {
 public:
  ScoringTable(int64_t feature_dim, int num_factors, const std::string& simd)
      : table_(feature_dim, make_layout(num_factors, 0)),
        features_(feature_dim),
        path_(simd_path(simd)) {}

  ParameterTable<float>& table() { return table_; }
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
               const OptimizerSettings& optimizer, const std::string& simd)
      : trainer_(feature_dim, num_factors,
                 predictor_type == "regressor" ? Loss::kSquared : Loss::kLogistic, optimizer,
                 simd_path(simd)) {}

  ParameterTable<T>& table() { return trainer_.table(); }
  TableAccess<T> access() { return {trainer_.table(), trainer_.features(), trainer_.path()}; }
  Trainer<T>& trainer() { return trainer_; }

  BlockResult train(const Rows& rows, const Order& order, const std::vector<int64_t>& boundaries,
                    int num_threads, MetricSums& totals, KeptBatches* kept) {
    const RowBatch& batch = rows.batch();
    if (batch.labels == nullptr) {
      throw std::invalid_argument("rows to train on need labels");
    }
    if (batch.feature_dim != table().num_entries()) {
      throw std::invalid_argument("rows are " + std::to_string(batch.feature_dim) +
                                  " features wide; the model has feature_dim " +
                                  std::to_string(table().num_entries()));
    }
    check_boundaries(boundaries, order ? static_cast<int64_t>(order->shape(0)) : batch.num_rows);
    if (kept != nullptr && order) {
      throw std::invalid_argument("mini-batches are kept of rows in their own order only");
    }
    const RowOrder row_order{&batch, order ? order->data() : nullptr};
    const nb::gil_scoped_release release;
    return trainer_.train(row_order, boundaries, num_threads, totals, kept);
  }

 private:
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

void require_same_shape(const ParameterTable<float>& one, const ParameterTable<float>& other) {
  if (one.num_entries() != other.num_entries() ||
      one.layout().num_factors != other.layout().num_factors) {
    throw std::invalid_argument("tables differ in feature_dim or num_factors");
  }
}

template <class T>
nb::class_<TrainerOwner<T>> bind_trainer(nb::module_& module, const char* name, const char* doc) {
  using Owner = TrainerOwner<T>;
  nb::class_<Owner> owner(module, name, doc);
  owner.def(
      nb::init<int64_t, int, const std::string&, const OptimizerSettings&, const std::string&>(),
      nb::arg("feature_dim"), nb::arg("num_factors"), nb::arg("predictor_type"),
      nb::arg("optimizer"), nb::arg("simd"));
  define_table<T>(owner);
  owner
      .def(
          "initialize",
          [](Owner& self, const TableInit& init, int num_threads) {
            const nb::gil_scoped_release release;
            self.trainer().initialize(init, num_threads);
          },
          nb::arg("init"), nb::arg("num_threads"))
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
            return self.access().factor_cells(self.table().layout().factor_state(slot));
          },
          nb::arg("slot"))
      .def(
          "set_state",
          [](Owner& self, int slot, const ReadVector<T>& linear,
             const ReadArray<T, nb::ndim<2>>& factors) {
            const TableLayout& layout = self.table().layout();
            self.access().set_linear_cells(layout.linear_state(slot), linear);
            self.access().set_factor_cells(layout.factor_state(slot), factors);
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
            require_same_shape(self.table(), snapshot.table());
            snapshot.table().copy_parameters(self.table());
          },
          nb::arg("snapshot"))
      .def(
          "restore_parameters",
          [](Owner& self, ScoringTable& snapshot) {
            require_same_shape(self.table(), snapshot.table());
            self.trainer().restore_parameters(snapshot.table());
          },
          nb::arg("snapshot"))
      .def(
          "copy_state",
          [](Owner& self, Owner& other) {
            require_same_shape(self.table(), other.table());
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
  nb::class_<GroupRates>(module, "GroupRates")
      .def(nb::init<double, double, double>(), nb::arg("learning_rate"), nb::arg("weight_decay"),
           nb::arg("l1") = 0.0);
  nb::class_<OptimizerSettings>(module, "OptimizerSettings")
      .def(
          "__init__",
          [](OptimizerSettings* self, Optimizer optimizer, GroupRates bias, GroupRates linear,
             GroupRates factors, double epsilon, double initial_accumulator, double ftrl_beta,
             double rescale_grad, std::optional<double> clip_gradient, bool lazy_update) {
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
          },
          nb::kw_only(), nb::arg("optimizer"), nb::arg("bias"), nb::arg("linear"),
          nb::arg("factors"), nb::arg("epsilon"), nb::arg("initial_accumulator"),
          nb::arg("ftrl_beta"), nb::arg("rescale_grad"), nb::arg("clip_gradient").none(),
          nb::arg("lazy_update"));
  nb::enum_<InitMethod>(module, "InitMethod")
      .value("normal", InitMethod::kNormal)
      .value("uniform", InitMethod::kUniform)
      .value("constant", InitMethod::kConstant);
  nb::class_<GroupInit>(module, "GroupInit")
      .def(nb::init<InitMethod, double>(), nb::arg("method"), nb::arg("scale"));
  nb::class_<TableInit>(module, "TableInit")
      .def(nb::init<GroupInit, GroupInit, GroupInit, uint64_t>(), nb::kw_only(), nb::arg("bias"),
           nb::arg("linear"), nb::arg("factors"), nb::arg("seed"));
}

}  // namespace

void bind_engine(nb::module_& module) {
  bind_settings(module);
  nb::class_<BlockResult>(module, "BlockResult")
      .def_ro("last_batch", &BlockResult::last_batch)
      .def_ro("num_batches", &BlockResult::num_batches)
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
  table.def(nb::init<int64_t, int, const std::string&>(), nb::arg("feature_dim"),
            nb::arg("num_factors"), nb::arg("simd"));
  define_table<float>(table);
  auto trainer = bind_trainer<float>(module, "Trainer", "Trains one model in this process.");
  bind_snapshots(trainer);
  bind_trainer<double>(module, "Float64Trainer",
                       "The same templates in double, to compare with an oracle in tests.");
}

}  // namespace pairloom::bindings
