#include "pairloom/interactions.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "bindings.h"
#include "rows.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

// Keeps the arrays alive that the search borrows.
class Search {
 public:
  using Factors = ReadArray<float, nb::ndim<2>>;
  using Fields = std::optional<ReadVector<int32_t>>;

  Search(Factors factors, Fields fields, size_t count)
      : factors_(std::move(factors)),
        fields_(std::move(fields)),
        search_(factors_.data(), static_cast<int64_t>(factors_.shape(0)),
                static_cast<int>(factors_.shape(1)), checked_fields(), count) {}

  InteractionSearch& search() { return search_; }

 private:
  const int32_t* checked_fields() const {
    if (!fields_) {
      return nullptr;
    }
    if (fields_->shape(0) != factors_.shape(0)) {
      throw std::invalid_argument("expected one field per vector");
    }
    return fields_->data();
  }

  Factors factors_;
  Fields fields_;
  InteractionSearch search_;
};

using Found = std::tuple<int64_t, int64_t, double>;

}  // namespace

void bind_interactions(nb::module_& module) {
  nb::class_<Search>(module, "InteractionSearch",
                     "Pairs of vectors with the largest inner products by magnitude.")
      .def(nb::init<Search::Factors, Search::Fields, size_t>(), nb::arg("factors"),
           nb::arg("fields").none(), nb::arg("count"))
      .def_prop_ro("num_vectors", [](Search& self) { return self.search().num_vectors(); })
      .def(
          "run",
          [](Search& self, size_t begin, size_t end, int num_threads) {
            const nb::gil_scoped_release release;
            self.search().run(begin, end, num_threads);
          },
          nb::arg("begin"), nb::arg("end"), nb::arg("num_threads"))
      .def("result", [](Search& self) {
        std::vector<Found> found;
        for (const Interaction& interaction : self.search().result()) {
          found.emplace_back(interaction.first, interaction.second, interaction.inner_product);
        }
        return found;
      });
}

}  // namespace pairloom::bindings
