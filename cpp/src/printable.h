// Text of a file as an error message may show it.
#pragma once

#include <string>
#include <string_view>

namespace pairloom {

// Bytes beyond printable ASCII become escapes.
std::string printable(std::string_view text);

}  // namespace pairloom
