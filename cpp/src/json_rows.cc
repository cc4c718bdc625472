#include "pairloom/json_rows.h"

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "json_instance.h"
#include "json_members.h"
#include "pairloom/error.h"
#include "request_row_collector.h"

namespace pairloom {

namespace {

using json::Instance;
using json::Scanner;
using json::Unexpected;

constexpr std::string_view kBodyMembers[] = {"instances"};
constexpr std::string_view kRankingMembers[] = {"context", "candidates", "count"};
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class JsonRowsReader {
 public:
  JsonRowsReader(std::string_view text, const JsonRowsOptions& options)
      : text_(text),
        options_(options),
        scanner_(text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0),
                 options.lines),
        rows_(options.feature_dim) {}

  RequestRows read();
  JsonRanking read_ranking();

 private:
  // Calls `read` and names the place of what it finds wrong.
  template <typename Read>
  auto naming_places(const Read& read) const;
  void read_body();
  void read_list(const char* path);
  RequestRows read_context();
  void read_row();
  void read_lines();
  RequestRows take_rows();
  void add_row();
  void add_sparse_row();
  void sort_keys();
  std::string instance_name() const;
  std::string place_of(const std::string& path) const;
  std::string place_of(const json::Malformed& malformed) const;

  std::string_view text_;
  JsonRowsOptions options_;
  Scanner scanner_;
  RequestRowCollector rows_;
  Instance instance_;
  const char* instances_ = "";  // the list's name; none for the context of a ranking
  size_t number_ = 0;           // of the instance, or of the line
  bool in_instance_ = false;
  bool takes_ids_ = false;  // in an instance's place
  std::vector<std::pair<int64_t, float>> unsorted_;
};

template <typename Read>
auto JsonRowsReader::naming_places(const Read& read) const {
  try {
    return read();
  } catch (const json::Malformed& malformed) {
    throw DataFormatError(place_of(malformed) + malformed.complaint);
  } catch (const Unexpected& unexpected) {
    throw DataFormatError(place_of(unexpected.path) + " " + unexpected.complaint);
  }
}

RequestRows JsonRowsReader::read() {
  return naming_places([this] {
    if (options_.lines) {
      read_lines();
    } else {
      read_body();
    }
    return rows_.finish();
  });
}

JsonRanking JsonRowsReader::read_ranking() {
  return naming_places([this] {
    JsonRanking ranking;
    takes_ids_ = true;
    bool has_context = false, has_candidates = false;
    json::Members members(scanner_, "", kRankingMembers);
    while (const auto member = members.next()) {
      if (*member == 0) {
        ranking.context = read_context();
        has_context = true;
      } else if (*member == 1) {
        read_list(".candidates");
        ranking.candidates = take_rows();
        has_candidates = true;
      } else {
        ranking.count = scanner_.read_count(".count");
      }
    }
    if (!has_context || !has_candidates) {
      throw Unexpected{"",
                       has_context ? "has no member \"candidates\"" : "has no member \"context\""};
    }
    scanner_.expect_end();
    return ranking;
  });
}

RequestRows JsonRowsReader::read_context() {
  instances_ = "";
  read_row();
  return take_rows();
}

RequestRows JsonRowsReader::take_rows() {
  RequestRows rows = rows_.finish();
  rows_ = RequestRowCollector(options_.feature_dim);
  return rows;
}

void JsonRowsReader::read_body() {
  bool has_instances = false;
  json::Members members(scanner_, "", kBodyMembers);
  while (members.next()) {
    has_instances = true;
    read_list(".instances");
  }
  if (!has_instances) {
    throw Unexpected{"", "has no member \"instances\""};
  }
  scanner_.expect_end();
}

void JsonRowsReader::read_list(const char* path) {
  scanner_.open_array(path);
  instances_ = path + 1;
  number_ = 0;
  if (scanner_.take(']')) {
    throw Unexpected{path, "is empty, expected one instance or more"};
  }
  do {
    read_row();
    ++number_;
  } while (scanner_.take(','));
  scanner_.expect(']', "a comma or ]");
}

void JsonRowsReader::read_row() {
  in_instance_ = true;
  if (takes_ids_) {
    read_instance_or_ids(scanner_, instance_);
  } else {
    read_instance(scanner_, instance_);
  }
  add_row();
  in_instance_ = false;
}

void JsonRowsReader::read_lines() {
  bool has_instance = false;
  for (number_ = 1; scanner_.peek() != '\0' || !scanner_.at_end(); ++number_) {
    if (scanner_.take('\n')) {
      continue;
    }
    read_row();
    has_instance = true;
    if (!scanner_.take('\n')) {
      scanner_.expect_end();
    }
  }
  if (!has_instance) {
    throw Unexpected{"", "has no line, expected an instance on each"};
  }
}

void JsonRowsReader::add_row() {
  const uint64_t width = options_.feature_dim;
  if (width != 0 && instance_.shape && static_cast<uint64_t>(*instance_.shape) != width) {
    throw Unexpected{".data.features.shape", "is [" + std::to_string(*instance_.shape) +
                                                 "], expected [" + std::to_string(width) + "]"};
  }
  if (instance_.has_keys) {
    add_sparse_row();
    return;
  }
  if (width != 0 && instance_.values.size() != width) {
    throw Unexpected{instance_.values_path, "has " + std::to_string(instance_.values.size()) +
                                                " values, expected " + std::to_string(width)};
  }
  rows_.add_dense(instance_.values);
}

void JsonRowsReader::add_sparse_row() {
  const std::vector<int64_t>& keys = instance_.keys;
  if (keys.size() != instance_.values.size()) {
    throw Unexpected{".data.features", "has " + std::to_string(keys.size()) + " keys and " +
                                           std::to_string(instance_.values.size()) +
                                           " values, expected as many of both"};
  }
  const uint64_t width = options_.feature_dim == 0 ? INT64_MAX : options_.feature_dim;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (static_cast<uint64_t>(keys[i]) >= width) {
      throw Unexpected{
          std::string(instance_.keys_path) + "[" + std::to_string(i) + "]",
          "is " + std::to_string(keys[i]) + ", expected a key below " + std::to_string(width)};
    }
  }
  if (std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()) != keys.end()) {
    sort_keys();
  }
  rows_.add_sparse(instance_.keys, instance_.values);
}

