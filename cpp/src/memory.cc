#include "pairloom/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace pairloom {

namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

// Gives back what lies before and after the aligned `num_bytes` of a mapping with slack.
void* trim_to_huge_page(char* mapped, size_t num_bytes) {
  const size_t before =
      (kHugePageBytes - reinterpret_cast<uintptr_t>(mapped) % kHugePageBytes) % kHugePageBytes;
  const size_t after = kHugePageBytes - before;
  if (before != 0) {
    munmap(mapped, before);
  }
  if (after != 0) {
    munmap(mapped + before + num_bytes, after);
  }
  return mapped + before;
}

}  // namespace

Pages::Pages(size_t num_bytes) : num_bytes_(num_bytes) {
  if (num_bytes == 0) {
    return;
  }
  const bool huge = num_bytes >= 2 * kHugePageBytes;
  if (huge) {
    num_bytes_ = (num_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  }
  const size_t slack = huge ? kHugePageBytes : 0;
  void* mapped =
      mmap(nullptr, num_bytes_ + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::bad_alloc();
  }
  data_ = huge ? trim_to_huge_page(static_cast<char*>(mapped), num_bytes_) : mapped;
#ifdef MADV_HUGEPAGE
  if (huge) {
    madvise(data_, num_bytes_, MADV_HUGEPAGE);
  }
#endif
}

Pages::~Pages() {
  if (data_ != nullptr) {
    munmap(data_, num_bytes_);
  }
}

}  // namespace pairloom
