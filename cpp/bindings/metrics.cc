#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arrays.h"
#include "bindings.h"
#include "pairloom/loss.h"
#include "pairloom/random.h"
#include "pairloom/score.h"
#include "pairloom/simd.h"
#include "rows.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

void require_same_length(size_t scores, size_t labels) {
  if (scores != labels) {
    throw std::invalid_argument("scores and labels must have one value per row, not " +
                                std::to_string(scores) + " and " + std::to_string(labels));
  }
}

MetricSums sums_of_rows(const ReadVector<float>& scores, const ReadVector<float>& labels,
                        const FloatVector& weights, const std::string& predictor_type) {
  require_same_length(scores.shape(0), labels.shape(0));
  if (weights) {
    require_same_length(scores.shape(0), weights->shape(0));
  }
  const Loss loss = predictor_type == "regressor" ? Loss::kSquared : Loss::kLogistic;
  return metrics_of(scores.data(), labels.data(), weights ? weights->data() : nullptr,
                    scores.shape(0), loss);
}

int64_t first_not_finite(const ReadVector<float>& scores) {
  const float* end = scores.data() + scores.shape(0);
  const float* found =
      std::find_if(scores.data(), end, [](float score) { return !std::isfinite(score); });
  return found == end ? -1 : found - scores.data();
}

}  // namespace

void bind_metrics(nb::module_& module) {
  module.def("first_not_finite", &first_not_finite, nb::arg("scores"),
             "Where the first NaN or infinity is; -1 without any.");
  nb::class_<MetricSums>(module, "MetricSums", "Sums over rows, each counted by its weight.")
      .def(nb::init<>())
      .def("add", &MetricSums::add, nb::arg("other"))
      .def_rw("weight", &MetricSums::weight)
      .def_rw("log_loss", &MetricSums::log_loss)
      .def_rw("correct", &MetricSums::correct)
      .def_rw("true_positive", &MetricSums::true_positive)
      .def_rw("predicted_positive", &MetricSums::predicted_positive)
      .def_rw("actual_positive", &MetricSums::actual_positive)
      .def_rw("squared_error", &MetricSums::squared_error)
      .def_rw("absolute_error", &MetricSums::absolute_error);
  module.def("metric_sums", &sums_of_rows, nb::arg("scores"), nb::arg("labels"),
             nb::arg("weights").none(), nb::arg("predictor_type"));
  module.def(
      "area_under_curve",
      [](const ReadVector<float>& scores, const ReadVector<float>& labels) {
        require_same_length(scores.shape(0), labels.shape(0));
        return area_under_curve(scores.data(), labels.data(), scores.shape(0));
      },
      nb::arg("scores"), nb::arg("labels"),
      "Exact, by rank counts; NaN when all labels are one class.");
  module.def(
      "probabilities",
      [](const ReadVector<float>& scores) {
        auto out = new_array<float, 1>({scores.shape(0)});
        probabilities_of(scores.data(), scores.shape(0), out.data());
        return out;
      },
      nb::arg("scores"));
  module.def(
      "shuffled_rows",
      [](uint64_t seed, uint64_t epoch, uint32_t num_rows) {
        auto out = new_array<uint32_t, 1>({num_rows});
        const auto order = shuffled_rows(seed, epoch, num_rows);
        std::copy(order.begin(), order.end(), out.data());
        return out;
      },
      nb::arg("seed"), nb::arg("epoch"), nb::arg("num_rows"),
      "A permutation that depends on the seed and the epoch alone.");
  module.def(
      "simd_name", [](const std::string& name) { return simd_name(simd_path(name)); },
      nb::arg("name"), "The instruction path that auto, baseline or avx2 stands for here.");
}

}  // namespace pairloom::bindings
