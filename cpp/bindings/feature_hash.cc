#include "pairloom/feature_hash.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/variant.h>

#include <optional>
#include <string>
#include <variant>

#include "arrays.h"
#include "bindings.h"
#include "rows.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace pairloom::bindings {

namespace {

using IdVector = std::variant<ReadVector<int32_t>, ReadVector<int64_t>>;

void check_bits(unsigned hash_bits) {
  if (hash_bits < 1 || hash_bits > kMaxHashBits) {
    throw nb::value_error("hash_bits must be 1 to 30");
  }
}

// Offsets that ascend from 0 within `size`.
void check_offsets(const ReadVector<int64_t>& offsets, size_t size) {
  if (offsets.shape(0) == 0 || offsets.data()[0] < 0) {
    throw nb::value_error("expected offsets from 0 on");
  }
  for (size_t i = 1; i < offsets.shape(0); ++i) {
    if (offsets.data()[i] < offsets.data()[i - 1]) {
      throw nb::value_error("offsets must ascend");
    }
  }
  if (static_cast<uint64_t>(offsets.data()[offsets.shape(0) - 1]) > size) {
    throw nb::value_error("offsets lead past the end");
  }
}

// Hashes name + "=" + text for each text.
nb::object hash_texts(const nb::bytes& name, const ReadVector<uint8_t>& texts,
                      const ReadVector<int64_t>& offsets, unsigned hash_bits) {
  check_bits(hash_bits);
  check_offsets(offsets, texts.shape(0));
  const size_t count = offsets.shape(0) - 1;
  GrowingArray<int32_t> ids;
  int32_t* next = ids.extend(count);
  std::string feature(name.c_str(), name.size());
  feature += '=';
  const size_t prefix = feature.size();
  const auto* bytes = reinterpret_cast<const char*>(texts.data());
  for (size_t i = 0; i < count; ++i) {
    const int64_t begin = offsets.data()[i];
    feature.replace(prefix, std::string::npos, bytes + begin,
                    static_cast<size_t>(offsets.data()[i + 1] - begin));
    next[i] = static_cast<int32_t>(hash_name(feature, hash_bits));
  }
  return to_numpy(std::move(ids), {count});
}

nb::object hash_rows_of(const ReadVector<int64_t>& row_offsets, const IdVector& feature_ids,
                        const FloatVector& values, unsigned hash_bits) {
  check_bits(hash_bits);
  const size_t num_ids = std::visit([](const auto& ids) { return ids.shape(0); }, feature_ids);
  check_offsets(row_offsets, values ? std::min(num_ids, values->shape(0)) : num_ids);
  const std::span<const int64_t> offsets(row_offsets.data(), row_offsets.shape(0));
  const float* numbers = values ? values->data() : nullptr;
  MergedRows rows;
  {
    nb::gil_scoped_release release;
    rows = std::visit(
        [&](const auto& ids) { return hash_rows(offsets, ids.data(), numbers, hash_bits); },
        feature_ids);
  }
  const size_t num_entries = rows.feature_ids.size();
  return nb::make_tuple(to_numpy(std::move(rows.row_offsets), {offsets.size()}),
                        to_numpy(std::move(rows.feature_ids), {num_entries}),
                        to_numpy(std::move(rows.values), {num_entries}));
}

}  // namespace

void bind_feature_hash(nb::module_& module) {
  module.def(
      "hash_name",
      [](const nb::bytes& name, unsigned hash_bits) {
        check_bits(hash_bits);
        return hash_name({name.c_str(), name.size()}, hash_bits);
      },
      "name"_a, "hash_bits"_a, "The feature id of a name.");
  module.def("hash_texts", &hash_texts, "name"_a, "texts"_a.noconvert(), "offsets"_a.noconvert(),
             "hash_bits"_a,
             nb::sig("def hash_texts(name: bytes, texts: NDArray[numpy.uint8], offsets: "
                     "NDArray[numpy.int64], hash_bits: int) -> NDArray[numpy.int32]"),
             "The feature ids of name=text for each text.");
  module.def("hash_rows", &hash_rows_of, "row_offsets"_a.noconvert(), "feature_ids"_a.noconvert(),
             "values"_a.noconvert().none(), "hash_bits"_a,
             nb::sig("def hash_rows(row_offsets: NDArray[numpy.int64], feature_ids: "
                     "NDArray[numpy.int32] | NDArray[numpy.int64], values: NDArray[numpy.float32] "
                     "| None, hash_bits: int) -> tuple[NDArray[numpy.int64], NDArray[numpy.int32], "
                     "NDArray[numpy.float32]]"),
             "Rows whose ids are hashed, sorted and merged: offsets, ids, values.");
}

}  // namespace pairloom::bindings
