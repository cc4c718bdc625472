#include "pairloom/growing_array.h"

#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace pairloom {

void ask_for_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr size_t kSmallPage = 4096;
  constexpr size_t kWorthwhile = size_t{8} << 20;
  if (bytes >= kWorthwhile) {
    const auto begin = (reinterpret_cast<uintptr_t>(memory) + kSmallPage - 1) & ~(kSmallPage - 1);
    const auto end = (reinterpret_cast<uintptr_t>(memory) + bytes) & ~(kSmallPage - 1);
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // a hint: may fail
  }
#endif
}

}  // namespace pairloom
