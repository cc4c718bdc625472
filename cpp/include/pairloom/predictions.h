// Predictions as the bodies of answers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pairloom {

enum class PredictionLayout : uint8_t {
  kJson,       // {"predictions": [{"score": 0.5, "predicted_label": 1}, ...]}
  kJsonLines,  // an object on each line, no line feed after the last
  kCsv,        // score,predicted_label on each line, no line feed after the last
  kRecordio,   // records with label["score"] and label["predicted_label"]
};

// Scores are written as doubles, in the fewest digits that read back, as Python's repr writes them.
// With labels, a score is a probability and the label is 1 from 0.5 on.
std::string write_predictions(std::span<const float> scores, bool with_labels,
                              PredictionLayout layout);

}  // namespace pairloom
