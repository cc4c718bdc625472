#include "pairloom/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

namespace pairloom {

namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

size_t round_up_to(size_t bytes, size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

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

// A private mapping of whole pages; a `huge` one begins where a huge page may.
void* map_pages(size_t num_bytes, bool huge, int protection, int flags) {
  const size_t slack = huge ? kHugePageBytes : 0;
  void* mapped =
      mmap(nullptr, num_bytes + slack, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::bad_alloc();
  }
  return huge ? trim_to_huge_page(static_cast<char*>(mapped), num_bytes) : mapped;
}

void ask_for_huge_pages_in([[maybe_unused]] void* data, [[maybe_unused]] size_t num_bytes) {
#ifdef MADV_HUGEPAGE
  madvise(data, num_bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace

Pages::Pages(size_t num_bytes) : num_bytes_(num_bytes) {
  if (num_bytes == 0) {
    return;
  }
  const bool huge = num_bytes >= 2 * kHugePageBytes;
  if (huge) {
    num_bytes_ = round_up_to(num_bytes, kHugePageBytes);
  }
  data_ = map_pages(num_bytes_, huge, PROT_READ | PROT_WRITE, 0);
  if (huge) {
    ask_for_huge_pages_in(data_, num_bytes_);
  }
}

Pages::~Pages() {
  if (data_ != nullptr) {
    munmap(data_, num_bytes_);
  }
}

ReservedPages::ReservedPages(size_t num_bytes)
    : num_bytes_(
          round_up_to(num_bytes, num_bytes >= 2 * kHugePageBytes ? kHugePageBytes : page_bytes())) {
  if (num_bytes != 0) {
    data_ = map_pages(num_bytes_, true, PROT_NONE, MAP_NORESERVE);
  }
}

ReservedPages::~ReservedPages() {
  if (data_ != nullptr) {
    munmap(data_, num_bytes_);
  }
}

void ReservedPages::open(size_t begin, size_t end) const {
  const size_t first = begin / page_bytes() * page_bytes();
  const size_t bytes = round_up_to(end, page_bytes()) - first;
  char* const from = static_cast<char*>(data_) + first;
  if (mprotect(from, bytes, PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
  if (bytes >= 2 * kHugePageBytes) {
    ask_for_huge_pages_in(from, bytes);
  }
}

}  // namespace pairloom