void JsonRowsReader::sort_keys() {
  unsorted_.clear();
  for (size_t i = 0; i < instance_.keys.size(); ++i) {
    unsorted_.emplace_back(instance_.keys[i], instance_.values[i]);
  }
  std::sort(unsorted_.begin(), unsorted_.end());
  for (size_t i = 0; i < unsorted_.size(); ++i) {
    std::tie(instance_.keys[i], instance_.values[i]) = unsorted_[i];
    if (i != 0 && instance_.keys[i - 1] == instance_.keys[i]) {
      throw Unexpected{instance_.keys_path, "holds " + std::to_string(instance_.keys[i]) +
                                                " twice, expected distinct keys"};
    }
  }
}

std::string JsonRowsReader::place_of(const std::string& path) const {
  const std::string inside = path.empty() ? "" : path.substr(1);
  if (!in_instance_) {
    return inside.empty() ? "the body" : inside;
  }
  return options_.lines
             ? "line " + std::to_string(number_) + ": " + (inside.empty() ? "the instance" : inside)
             : instance_name() + path;
}

std::string JsonRowsReader::instance_name() const {
  return *instances_ == '\0' ? "context"
                             : std::string(instances_) + "[" + std::to_string(number_) + "]";
}

std::string JsonRowsReader::place_of(const json::Malformed& malformed) const {
  const size_t byte = static_cast<size_t>(malformed.place - text_.data());
  if (options_.lines) {
    const size_t line_feed = text_.substr(0, byte).rfind('\n');
    const size_t column = line_feed == std::string_view::npos ? byte + 1 : byte - line_feed;
    return "line " + std::to_string(number_) + ", column " + std::to_string(column) + ": ";
  }
  return "byte " + std::to_string(byte) + (in_instance_ ? ", in " + instance_name() + ": " : ": ");
}

}  // namespace

RequestRows read_json_rows(std::string_view text, const JsonRowsOptions& options) {
  return JsonRowsReader(text, options).read();
}

JsonRanking read_json_ranking(std::string_view text, uint64_t feature_dim) {
  return JsonRowsReader(text, {.feature_dim = feature_dim}).read_ranking();
}

}  // namespace pairloom
