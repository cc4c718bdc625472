#include "pairloom/predictions.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "recordio_frames.h"

namespace pairloom {

namespace {

constexpr float kThreshold = 0.5f;  // a probability of exactly one half is a 1
constexpr size_t kLongestNumber = 32;

bool predicted_label(float probability) { return probability >= kThreshold; }

// Fixed notation where Python uses it, of exponents from -4 to 15.
void append_number(double value, std::string& out) {
  const double magnitude = std::fabs(value);
  const bool is_fixed = value == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  char text[kLongestNumber];
  const auto written =
      std::to_chars(text, text + sizeof(text), value,
                    is_fixed ? std::chars_format::fixed : std::chars_format::scientific);
  const auto size = static_cast<size_t>(written.ptr - text);
  out.append(text, size);
  if (is_fixed && std::memchr(text, '.', size) == nullptr) {
    out += ".0";
  }
}

void append_object(float score, bool with_label, std::string& out) {
  out += "{\"score\": ";
  append_number(static_cast<double>(score), out);
  if (with_label) {
    out += predicted_label(score) ? ", \"predicted_label\": 1" : ", \"predicted_label\": 0";
  }
  out += '}';
}

void append_csv(float score, bool with_label, std::string& out) {
  append_number(static_cast<double>(score), out);
  if (with_label) {
    out += predicted_label(score) ? ",1" : ",0";
  }
}

void append_bytes(const void* bytes, size_t count, std::string& out) {
  out.append(static_cast<const char*>(bytes), count);
}

// Record.label, a map: its entry's key, and its value, a Float32Tensor of one number.
void append_label_entry(std::string_view key, float value, std::string& out) {
  constexpr size_t kTensorBytes = 2 + sizeof(float);
  constexpr size_t kValueBytes = 2 + kTensorBytes;
  const size_t entry_bytes = 2 + key.size() + 2 + kValueBytes;
  out += {'\x12', static_cast<char>(entry_bytes), '\x0a', static_cast<char>(key.size())};
  out += key;
  out += {'\x12', static_cast<char>(kValueBytes),  '\x12', static_cast<char>(kTensorBytes),
          '\x0a', static_cast<char>(sizeof(float))};
  append_bytes(&value, sizeof(value), out);
}

void append_record(float score, bool with_label, std::string& out) {
  const size_t begin = out.size();
  out.append(recordio::kHeaderBytes, '\0');
  append_label_entry("score", score, out);
  if (with_label) {
    append_label_entry("predicted_label", predicted_label(score) ? 1.0f : 0.0f, out);
  }
  const size_t payload = out.size() - begin - recordio::kHeaderBytes;
  const uint32_t header[] = {recordio::kMagic, static_cast<uint32_t>(payload)};
  std::memcpy(out.data() + begin, header, sizeof(header));
  out.append(recordio::padded(payload) - payload, '\0');
}

template <typename Append>
void append_all(std::span<const float> scores, std::string_view separator, const Append& append,
                std::string& out) {
  for (size_t row = 0; row < scores.size(); ++row) {
    out += row == 0 ? std::string_view() : separator;
    append(scores[row]);
  }
}

}  // namespace

std::string write_predictions(std::span<const float> scores, bool with_labels,
                              PredictionLayout layout) {
  constexpr size_t kUsualBytes = 64;
  std::string out;
  out.reserve((scores.size() + 1) * kUsualBytes);
  const auto as_object = [&](float score) { append_object(score, with_labels, out); };
  switch (layout) {
    case PredictionLayout::kJson:
      out += "{\"predictions\": [";
      append_all(scores, ", ", as_object, out);
      out += "]}";
      break;
    case PredictionLayout::kJsonLines:
      append_all(scores, "\n", as_object, out);
      break;
    case PredictionLayout::kCsv:
      append_all(scores, "\n", [&](float score) { append_csv(score, with_labels, out); }, out);
      break;
    case PredictionLayout::kRecordio:
      append_all(scores, "", [&](float score) { append_record(score, with_labels, out); }, out);
      break;
  }
  return out;
}

}  // namespace pairloom
