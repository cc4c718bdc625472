#include "printable.h"

#include <cstdio>

namespace pairloom {

std::string printable(std::string_view text) {
  std::string shown;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), byte < 0x20 || byte > 0x7e ? "\\x%02x" : "%c", byte);
    shown += escaped;
  }
  return shown;
}

}  // namespace pairloom
