#include "pairloom/csv_rows.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pairloom/error.h"

namespace pairloom {

namespace {

std::string complaint(const std::string& text) {
  try {
    read_csv_rows(text, 3);
  } catch (const DataFormatError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("CSV lines become dense rows") {
  const RequestRows rows = read_csv_rows("1,2.5,-3e2\r\n\n +4 ,.5,\t6.", 3);
  CHECK(rows.num_rows == 2);
  CHECK(std::vector<float>(rows.values.begin(), rows.values.end()) ==
        std::vector<float>{1, 2.5f, -300, 4, 0.5f, 6});
}

TEST_CASE("CSV rows of any width are sparse") {
  const RequestRows rows = read_csv_rows("1,0,2\n3\n", 0);
  CHECK(std::vector<int64_t>(rows.feature_ids.begin(), rows.feature_ids.end()) ==
        std::vector<int64_t>{0, 2, 0});
  CHECK(rows.feature_dim == 3);
}

TEST_CASE("CSV errors name the line, the column, the value and the rule") {
  CHECK(complaint("1,2,3\n1,2\n") == "line 2 has 2 values, expected 3");
  CHECK(complaint("1,2,3,\n") == "line 1, column 4 is \"\", expected a number");
  CHECK(complaint("1,,3\n") == "line 1, column 2 is \"\", expected a number");
  CHECK(complaint("1,x y,3\n") == "line 1, column 2 is \"x y\", expected a number");
  CHECK(complaint("1,1e39,3") == "line 1, column 2 is \"1e39\", expected a float32 number");
  CHECK(complaint("1,nan,3") == "line 1, column 2 is \"nan\", expected a number");
  CHECK(complaint("\n\n") == "the body has no line, expected a row on each");
}

}  // namespace pairloom
