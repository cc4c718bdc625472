#include "json_scanner.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "decimal_number.h"
#include "printable.h"
#include "utf8.h"

namespace pairloom::json {

namespace {

using decimal::Fault;
using decimal::is_digit;

constexpr size_t kMaxDepth = 64;
constexpr size_t kShownBytes = 40;
constexpr size_t kFirstCapacity = 64;

constexpr bool ends_scalar(char character) {
  switch (character) {
    case ',':
    case ']':
    case '}':
    case ':':
    case '[':
    case '{':
    case '"':
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '\0':
      return true;
    default:
      return false;
  }
}

constexpr bool is_hex(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'f') ||
         (character >= 'A' && character <= 'F');
}

// Bytes of a zero and its comma, where one begins: most numbers of pictures are zeros.
inline size_t size_of_zero(const char* next) {
  if (*next != '0') {
    return 0;
  }
  if (next[1] == ',') {
    return 2;
  }
  return next[1] == '.' && next[2] == '0' && next[3] == ',' ? 4 : 0;
}

std::string shown(const char* begin, const char* end) {
  const auto size = static_cast<size_t>(end - begin);
  return printable({begin, std::min(size, kShownBytes)}) + (size > kShownBytes ? "..." : "");
}

}  // namespace

Scanner::Scanner(std::string_view text, bool lines)
    : next_(text.data()), end_(text.data() + text.size()), lines_(lines) {}

bool Scanner::is_blank(char character) const {
  return character == ' ' || character == '\t' || character == '\r' ||
         (character == '\n' && !lines_);
}

char Scanner::peek() {
  while (is_blank(*next_)) {
    ++next_;
  }
  return *next_;
}

bool Scanner::take(char character) {
  if (peek() != character || at_end()) {
    return false;
  }
  ++next_;
  return true;
}

void Scanner::expect(char character, const char* expected) {
  if (!take(character)) {
    fail_at_end(expected);
    fail(next_, "found " + shown_value() + ", expected " + expected);
  }
}

void Scanner::expect_end() {
  peek();
  if (!at_end()) {
    fail(next_,
         "found " + shown_value() + ", expected the " + (lines_ ? "line's" : "body's") + " end");
  }
}

void Scanner::fail_at_end(const char* expected) {
  if (peek() == '\n' || at_end()) {
    fail(next_, std::string("the ") + (at_end() ? "body" : "line") + " ends, expected " + expected);
  }
}

void Scanner::fail(const char* place, std::string complaint) const {
  throw Malformed{place, std::move(complaint)};
}

std::string Scanner::shown_value() {
  const char first = peek();
  switch (first) {
    case '[':
      return "an array";
    case '{':
      return "an object";
    case '"': {
      const char* stop = std::find_if(
          next_ + 1, end_, [](char character) { return character == '"' || character == '\n'; });
      return shown(next_, stop != end_ && *stop == '"' ? stop + 1 : stop);
    }
    default:
      return shown(next_, std::find_if(next_ + 1, end_, ends_scalar));
  }
}

std::string_view Scanner::read_name() {
  if (peek() != '"') {
    fail_at_end("a member's name");
    fail(next_, "found " + shown_value() + ", expected a member's name in quotes");
  }
  read_string(name_);
  expect(':', "a colon after the member's name");
  return name_;
}

// Text keeps escapes of characters beyond ASCII as they are written.
void Scanner::read_string(std::string& text) {
  const char* begin = next_++;
  text.clear();
  for (;;) {
    const auto byte = static_cast<unsigned char>(*next_);
    if (byte == '"') {
      ++next_;
      return;
    }
    if (byte < 0x20) {
      fail(next_, at_end() ? "the body ends inside the string " + shown(begin, end_)
                           : "a control character inside a string, expected an escape");
    }
    if (byte == '\\') {
      read_escape(text);
    } else if (byte < 0x80) {
      text.push_back(*next_++);
    } else {
      skip_well_formed(text);
    }
  }
}

void Scanner::read_escape(std::string& text) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char* place = next_++;
  const size_t known = kEscapes.find(*next_);
  if (!at_end() && known != std::string_view::npos) {
    text.push_back(kMeanings[known]);
    ++next_;
    return;
  }
  const char* digits = next_ + 1;
  if (*next_ != 'u' || end_ - digits < 4 || !std::all_of(digits, digits + 4, is_hex)) {
    fail(place, "found " + shown(place, std::min(place + 6, end_)) + ", expected an escape");
  }
  const auto code = std::stoul(std::string(digits, 4), nullptr, 16);
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else {
    text.append(place, 6);
  }
  next_ += 5;
}

void Scanner::skip_well_formed(std::string& text) {
  const size_t size = utf8_sequence({next_, static_cast<size_t>(end_ - next_)});
  if (size == 0) {
    fail(next_, "found the byte " + shown(next_, next_ + 1) + ", expected UTF-8");
  }
  text.append(next_, size);
  next_ += size;
}

