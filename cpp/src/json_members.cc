#include "json_members.h"

#include <algorithm>
#include <string>

#include "printable.h"

namespace pairloom::json {

Members::Members(Scanner& scanner, const char* path, std::span<const std::string_view> names)
    : scanner_(scanner), path_(path), names_(names) {
  scanner_.open_object(path);
}

std::optional<size_t> Members::next() {
  if (is_first_ ? scanner_.take('}') : !scanner_.take(',')) {
    if (!is_first_) {
      scanner_.expect('}', "a comma or }");
    }
    return std::nullopt;
  }
  is_first_ = false;
  const size_t position = position_of(scanner_.read_name());
  const unsigned bit = 1u << position;
  if ((found_ & bit) != 0) {
    throw Unexpected{path_, "has two members \"" + std::string(names_[position]) + '"'};
  }
  found_ |= bit;
  return position;
}

size_t Members::position_of(std::string_view name) {
  const auto known = std::find(names_.begin(), names_.end(), name);
  if (known != names_.end()) {
    return static_cast<size_t>(known - names_.begin());
  }
  std::string expected;
  for (const std::string_view each : names_) {
    expected += (expected.empty() ? "" : ", ") + std::string(each);
  }
  constexpr size_t kShownBytes = 40;
  throw Unexpected{path_, "has a member \"" + printable(name.substr(0, kShownBytes)) +
                              (name.size() > kShownBytes ? "...\"" : "\"") + ", expected " +
                              expected};
}

}  // namespace pairloom::json
