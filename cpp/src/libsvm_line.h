// One line of libsvm text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pairloom::libsvm {

// Where a line breaks the format, and how.
struct MalformedLine {
  const char* place;
  std::string complaint;
};

struct Line {
  bool is_blank = true;  // nothing but blanks and a comment
  bool has_label = false;
  bool has_query = false;
  bool all_ones = true;
  float label = 0;
  size_t size = 0;  // of ids and values that are in use
  std::vector<uint64_t> ids;
  std::vector<float> values;
};

// Reads the line [begin, end), after which a line feed must stand. Ids ascend and fit int64.
// Throws MalformedLine.
void parse_line(const char* begin, const char* end, Line& line);

// Where the id of a parsed line's entry stands.
const char* place_of_entry(const char* begin, size_t index);

}  // namespace pairloom::libsvm
