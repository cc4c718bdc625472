#include "pairloom/predictions.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace pairloom {

namespace {

std::string csv(float score) {
  return write_predictions({&score, 1}, false, PredictionLayout::kCsv);
}

}  // namespace

TEST_CASE("scores are written as Python's repr writes their doubles") {
  CHECK(csv(3.8316574096679688f) == "3.8316574096679688");
  CHECK(csv(0) == "0.0");
  CHECK(csv(-0.0f) == "-0.0");
  CHECK(csv(-2) == "-2.0");
  CHECK(csv(0.1f) == "0.10000000149011612");
  CHECK(csv(1e-4f) == "9.999999747378752e-05");
  CHECK(csv(0.000125f) == "0.0001250000059371814");
  CHECK(csv(1e15f) == "999999986991104.0");
  CHECK(csv(1e16f) == "1.0000000272564224e+16");
  CHECK(csv(1e-45f) == "1.401298464324817e-45");
  CHECK(csv(3.4028235e38f) == "3.4028234663852886e+38");
}

TEST_CASE("answers hold scores, and labels of probabilities") {
  const std::vector<float> scores = {0.5f, 0.25f};
  CHECK(write_predictions(scores, true, PredictionLayout::kJson) ==
        "{\"predictions\": [{\"score\": 0.5, \"predicted_label\": 1}, "
        "{\"score\": 0.25, \"predicted_label\": 0}]}");
  CHECK(write_predictions(scores, false, PredictionLayout::kJsonLines) ==
        "{\"score\": 0.5}\n{\"score\": 0.25}");
  CHECK(write_predictions(scores, true, PredictionLayout::kCsv) == "0.5,1\n0.25,0");
  const std::string records = write_predictions(scores, false, PredictionLayout::kRecordio);
  CHECK(records.size() == 2 * (8 + 20));
}

}  // namespace pairloom
