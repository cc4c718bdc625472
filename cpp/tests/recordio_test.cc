#include "pairloom/recordio.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "pairloom/error.h"
#include "pairloom/protobuf_wire.h"

namespace pairloom {

namespace {

constexpr size_t kAllBytes = std::numeric_limits<size_t>::max();

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};
const std::vector<float> kLabels = {0, 1, 0};

SourceNumbers numbers_of(const std::vector<float>& numbers) {
  return {NumberType::kFloat32, numbers.data(), numbers.size()};
}

std::vector<uint8_t> dense_file() {
  SourceMatrix matrix;
  matrix.num_rows = 3;
  matrix.feature_dim = 2;
  matrix.values = numbers_of(kValues);
  matrix.labels = numbers_of(kLabels);
  std::vector<uint8_t> file;
  CHECK(encode_recordio(matrix, 0, kAllBytes, file) == 3);
  return file;
}

// A frame of any payload; `part` is the flag in the top bits of its length.
void append_frame(std::vector<uint8_t>& file, std::span<const uint8_t> payload, uint32_t part) {
  const uint32_t header[] = {0xCED7230A, part << 29 | static_cast<uint32_t>(payload.size())};
  const auto* bytes = reinterpret_cast<const uint8_t*>(header);
  file.insert(file.end(), bytes, bytes + sizeof(header));
  file.insert(file.end(), payload.begin(), payload.end());
  file.resize((file.size() + 3) / 4 * 4);
}

RecordioRows read_in_pieces(const std::vector<uint8_t>& file, size_t piece_bytes) {
  RecordioReader reader({});
  reader.begin_file("test");
  const std::span<const uint8_t> all(file);
  for (size_t begin = 0; begin < file.size(); begin += piece_bytes) {
    reader.feed(all.subspan(begin, std::min(piece_bytes, file.size() - begin)));
  }
  reader.end_file();
  return reader.take();
}

template <typename T>
std::vector<T> copy_of(const GrowingArray<T>& array) {
  return {array.begin(), array.end()};
}

}  // namespace

TEST_CASE("rows do not depend on the pieces in which a file arrives") {
  const std::vector<uint8_t> file = dense_file();
  for (size_t piece_bytes = 1; piece_bytes <= file.size(); ++piece_bytes) {
    const RecordioRows rows = read_in_pieces(file, piece_bytes);
    REQUIRE(rows.num_rows == 3);
    CHECK(rows.is_dense);
    CHECK(copy_of(rows.values) == kValues);
    CHECK(copy_of(rows.labels) == kLabels);
  }
}

TEST_CASE("split records are joined whatever the pieces") {
  const std::vector<uint8_t> whole = dense_file();
  const size_t frame_bytes = whole.size() / 3;
  const std::span<const uint8_t> payload(whole.data() + 8, frame_bytes - 8);
  std::vector<uint8_t> file;
  std::vector<uint8_t> held;  // a record that holds the magic in an unknown field
  held.assign(payload.begin(), payload.end());
  held.insert(held.end(), {0x7a, 8});
  append_frame(file, held, 1);
  const std::vector<uint8_t> rest = {9, 9, 9, 9};
  append_frame(file, rest, 3);
  for (size_t piece_bytes = 1; piece_bytes <= file.size(); ++piece_bytes) {
    CHECK(copy_of(read_in_pieces(file, piece_bytes).values) == std::vector<float>{1, 2});
  }
}

TEST_CASE("blocks of rows make the same bytes as all rows at once") {
  SourceMatrix matrix;
  matrix.num_rows = 3;
  matrix.feature_dim = 2;
  matrix.values = numbers_of(kValues);
  matrix.labels = numbers_of(kLabels);
  std::vector<uint8_t> file;
  for (uint64_t row = 0; row < 3;) {
    std::vector<uint8_t> block;
    const uint64_t next = encode_recordio(matrix, row, 1, block);
    CHECK(next == row + 1);
    file.insert(file.end(), block.begin(), block.end());
    row = next;
  }
  CHECK(file == dense_file());
}

TEST_CASE("reserving ahead changes nothing but the memory") {
  const std::vector<uint8_t> file = dense_file();
  RecordioReadOptions options;
  options.expected_bytes = file.size();
  RecordioReader reader(options);
  reader.begin_file("test");
  reader.feed(file);
  reader.end_file();
  CHECK(copy_of(reader.take().values) == kValues);
}

