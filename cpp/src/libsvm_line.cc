#include "libsvm_line.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "decimal.h"
#include "printable.h"

namespace pairloom::libsvm {

namespace {

using decimal::Fault;
using decimal::is_digit;
using decimal::ParsedFloat;

constexpr uint64_t kLargestId = INT64_MAX;
constexpr size_t kShownBytes = 40;
constexpr std::string_view kQuery = "qid:";

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

bool starts_query(const char* next, const char* end) {
  return static_cast<size_t>(end - next) >= kQuery.size() &&
         std::string_view(next, kQuery.size()) == kQuery;
}

const char* skip_blanks(const char* next) {
  while (is_blank(*next)) {
    ++next;
  }
  return next;
}

// The word at `place`, for a message.
std::string shown_word(const char* place, const char* end) {
  const char* stop = std::find_if(place, end, is_blank);
  const auto size = static_cast<size_t>(stop - place);
  return '"' + printable({place, std::min(size, kShownBytes)}) +
         (size > kShownBytes ? "...\"" : "\"");
}

[[noreturn]] void fail(const char* place, std::string complaint) {
  throw MalformedLine{place, std::move(complaint)};
}

// A number that a blank or the line's end follows.
const char* read_number(const char* place, const char* end, const char* what, float& value) {
  const ParsedFloat number = decimal::parse_float(place);
  if (number.fault == Fault::kTooLarge) {
    fail(place, std::string(what) + " " + shown_word(place, end) + "; expected a float32 number");
  }
  if (number.fault == Fault::kNoNumber || (number.end != end && !is_blank(*number.end))) {
    fail(place, std::string(what) + " " + shown_word(place, end) + "; expected a decimal number");
  }
  value = number.value;
  return number.end;
}

const char* read_id(const char* place, const char* end, uint64_t& id) {
  const char* next = place;
  id = 0;
  while (is_digit(*next)) {
    const auto digit = static_cast<uint64_t>(*next++ - '0');
    if (id > (kLargestId - digit) / 10) [[unlikely]] {
      fail(place, "feature id " + shown_word(place, end) + "; expected at most " +
                      std::to_string(kLargestId));
    }
    id = id * 10 + digit;
  }
  if (next == place || *next != ':') [[unlikely]] {
    fail(place, shown_word(place, end) + "; expected id:value");
  }
  return next + 1;
}

// The label is the first word, unless that is an entry.
const char* read_label(const char* next, const char* end, Line& line) {
  const char* digits_end = next;
  while (is_digit(*digits_end)) {
    ++digits_end;
  }
  line.has_label = *digits_end != ':' && !starts_query(next, end);
  return line.has_label ? read_number(next, end, "label", line.label) : next;
}

const char* skip_query(const char* next, const char* end, Line& line) {
  next = skip_blanks(next);
  line.has_query = starts_query(next, end);
  if (!line.has_query) {
    return next;
  }
  const char* place = next;
  next += kQuery.size();
  const char* digits = next;
  while (is_digit(*next)) {
    ++next;
  }
  if (next == digits || (next != end && !is_blank(*next))) {
    fail(place, shown_word(place, end) + "; expected qid:number");
  }
  return next;
}

void read_entries(const char* next, const char* end, Line& line) {
  uint64_t past_previous = 0;
  for (next = skip_blanks(next); next != end; next = skip_blanks(next)) {
    const char* place = next;
    uint64_t id = 0;
    next = read_id(place, end, id);
    if (id < past_previous) [[unlikely]] {
      fail(place, "feature id " + std::to_string(id) + " after " +
                      std::to_string(past_previous - 1) + "; expected ascending ids");
    }
    past_previous = id + 1;
    float value = 1;
    if (next != end && *next == '1' && (next + 1 == end || is_blank(next[1]))) {
      ++next;
    } else {
      next = read_number(next, end, "value", value);
    }
    line.all_ones &= value == 1.0f;
    line.ids[line.size] = id;
    line.values[line.size] = value;
    ++line.size;
  }
}

void make_room(Line& line, size_t line_bytes) {
  constexpr size_t kFewestBytesOfAnEntry = 4;  // blank, id, colon, value
  const size_t entries = line_bytes / kFewestBytesOfAnEntry + 1;
  if (line.ids.size() < entries) {
    line.ids.resize(entries);
    line.values.resize(entries);
  }
}

// Without what is no part of the row: a comment, and the carriage return of a Windows line.
const char* content_end(const char* begin, const char* end) {
  if (begin == end) {
    return end;
  }
  const auto size = static_cast<size_t>(end - begin);
  if (const void* comment = std::memchr(begin, '#', size)) {
    return static_cast<const char*>(comment);
  }
  return end[-1] == '\r' ? end - 1 : end;
}

}  // namespace

void parse_line(const char* begin, const char* end, Line& line) {
  end = content_end(begin, end);
  const char* next = skip_blanks(begin);
  line.is_blank = next == end;
  line.size = 0;
  line.all_ones = true;
  line.has_label = line.has_query = false;
  if (line.is_blank) {
    return;
  }
  make_room(line, static_cast<size_t>(end - begin));
  next = read_label(next, end, line);
  next = skip_query(next, end, line);
  read_entries(next, end, line);
}

const char* place_of_entry(const char* begin, size_t index) {
  size_t entries_before = 0;
  for (const char* next = skip_blanks(begin);;) {
    const char* word = next;
    while (!is_blank(*next) && *next != ':' && *next != '\n') {
      ++next;
    }
    if (*next == ':' && is_digit(*word) && entries_before++ == index) {
      return word;
    }
    while (!is_blank(*next) && *next != '\n') {
      ++next;
    }
    next = skip_blanks(next);
    if (*next == '\n') {
      return next;
    }
  }
}

}  // namespace pairloom::libsvm
