#include "pairloom/packed_rows.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "pairloom/error.h"
#include "small_data.h"

namespace pairloom {

namespace {

using testing::Form;
using testing::SmallData;

GrowingArray<uint8_t> pack(const RowBatch& rows) {
  GrowingArray<uint8_t> bytes;
  pack_rows(rows, bytes);
  return bytes;
}

template <class T, class U>
bool same(const T* expected, const GrowingArray<U>& found, size_t count) {
  static_assert(sizeof(T) == sizeof(U));
  return found.size() == count && std::memcmp(expected, found.data(), count * sizeof(T)) == 0;
}

void check_round_trip(const RowBatch& rows) {
  const GrowingArray<uint8_t> bytes = pack(rows);
  const UnpackedRows again = unpack_rows(bytes.view());
  const auto num_rows = static_cast<size_t>(rows.num_rows);
  CHECK(again.num_rows == num_rows);
  CHECK(again.feature_dim == static_cast<uint64_t>(rows.feature_dim));
  CHECK(again.is_dense == rows.dense());
  CHECK(same(rows.labels, again.labels, num_rows));
  CHECK((rows.weights == nullptr ? again.weights.empty()
                                 : same(rows.weights, again.weights, num_rows)));
  if (rows.dense()) {
    CHECK(same(rows.values, again.values, num_rows * again.feature_dim));
    return;
  }
  CHECK(same(rows.row_offsets, again.row_offsets, num_rows + 1));
  const auto num_entries = static_cast<size_t>(rows.row_offsets[num_rows]);
  CHECK((rows.values == nullptr ? again.values.empty()
                                : same(rows.values, again.values, num_entries)));
  CHECK((rows.ids64 != nullptr ? same(rows.ids64, again.wide_ids, num_entries)
                               : same(rows.ids32, again.narrow_ids, num_entries)));
}

bool is_refused(const GrowingArray<uint8_t>& bytes) {
  try {
    unpack_rows(bytes.view());
  } catch (const DataFormatError&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("packed rows come back as they were") {
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    for (const int64_t num_rows : {0, 1, 7, 64, 201}) {
      for (const bool weighted : {false, true}) {
        check_round_trip(SmallData(form, num_rows, 29, weighted).batch());
      }
    }
  }
}

TEST_CASE("packed ids of every size come back") {
  std::vector<uint64_t> wide;
  for (unsigned bits = 0; bits < 63; ++bits) {
    wide.push_back((uint64_t{1} << bits) - 1);
    wide.push_back(uint64_t{1} << bits);
  }
  wide.push_back(std::numeric_limits<int64_t>::max());
  std::vector<uint32_t> narrow;
  for (const uint64_t id : wide) {
    if (id <= std::numeric_limits<int32_t>::max()) {
      narrow.push_back(static_cast<uint32_t>(id));
    }
  }
  const std::vector<float> labels{2.5f, -0.0f, 0.0f};
  RowBatch rows;
  rows.num_rows = 3;
  rows.feature_dim = std::numeric_limits<int64_t>::max();
  rows.labels = labels.data();
  const auto num_wide = static_cast<int64_t>(wide.size());
  const std::vector<int64_t> of_wide{0, 5, 5, num_wide};
  rows.row_offsets = of_wide.data();
  rows.ids64 = wide.data();
  check_round_trip(rows);
  const auto num_narrow = static_cast<int64_t>(narrow.size());
  const std::vector<int64_t> of_narrow{0, num_narrow - 3, num_narrow, num_narrow};
  rows.row_offsets = of_narrow.data();
  rows.ids64 = nullptr;
  rows.ids32 = narrow.data();
  check_round_trip(rows);
}

TEST_CASE("one-hot rows take few bytes") {
  const SmallData data(Form::kOneHot, 200, 29, false);
  const RowBatch rows = data.batch();
  const auto num_entries = static_cast<size_t>(rows.row_offsets[rows.num_rows]);
  CHECK(pack(rows).size() < 2 * num_entries);
}

TEST_CASE("rows that cannot be packed are refused") {
  const std::vector<int64_t> offsets{0, 2};
  const std::vector<uint32_t> ids{4, 3};
  const std::vector<float> labels{1.0f};
  RowBatch rows;
  rows.num_rows = 1;
  rows.feature_dim = 5;
  rows.row_offsets = offsets.data();
  rows.ids32 = ids.data();
  CHECK_THROWS_AS(pack(rows), DataError);
  rows.labels = labels.data();
  CHECK_THROWS_WITH_AS(pack(rows),
                       "row 0 holds feature id 3 after 4; ids of a row must ascend to be packed",
                       DataError);
}

TEST_CASE("packed rows cut anywhere, or with bytes behind them, are refused") {
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    GrowingArray<uint8_t> bytes = pack(SmallData(form, 5, 29, true).batch());
    GrowingArray<uint8_t> longer;
    longer.append(bytes.data(), bytes.size());
    longer.push_back(0);
    CHECK(is_refused(longer));
    while (!bytes.empty()) {
      bytes.truncate(bytes.size() - 1);
      CHECK(is_refused(bytes));
    }
  }
}

}  // namespace pairloom
