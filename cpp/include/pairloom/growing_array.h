// An array that grows without holding two copies: what it reserves ahead is address space
// that the kernel has not filled, so memory stays at what was written.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace pairloom {

// Faulting in small pages takes longer than parsing what fills them.
void ask_for_huge_pages(void* memory, size_t bytes);

template <typename T>
class GrowingArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  GrowingArray() = default;
  GrowingArray(const GrowingArray&) = delete;
  GrowingArray& operator=(const GrowingArray&) = delete;
  GrowingArray(GrowingArray&& other) noexcept { swap(other); }
  GrowingArray& operator=(GrowingArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~GrowingArray() { std::free(data_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t index) { return data_[index]; }
  const T& operator[](size_t index) const { return data_[index]; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  std::span<const T> view() const { return {data_, size_}; }

  void clear() { size_ = 0; }
  void truncate(size_t size) { size_ = size; }

  // Room for a size that is known ahead; a size that memory cannot promise is left to growth.
  void reserve(size_t capacity) {
    if (data_ == nullptr && capacity <= static_cast<size_t>(-1) / sizeof(T)) {
      data_ = static_cast<T*>(std::malloc(capacity * sizeof(T)));
      capacity_ = data_ == nullptr ? 0 : capacity;
      ask_for_huge_pages(data_, capacity_ * sizeof(T));
    }
  }

  void push_back(T value) { *extend(1) = value; }

  // Makes room for `count` more and returns where they begin; the caller fills them.
  T* extend(size_t count) {
    if (count > capacity_ - size_) {
      grow(size_ + count);
    }
    T* added = data_ + size_;
    size_ += count;
    return added;
  }

  void append(const T* values, size_t count) {
    if (count != 0) {
      std::memcpy(extend(count), values, count * sizeof(T));
    }
  }

  void shrink_to_fit() {
    if (size_ != 0 && size_ != capacity_) {
      reallocate(size_);
    }
  }

  // Gives the memory away; the receiver frees it with std::free.
  T* release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  void swap(GrowingArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  void grow(size_t needed) {
    const size_t ahead = capacity_ + capacity_ / 2 + 16;
    reallocate(needed > ahead ? needed : ahead);
  }

  // realloc moves the pages of a large block instead of copying them (mremap on Linux).
  void reallocate(size_t capacity) {
    if (capacity > static_cast<size_t>(-1) / sizeof(T)) {
      throw std::bad_alloc();
    }
    void* moved = std::realloc(static_cast<void*>(data_), capacity * sizeof(T));
    if (moved == nullptr) {
      throw std::bad_alloc();
    }
    data_ = static_cast<T*>(moved);
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace pairloom
