#include "pairloom/json_rows.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pairloom/error.h"
#include "utf8.h"

namespace pairloom {

namespace {

RequestRows read(const std::string& text, uint64_t feature_dim = 3, bool lines = false) {
  return read_json_rows(text, {feature_dim, lines});
}

std::string complaint(const std::string& text, bool lines = false) {
  try {
    read(text, 3, lines);
  } catch (const DataFormatError& error) {
    return error.what();
  }
  return "";
}

std::string of_instance(const std::string& instance) {
  return complaint("{\"instances\":[{\"features\":[1,2,3]}," + instance + "]}");
}

std::string of_tensor(const std::string& members) {
  return of_instance("{\"data\":{\"features\":{" + members + "}}}");
}

template <typename T>
std::vector<T> all(const GrowingArray<T>& array) {
  return {array.begin(), array.end()};
}

}  // namespace

TEST_CASE("JSON rows stay dense while all are") {
  const RequestRows rows = read(
      "{ \"instances\" : [ {\"features\":[1, 2.5 ,-3e-1]},\n{\"data\":{\"features\":"
      "{\"values\":[0,0.0,1]}},\"configuration\":{\"a\":[null,\"\\u00e9\"]}} ] } \n");
  CHECK(rows.is_dense);
  CHECK(rows.num_rows == 2);
  CHECK(all(rows.values) == std::vector<float>{1, 2.5f, -0.3f, 0, 0, 1});
}

TEST_CASE("JSON rows are sparse from the first one that is, and their keys sorted") {
  const RequestRows rows = read(
      "{\"instances\":[{\"features\":[0,2,3]},{\"data\":{\"features\":{\"values\":[5,6],"
      "\"keys\":[2,0],\"shape\":[3]}}},{\"features\":[0,0,7]},"
      "{\"data\":{\"features\":{\"keys\":[],\"shape\":[3],\"values\":[]}}}]}");
  CHECK(!rows.is_dense);
  CHECK(all(rows.row_offsets) == std::vector<int64_t>{0, 2, 4, 5, 5});
  CHECK(all(rows.feature_ids) == std::vector<int64_t>{1, 2, 0, 2, 2});
  CHECK(all(rows.values) == std::vector<float>{2, 3, 6, 5, 7});
}

TEST_CASE("JSON rows of any width are sparse") {
  const RequestRows rows = read(
      "{\"features\":[1,0]}\n\n{\"data\":{\"features\":{\"keys\":[9223372036854775806],"
      "\"shape\":[5],\"values\":[2]}}}\r\n",
      0, true);
  CHECK(all(rows.feature_ids) == std::vector<int64_t>{0, INT64_MAX - 1});
  CHECK(rows.feature_dim == INT64_MAX);
  CHECK(rows.num_rows == 2);
}

TEST_CASE("JSON errors name the place, the value and the rule") {
  CHECK(of_instance("{\"features\":[1,2]}") == "instances[1].features has 2 values, expected 3");
  CHECK(of_instance("{\"features\":[1,2,3,4]}") ==
        "instances[1].features has 4 values, expected 3");
  CHECK(of_instance("{\"features\":[1,\"2\",3]}") ==
        "instances[1].features[1] is \"2\", expected a number");
  CHECK(of_instance("{\"features\":[1,NaN,3]}") ==
        "instances[1].features[1] is NaN, expected a number");
  CHECK(of_instance("{\"features\":[1,2,1e999]}") ==
        "instances[1].features[2] is 1e999, expected a float32 number");
  CHECK(of_instance("{\"features\":[[1],2,3]}") ==
        "instances[1].features[0] is an array, expected a number");
  CHECK(of_instance("{\"features\":7}") == "instances[1].features is 7, expected an array");
  CHECK(of_instance("5") == "instances[1] is 5, expected an object");
  CHECK(of_instance("{}") == "instances[1] has neither \"features\" nor \"data\", expected one");
  CHECK(of_instance("{\"features\":[1,2,3],\"data\":{\"features\":{\"values\":[1,2,3]}}}") ==
        "instances[1] has both \"features\" and \"data\", expected one");
  CHECK(of_instance("{\"features\":[1,2,3],\"features\":[1,2,3]}") ==
        "instances[1] has two members \"features\"");
  CHECK(of_instance("{\"feature\":[1,2,3]}") ==
        "instances[1] has a member \"feature\", expected features, data, configuration");
  CHECK(of_tensor("\"keys\":[0,1],\"values\":[1]") ==
        "instances[1].data.features has 2 keys and 1 values, expected as many of both");
  CHECK(of_tensor("\"keys\":[0,3],\"values\":[1,1]") ==
        "instances[1].data.features.keys[1] is 3, expected a key below 3");
  CHECK(of_tensor("\"keys\":[2,0,2],\"values\":[1,1,1]") ==
        "instances[1].data.features.keys holds 2 twice, expected distinct keys");
  CHECK(of_tensor("\"keys\":[1,1],\"values\":[1,1]") ==
        "instances[1].data.features.keys holds 1 twice, expected distinct keys");
  CHECK(of_tensor("\"keys\":[-1],\"values\":[1]") ==
        "instances[1].data.features.keys[0] is -1, expected a whole number from 0");
  CHECK(of_tensor("\"keys\":[9223372036854775808],\"values\":[1]") ==
        "instances[1].data.features.keys[0] is 9223372036854775808, expected a whole number of at "
        "most 63 bits");
  CHECK(of_tensor("\"keys\":[0],\"shape\":[4],\"values\":[1]") ==
        "instances[1].data.features.shape is [4], expected [3]");
  CHECK(of_tensor("\"keys\":[0],\"shape\":[3,1],\"values\":[1]") ==
        "instances[1].data.features.shape has 2 numbers, expected one, the number of columns");
  CHECK(of_tensor("\"keys\":[0]") == "instances[1].data.features has no member \"values\"");
  CHECK(of_instance("{\"data\":{}}") == "instances[1].data has no member \"features\"");
  CHECK(complaint("{\"instances\":[]}") == "instances is empty, expected one instance or more");
  CHECK(complaint("{}") == "the body has no member \"instances\"");
  CHECK(complaint("[]") == "the body is an array, expected an object");
  CHECK(complaint("{\"features\":[1,2]}", true) == "line 1: features has 2 values, expected 3");
  CHECK(complaint("\n7", true) == "line 2: the instance is 7, expected an object");
  CHECK(complaint(" \n", true) == "the body has no line, expected an instance on each");
}

TEST_CASE("what is no JSON is refused with its place") {
  CHECK(complaint("") == "byte 0: the body ends, expected an object");
  CHECK(complaint("{\"instances\":[{\"features\":[1,2") ==
        "byte 30, in instances[0]: the body ends, expected a comma or ]");
  CHECK(complaint("{\"instances\":[{\"features\":[1,2,3]}]} x") ==
        "byte 37: found x, expected the body's end");
  CHECK(of_instance("{\"features\":[1 2,3]}") ==
        "byte 50, in instances[1]: found 2, expected a comma or ]");
  CHECK(of_instance("{\"features\":[1,2,3,]}") ==
        "instances[1].features[3] is ], expected a number");
  CHECK(of_instance("{\"configuration\":\"\xff\"}") ==
        "byte 53, in instances[1]: found the byte \\xff, expected UTF-8");
  CHECK(of_instance("{\"configuration\":\"\\ud8\"}").find("expected an escape") !=
        std::string::npos);
  CHECK(of_instance("{\"configuration\":\"\n\"}").find("control character") != std::string::npos);
  CHECK(of_instance("{\"configuration\":truth}").find("found truth, expected a value") !=
        std::string::npos);
  CHECK(of_instance("{\"configuration\":" + std::string(100, '[')).find("deeper than 64") !=
        std::string::npos);
  CHECK(complaint(std::string("{\"instances\":[{\"features\":[1,2,\0 3]}]}", 37)) ==
        "instances[0].features[2] is \\x00, expected a number");
  CHECK(complaint("{\"features\":[1,\n2,3]}", true) ==
        "line 1, column 16: the line ends, expected a number");
}

TEST_CASE("UTF-8 is what Unicode says it is") {
  CHECK(utf8_sequence("a") == 1);
  CHECK(utf8_sequence("\xC3\xA9") == 2);
  CHECK(utf8_sequence("\xE2\x82\xAC") == 3);
  CHECK(utf8_sequence("\xF0\x9F\x98\x80") == 4);
  for (const char* wrong :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xE2\x82",
        "\xE2\x28\xAC", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", ""}) {
    CHECK(utf8_sequence(wrong) == 0);
  }
}

}  // namespace pairloom
