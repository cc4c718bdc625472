// What the core throws; the bindings turn each into the Python class of the same name in
// pairloom/errors.py.
#pragma once

#include <stdexcept>
#include <string>

namespace pairloom {

// A file's bytes do not follow their format. The message already names the file, byte offset,
// record number and what was expected.
class DataFormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Well-formed data that cannot be taken: a width, a label, a value.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pairloom
