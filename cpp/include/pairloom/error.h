// What the core throws; the bindings turn each into the Python class of the same name in
// pairloom/errors.py.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace pairloom {

// A file's bytes do not follow their format. The message already names the file, byte offset,
// record number and what was expected.
class DataFormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A NaN or an infinity appeared in a score, a gradient or a parameter.
class DivergedError : public std::runtime_error {
 public:
  DivergedError(const std::string& what_diverged, uint64_t batch);

  // Mini-batches of this call that were applied before the one that diverged.
  uint64_t batch() const { return batch_; }

 private:
  uint64_t batch_;
};

}  // namespace pairloom
