#include <nanobind/nanobind.h>

#include <string_view>

#include "arrays.h"
#include "bindings.h"
#include "pairloom/csv_rows.h"
#include "pairloom/json_rows.h"
#include "pairloom/predictions.h"
#include "rows.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

nb::dict rows_to_python(RequestRows&& rows) {
  const size_t num_rows = rows.num_rows;
  const size_t num_values = rows.values.size();
  nb::dict result;
  result["feature_dim"] = rows.feature_dim;
  if (rows.is_dense) {
    result["values"] = to_numpy(std::move(rows.values), {num_rows, rows.feature_dim});
    return result;
  }
  result["row_offsets"] = to_numpy(std::move(rows.row_offsets), {num_rows + 1});
  result["feature_ids"] = to_numpy(std::move(rows.feature_ids), {num_values});
  result["values"] = to_numpy(std::move(rows.values), {num_values});
  return result;
}

// Python keeps a null character behind the bytes of every bytes object.
std::string_view text_of(const nb::bytes& body) { return {body.c_str(), body.size()}; }

template <typename Read>
nb::dict read_rows(const nb::bytes& body, const Read& read) {
  RequestRows rows;
  {
    nb::gil_scoped_release release;
    rows = read(text_of(body));
  }
  return rows_to_python(std::move(rows));
}

}  // namespace

void bind_request_rows(nb::module_& module) {
  module.def(
      "read_json_rows",
      [](const nb::bytes& body, uint64_t feature_dim, bool lines) {
        return read_rows(body, [&](std::string_view text) {
          return read_json_rows(text, {feature_dim, lines});
        });
      },
      "body"_a, "feature_dim"_a, "lines"_a,
      nb::sig("def read_json_rows(body: bytes, feature_dim: int, lines: bool) -> "
              "dict[str, typing.Any]"),
      "The arrays of a RowBatch. Width 0: rows of any width, all of them sparse.");
  module.def(
      "read_json_ranking",
      [](const nb::bytes& body, uint64_t feature_dim) {
        JsonRanking ranking;
        {
          nb::gil_scoped_release release;
          ranking = read_json_ranking(text_of(body), feature_dim);
        }
        return nb::make_tuple(rows_to_python(std::move(ranking.context)),
                              rows_to_python(std::move(ranking.candidates)), ranking.count);
      },
      "body"_a, "feature_dim"_a,
      nb::sig("def read_json_ranking(body: bytes, feature_dim: int) -> "
              "tuple[dict[str, typing.Any], dict[str, typing.Any], int]"),
      "The arrays of two RowBatches, context and candidates, and how many to return.");
  module.def(
      "read_csv_rows",
      [](const nb::bytes& body, uint64_t feature_dim) {
        return read_rows(body,
                         [&](std::string_view text) { return read_csv_rows(text, feature_dim); });
      },
      "body"_a, "feature_dim"_a,
      nb::sig("def read_csv_rows(body: bytes, feature_dim: int) -> dict[str, typing.Any]"),
      "The arrays of a RowBatch. Width 0: rows of any width, all of them sparse.");
  nb::enum_<PredictionLayout>(module, "PredictionLayout")
      .value("json", PredictionLayout::kJson)
      .value("jsonlines", PredictionLayout::kJsonLines)
      .value("csv", PredictionLayout::kCsv)
      .value("recordio", PredictionLayout::kRecordio);
  module.def(
      "write_predictions",
      [](const ReadVector<float>& scores, bool with_labels, PredictionLayout layout) {
        std::string text;
        {
          nb::gil_scoped_release release;
          text = write_predictions({scores.data(), scores.shape(0)}, with_labels, layout);
        }
        return nb::bytes(text.data(), text.size());
      },
      "scores"_a, "with_labels"_a, "layout"_a,
      "Predictions as the body of an answer; with labels, scores are probabilities.");
}

}  // namespace pairloom::bindings