TEST_CASE("rows are taken piece by piece, and the first record holds for all") {
  const std::vector<uint8_t> file = dense_file();
  const std::span<const uint8_t> all(file);
  RecordioReadOptions options;
  options.require_labels = false;
  RecordioReader reader(options);
  reader.begin_file("test");
  reader.feed(all.first(file.size() / 3));
  CHECK(copy_of(reader.take().values) == std::vector<float>{1, 2});
  CHECK(reader.take().num_rows == 0);
  reader.feed(all.subspan(file.size() / 3));
  const RecordioRows rest = reader.take();
  CHECK(rest.feature_dim == 2);
  CHECK(copy_of(rest.values) == std::vector<float>{3, 4, 5, 6});
  CHECK(copy_of(rest.labels) == std::vector<float>{1, 0});
  const std::vector<float> values = {1, 2};
  SourceMatrix matrix;
  matrix.num_rows = 1;
  matrix.feature_dim = 2;
  matrix.values = numbers_of(values);
  std::vector<uint8_t> unlabelled;
  encode_recordio(matrix, 0, kAllBytes, unlabelled);
  CHECK_THROWS_WITH_AS(reader.feed(unlabelled),
                       doctest::Contains("record 3: no label; expected one as in the records"),
                       DataFormatError);
}

// The three records of dense_file, those before `num_weighted` with features["w"] = 0.5.
std::vector<uint8_t> weighted_file(size_t num_weighted) {
  const std::vector<uint8_t> entry = {0x0a, 0x0d, 0x0a, 1, 'w', 0x12, 0x08, 0x12,
                                      0x06, 0x0a, 4,    0, 0,   0,    0x3f};
  const std::vector<uint8_t> dense = dense_file();
  const size_t frame_bytes = dense.size() / 3;
  uint32_t payload_bytes;
  std::memcpy(&payload_bytes, dense.data() + 4, sizeof(payload_bytes));
  std::vector<uint8_t> file;
  for (size_t row = 0; row < 3; ++row) {
    const uint8_t* const payload = dense.data() + row * frame_bytes + 8;
    std::vector<uint8_t> message(payload, payload + payload_bytes);
    if (row < num_weighted) {
      message.insert(message.end(), entry.begin(), entry.end());
    }
    append_frame(file, message, 0);
  }
  return file;
}

RecordioRows read_weighted(size_t num_weighted, bool require_weights) {
  RecordioReadOptions options;
  options.weight_feature = "w";
  options.require_weights = require_weights;
  RecordioReader reader(options);
  reader.begin_file("test");
  reader.feed(weighted_file(num_weighted));
  reader.end_file();
  return reader.take();
}

TEST_CASE("weights are read where they are asked for, of every record or of none") {
  const RecordioRows rows = read_weighted(3, true);
  CHECK(copy_of(rows.values) == kValues);
  CHECK(copy_of(rows.labels) == kLabels);
  CHECK(copy_of(rows.weights) == std::vector<float>{0.5f, 0.5f, 0.5f});
  CHECK(read_weighted(0, false).weights.empty());
  CHECK(read_weighted(3, false).weights.size() == 3);
  CHECK_THROWS_WITH_AS(read_weighted(2, true),
                       doctest::Contains("record 2: no weight; expected features[\"w\"]"),
                       DataFormatError);
  CHECK_THROWS_WITH_AS(read_weighted(1, false), doctest::Contains("as in the records before"),
                       DataFormatError);
  CHECK_THROWS_WITH_AS(read_in_pieces(weighted_file(3), 7),
                       doctest::Contains("features[\"w\"]; expected no name but"), DataFormatError);
}

TEST_CASE("an error names the file, the byte and the record") {
  std::vector<uint8_t> file = dense_file();
  const size_t second = file.size() / 3;
  file[second] = 0;
  const std::string place = "test: byte " + std::to_string(second) + ", record 1: ";
  for (size_t piece_bytes = 1; piece_bytes <= file.size(); ++piece_bytes) {
    CHECK_THROWS_WITH_AS(
        read_in_pieces(file, piece_bytes),
        (place + "bad magic 0xced72300; expected 0xced7230a at the start of a record").c_str(),
        DataFormatError);
  }
}

