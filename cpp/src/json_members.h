// The members of an object, one after the other.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "json_scanner.h"

namespace pairloom::json {

class Members {
 public:
  // Throws Unexpected, here and later, when there is no object at `path`, when a name is not among
  // `names`, which stay the caller's, and when one comes twice.
  Members(Scanner& scanner, const char* path, std::span<const std::string_view> names);

  // The position among `names` of the next member, whose value is next; nothing past the last one.
  std::optional<size_t> next();

 private:
  size_t position_of(std::string_view name);

  Scanner& scanner_;
  const char* path_;
  std::span<const std::string_view> names_;
  unsigned found_ = 0;  // a bit for each name
  bool is_first_ = true;
};

}  // namespace pairloom::json