bool Scanner::next_element() {
  if (take(',')) {
    return true;
  }
  expect(']', "a comma or ]");
  return false;
}

void Scanner::open_object(const char* path) {
  if (!take('{')) {
    fail_at_end("an object");
    throw Unexpected{path, "is " + shown_value() + ", expected an object"};
  }
}

void Scanner::open_array(const char* path) {
  if (!take('[')) {
    fail_at_end("an array");
    throw Unexpected{path, "is " + shown_value() + ", expected an array"};
  }
}

// The loop that nearly all of a body passes through. Numbers with a comma behind them, and one
// blank at most, take the short way.
void Scanner::read_floats(const char* path, std::vector<float>& values) {
  open_array(path);
  size_t count = 0;
  const auto store = [&](float value) {
    if (count == values.size()) {
      values.resize(2 * count + kFirstCapacity);
    }
    values[count++] = value;
  };
  for (bool has_more = !take(']'); has_more; has_more = next_element()) {
    peek();
    const char* place = next_;
    for (;;) {
      const size_t zero = size_of_zero(place);
      if (zero != 0) {
        store(0);
        place += zero;
      } else {
        const auto number = decimal::parse_float_by_double(place, end_, decimal::Grammar::kJson);
        if (number.fault != Fault::kNone || *number.end != ',') {
          break;
        }
        store(number.value);
        place = number.end + 1;
      }
      place += *place == ' ' ? 1 : 0;
    }
    next_ = place;
    peek();
    store(read_float(path, count));
  }
  values.resize(count);
}

float Scanner::read_float(const char* path, size_t index) {
  const auto number = decimal::parse_float_by_double(next_, end_, decimal::Grammar::kJson);
  if (number.fault != Fault::kNone || !ends_scalar(*number.end)) {
    fail_element(path, index, number.fault == Fault::kTooLarge ? "a float32 number" : "a number");
  }
  next_ = number.end;
  return number.value;
}

void Scanner::read_ids(const char* path, std::vector<int64_t>& ids) {
  open_array(path);
  ids.clear();
  for (bool has_more = !take(']'); has_more; has_more = next_element()) {
    peek();
    ids.push_back(read_id(path, ids.size()));
  }
}

int64_t Scanner::read_count(const char* path) {
  peek();
  int64_t count = 0;
  const auto [end, error] = std::from_chars(next_, end_, count);
  if (error != std::errc() || count < 1 || *next_ == '0' || !ends_scalar(*end)) {
    fail_at_end("a whole number from 1");
    throw Unexpected{path, "is " + shown_value() + ", expected a whole number from 1"};
  }
  next_ = end;
  return count;
}

int64_t Scanner::read_id(const char* path, size_t index) {
  const char* next = next_;
  int64_t id = 0;
  while (is_digit(*next)) {
    const int64_t digit = *next++ - '0';
    if (id > (INT64_MAX - digit) / 10) {
      fail_element(path, index, "a whole number of at most 63 bits");
    }
    id = id * 10 + digit;
  }
  if (next == next_ || (*next_ == '0' && next != next_ + 1) || !ends_scalar(*next)) {
    fail_element(path, index, "a whole number from 0");
  }
  next_ = next;
  return id;
}

void Scanner::fail_element(const char* path, size_t index, const char* expected) {
  fail_at_end(expected);
  throw Unexpected{std::string(path) + "[" + std::to_string(index) + "]",
                   "is " + shown_value() + ", expected " + expected};
}

void Scanner::skip_value() {
  std::string open;  // the brackets that will close what is open
  do {
    const char first = peek();
    if (first == '{' || first == '[') {
      if (open.size() == kMaxDepth) {
        fail(next_, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
      }
      ++next_;
      open.push_back(first == '{' ? '}' : ']');
      if (!take(open.back())) {
        if (open.back() == '}') {
          read_name();
        }
        continue;
      }
      open.pop_back();
    } else {
      skip_scalar();
    }
    while (!open.empty() && !take(',')) {
      expect(open.back(), open.back() == '}' ? "a comma or }" : "a comma or ]");
      open.pop_back();
    }
    if (!open.empty() && open.back() == '}') {
      read_name();
    }
  } while (!open.empty());
}

void Scanner::skip_scalar() {
  if (*next_ == '"') {
    read_string(name_);
    return;
  }
  for (const std::string_view word : {"true", "false", "null"}) {
    if (std::string_view(next_, static_cast<size_t>(end_ - next_)).starts_with(word) &&
        ends_scalar(next_[word.size()])) {
      next_ += word.size();
      return;
    }
  }
  const auto number = decimal::parse_float_by_double(next_, end_, decimal::Grammar::kJson);
  if (number.fault == Fault::kNoNumber || !ends_scalar(*number.end)) {
    fail_at_end("a value");
    fail(next_, "found " + shown_value() + ", expected a value");
  }
  next_ = number.end;
}

}  // namespace pairloom::json
