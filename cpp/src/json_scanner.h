// Tokens of JSON, checked as they are passed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pairloom::json {

// What stands at a place that JSON does not allow there.
struct Malformed {
  const char* place;
  std::string complaint;
};

// A value that JSON allows and this place does not. The path begins with a point, or is empty for
// the outermost object.
struct Unexpected {
  std::string path;
  std::string complaint;
};

class Scanner {
 public:
  // A null character must stand at the text's end. In lines, a line feed is no blank.
  Scanner(std::string_view text, bool lines);

  bool at_end() const { return next_ == end_; }
  // Moves past blanks and returns the character behind them; null at the end.
  char peek();
  bool take(char character);
  // `expected` says in a message what should stand there.
  void expect(char character, const char* expected);

  void expect_end();  // of the line, or of the text

  // Reads a member's name, from its quote to its colon. The view holds until the next call.
  std::string_view read_name();
  // Moves past the bracket of what must be an object or an array.
  void open_object(const char* path);
  void open_array(const char* path);
  void read_floats(const char* path, std::vector<float>& values);
  void read_ids(const char* path, std::vector<int64_t>& ids);
  int64_t read_count(const char* path);  // from 1
  // Checks any value and moves past it.
  void skip_value();

  // The value that begins at the next character, for a message.
  std::string shown_value();
  [[noreturn]] void fail(const char* place, std::string complaint) const;

 private:
  bool is_blank(char character) const;
  void read_string(std::string& text);
  void read_escape(std::string& text);
  void skip_well_formed(std::string& text);
  void skip_scalar();
  // Throws when the text or the line ends at the next character.
  void fail_at_end(const char* expected);
  // Past an element: whether there is another one, or the bracket has been passed.
  bool next_element();
  float read_float(const char* path, size_t index);
  int64_t read_id(const char* path, size_t index);
  [[noreturn]] void fail_element(const char* path, size_t index, const char* expected);

  const char* next_;
  const char* end_;
  bool lines_;
  std::string name_;
};

}  // namespace pairloom::json
