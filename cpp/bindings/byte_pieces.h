// Pieces of files, and where whole records end in them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "pairloom/record_span.h"

namespace pairloom::bindings {

using ByteArray =
    nanobind::ndarray<const uint8_t, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

template <class Work>
auto without_gil(Work&& work) {
  const nanobind::gil_scoped_release release;
  return work();
}

inline void define_whole_records(nanobind::module_& module, const char* name,
                                 RecordSpan (*whole)(std::span<const uint8_t>, uint64_t),
                                 const std::string& what) {
  const std::string doc = "The bytes of the whole " + what +
                          " at the beginning of a piece that begin before byte `stop`, and how "
                          "many these are.";
  module.def(
      name,
      [whole](const ByteArray& piece, uint64_t stop) {
        const RecordSpan span =
            without_gil([&] { return whole({piece.data(), piece.size()}, stop); });
        return std::pair{span.num_bytes, span.num_records};
      },
      nanobind::arg("piece"), nanobind::arg("stop"), doc.c_str());
}

}  // namespace pairloom::bindings
