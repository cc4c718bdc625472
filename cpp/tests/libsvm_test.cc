#include "pairloom/libsvm.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pairloom/error.h"

namespace pairloom {

namespace {

LibsvmRows read(std::string_view text, const LibsvmReadOptions& options = {},
                size_t piece_bytes = SIZE_MAX) {
  LibsvmReader reader(options);
  reader.begin_file("test");
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (size_t begin = 0; begin < text.size();) {
    const size_t count = std::min(piece_bytes, text.size() - begin);
    reader.feed({bytes + begin, count});
    begin += count;
  }
  reader.end_file();
  return reader.take();
}

std::string complaint(std::string_view text, const LibsvmReadOptions& options = {}) {
  try {
    read(text, options);
  } catch (const DataFormatError& error) {
    return error.what();
  }
  return "";
}

template <typename T>
std::vector<T> all(const GrowingArray<T>& array) {
  return {array.begin(), array.end()};
}

}  // namespace

TEST_CASE("libsvm lines become the same rows in pieces of any size") {
  const std::string_view text = "1 1:0.5 3:1\n# note\n\n-2e0\t2:-1 qid\n";
  CHECK(complaint(text) == "test: line 4, column 11: \"qid\"; expected id:value");
  const std::string_view good = "1 qid:7 1:0.5 3:1 # c 4:4\r\n\n-2 2:-1\n+3";
  for (const size_t piece_bytes : {SIZE_MAX, size_t{1}, size_t{2}, size_t{7}}) {
    const LibsvmRows rows = read(good, {}, piece_bytes);
    CHECK(rows.num_rows == 3);
    CHECK(rows.feature_dim == 3);
    CHECK(rows.num_queries == 1);
    CHECK(all(rows.row_offsets) == std::vector<int64_t>{0, 2, 3, 3});
    CHECK(all(rows.narrow_ids) == std::vector<int32_t>{0, 2, 1});
    CHECK(all(rows.values) == std::vector<float>{0.5f, 1, -1});
    CHECK(all(rows.labels) == std::vector<float>{1, -2, 3});
  }
}

TEST_CASE("libsvm ids count from 0 when any is 0") {
  CHECK(all(read("1 1:1\n").narrow_ids) == std::vector<int32_t>{0});
  CHECK(all(read("1 1:1\n1 0:1\n").narrow_ids) == std::vector<int32_t>{1, 0});
  CHECK(read("1 1:1\n1 0:1\n").feature_dim == 2);
  LibsvmReadOptions zero;
  zero.first_id = FirstId::kZero;
  CHECK(all(read("1 1:1\n", zero).narrow_ids) == std::vector<int32_t>{1});
  LibsvmReadOptions one;
  one.first_id = FirstId::kOne;
  CHECK(complaint("1 0:1\n", one) ==
        "test: line 1, column 3: feature id 0; expected ids from 1, as zero_based is false");
}

TEST_CASE("libsvm ids beyond 32 bits are kept") {
  const LibsvmRows rows = read("1 1:1\n1 3:1 9223372036854775807:1\n");
  CHECK(rows.has_wide_ids);
  CHECK(all(rows.wide_ids) == std::vector<int64_t>{0, 2, INT64_MAX - 1});
  CHECK(rows.feature_dim == INT64_MAX);
  CHECK(rows.values.empty());
  CHECK(complaint("1 9223372036854775808:1\n").find("expected at most") != std::string::npos);
}

TEST_CASE("libsvm ids are held to the width") {
  LibsvmReadOptions options;
  options.feature_dim = 4;
  CHECK(complaint("1 2:1 5:1\n", options) ==
        "test: line 1, column 7: feature id 5; expected 1 to 4");
  CHECK(read("1 2:1 4:1\n", options).feature_dim == 4);
  CHECK(complaint("1 4:1\n1 4:1\n1 0:1\n", options) ==
        "test: line 1, column 3: feature id 4; expected 0 to 3, as line 3 of test holds the "
        "feature id 0");
  CHECK(complaint("1 0:1\n1 1:1 4:1\n", options) ==
        "test: line 2, column 7: feature id 4; expected 0 to 3");
}

TEST_CASE("libsvm ids ascend") {
  CHECK(complaint("1 3:1 3:1\n") ==
        "test: line 1, column 7: feature id 3 after 3; expected ascending ids");
  CHECK(complaint("1 3:1 2:1\n") ==
        "test: line 1, column 7: feature id 2 after 3; expected ascending ids");
}

TEST_CASE("libsvm rows are written in the fewest digits") {
  const std::vector<float> values = {0.1f, 1, -2.5f, 1e-30f};
  const std::vector<int32_t> ids = {0, 7, 5, 2};
  const std::vector<int64_t> offsets = {0, 2, 2, 4};
  const std::vector<float> labels = {1, -1, 0.25f};
  SourceMatrix matrix;
  matrix.num_rows = 3;
  matrix.feature_dim = 8;
  matrix.values = {NumberType::kFloat32, values.data(), values.size()};
  matrix.row_offsets = offsets;
  matrix.feature_ids = {false, ids.data(), ids.size()};
  matrix.labels = {NumberType::kFloat32, labels.data(), labels.size()};
  std::vector<uint8_t> file;
  CHECK(encode_libsvm(matrix, false, 0, SIZE_MAX, file) == 3);
  CHECK(std::string(file.begin(), file.end()) == "1 1:0.1 8:1\n-1\n0.25 3:1e-30 6:-2.5\n");
}

TEST_CASE("whole lines end where a line does that began in time") {
  const std::string_view text = "1 1:1\n2 2:1\n3 3:1";
  const auto whole = [&](uint64_t stop) {
    const RecordSpan span =
        whole_lines({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, stop);
    return std::pair{span.num_bytes, span.num_records};
  };
  CHECK(whole(UINT64_MAX) == std::pair<uint64_t, uint64_t>{12, 2});
  CHECK(whole(0) == std::pair<uint64_t, uint64_t>{0, 0});
  CHECK(whole(1) == std::pair<uint64_t, uint64_t>{6, 1});
  CHECK(whole(6) == std::pair<uint64_t, uint64_t>{6, 1});
  CHECK(whole(7) == std::pair<uint64_t, uint64_t>{12, 2});
  CHECK(whole(13) == std::pair<uint64_t, uint64_t>{12, 2});
}

TEST_CASE("the rest of a text counts its lines from where it begins") {
  LibsvmReader reader({.first_id = FirstId::kZero, .binary_labels = true});
  reader.begin_file("test", 7);
  const std::string_view text = "1 1:1\n-1 1:1\n";
  reader.feed({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  const LibsvmRows rows = reader.take();
  CHECK(rows.minus_one_label_place == "test: line 9, column 1: ");
  CHECK(rows.zero_label_place.empty());
}

TEST_CASE("rows are taken piece by piece, and what lines told before still holds") {
  LibsvmReader reader({.require_labels = false});
  reader.begin_file("test");
  const auto take = [&](std::string_view text) {
    reader.feed({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    return reader.take();
  };
  CHECK(take("1 5:2\n1 ").feature_dim == 5);
  const LibsvmRows rest = take("0:1\n");
  CHECK(rest.num_rows == 1);
  CHECK(rest.zero_based);
  CHECK(rest.feature_dim == 6);
  CHECK(rest.narrow_ids.size() == 1);
  CHECK(rest.values.empty());
  CHECK_THROWS_WITH_AS(
      take("3:1\n"), doctest::Contains("line 3, column 1: no label; expected one as in the lines"),
      DataFormatError);
}

}  // namespace pairloom