TEST_CASE("varints of every length survive the way out and in") {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const uint64_t value : {uint64_t{1} << bits, (uint64_t{1} << bits) - 1}) {
      uint8_t bytes[10];
      const uint8_t* end = wire::write_varint(bytes, value);
      CHECK(static_cast<size_t>(end - bytes) == wire::varint_size(value));
      wire::Reader reader({bytes, end});
      CHECK(reader.varint() == value);
      CHECK(reader.at_end());
    }
  }
}

TEST_CASE("a growing array keeps its values while it grows and shrinks") {
  GrowingArray<int64_t> array;
  for (int64_t i = 0; i < 100000; ++i) {
    array.push_back(i);
  }
  array.truncate(50000);
  array.shrink_to_fit();
  REQUIRE(array.size() == 50000);
  for (int64_t i = 0; i < 50000; ++i) {
    REQUIRE(array[static_cast<size_t>(i)] == i);
  }
}

TEST_CASE("whole records end where a record does that began in time") {
  std::vector<uint8_t> file = dense_file();
  const uint64_t record = file.size() / 3;
  const auto whole = [&](uint64_t stop) {
    const RecordSpan span = whole_records(file, stop);
    return std::pair{span.num_bytes, span.num_records};
  };
  CHECK(whole(UINT64_MAX) == std::pair<uint64_t, uint64_t>{3 * record, 3});
  CHECK(whole(0) == std::pair<uint64_t, uint64_t>{0, 0});
  CHECK(whole(1) == std::pair<uint64_t, uint64_t>{record, 1});
  CHECK(whole(record) == std::pair<uint64_t, uint64_t>{record, 1});
  CHECK(whole(record + 1) == std::pair<uint64_t, uint64_t>{2 * record, 2});
  const std::vector<uint8_t> payload(8, 1);
  append_frame(file, payload, 1);
  CHECK(whole(UINT64_MAX) == std::pair<uint64_t, uint64_t>{3 * record, 3});
  append_frame(file, payload, 3);
  CHECK(whole(3 * record + 1) == std::pair<uint64_t, uint64_t>{3 * record + 32, 4});
  file.resize(file.size() - 1);
  CHECK(whole(UINT64_MAX) == std::pair<uint64_t, uint64_t>{3 * record, 3});
  file[record] ^= 1;
  CHECK(whole(UINT64_MAX) == std::pair<uint64_t, uint64_t>{file.size(), 1});
}

TEST_CASE("the rest of a file counts bytes and records from where it begins") {
  RecordioReader reader({});
  reader.begin_file("test", 4096, 17);
  const std::vector<uint8_t> file = dense_file();
  reader.feed(file);
  const std::vector<uint8_t> wrong(8, 0);
  std::string complaint;
  try {
    reader.feed(wrong);
  } catch (const DataFormatError& error) {
    complaint = error.what();
  }
  const std::string place = "test: byte " + std::to_string(4096 + file.size()) + ", record 20: ";
  CHECK(complaint.substr(0, place.size()) == place);
}

TEST_CASE("the first record after any byte is found") {
  const std::vector<uint8_t> file = dense_file();
  const auto record = static_cast<int64_t>(file.size() / 3);
  const auto first = [&](int64_t from, bool ends, size_t count = SIZE_MAX) {
    const auto rest = std::span(file).subspan(static_cast<size_t>(from));
    return first_record(rest.first(std::min(count, rest.size())), ends);
  };
  CHECK(first(0, false) == 0);
  CHECK(first(4, false) == record - 4);
  CHECK(first(4, false, static_cast<size_t>(record) + 4) == -1);
  CHECK(first(record, true) == 0);
  CHECK(first(record + 4, true) == record - 4);
  CHECK(first(record + 4, false) == -1);
  CHECK(first(2 * record + 4, true) == -1);
  std::vector<uint8_t> split;
  const std::vector<uint8_t> payload(8, 1);
  append_frame(split, payload, 2);
  append_frame(split, payload, 3);
  append_frame(split, payload, 0);
  CHECK(first_record(split, true) == 32);
}

}  // namespace pairloom
