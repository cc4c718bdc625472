// Large zeroed arrays straight from the operating system: pages are resident only once touched,
// and huge pages are asked for, because the table's look-ups are random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace pairloom {

class Pages {
 public:
  Pages() = default;
  explicit Pages(size_t num_bytes);  // throws std::bad_alloc
  ~Pages();
  Pages(Pages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        num_bytes_(std::exchange(other.num_bytes_, 0)) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(num_bytes_, other.num_bytes_);
    return *this;
  }

  void* data() const { return data_; }
  size_t num_bytes() const { return num_bytes_; }

 private:
  void* data_ = nullptr;
  size_t num_bytes_ = 0;
};

// Address space that never moves and takes memory only where it was opened.
class ReservedPages {
 public:
  ReservedPages() = default;
  explicit ReservedPages(size_t num_bytes);  // throws std::bad_alloc
  ~ReservedPages();
  ReservedPages(ReservedPages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        num_bytes_(std::exchange(other.num_bytes_, 0)) {}
  ReservedPages& operator=(ReservedPages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(num_bytes_, other.num_bytes_);
    return *this;
  }

  // Lets bytes begin .. end be read and written; those that were not open before are zero.
  // Throws std::bad_alloc.
  void open(size_t begin, size_t end) const;
  void* data() const { return data_; }
  size_t num_bytes() const { return num_bytes_; }

 private:
  void* data_ = nullptr;
  size_t num_bytes_ = 0;
};

// A zeroed array of trivially copyable T that grows in place, up to a capacity.
template <class T>
class ReservedArray {
 public:
  ReservedArray() = default;
  explicit ReservedArray(size_t capacity) : pages_(capacity * sizeof(T)) {}

  T* data() const { return static_cast<T*>(pages_.data()); }
  T& operator[](size_t i) const { return data()[i]; }

  // Lets the first `size` values be used. Throws std::bad_alloc.
  void grow(size_t size) {
    const size_t needed = size * sizeof(T);
    if (needed <= opened_) {
      return;
    }
    const size_t ahead = opened_ + opened_ / 8 + kLeastStep;
    const size_t end = std::min(std::max(needed, ahead), pages_.num_bytes());
    pages_.open(opened_, end);
    opened_ = end;
  }
  // Lets values beyond those be used too.
  void open(size_t first, size_t count) const {
    pages_.open(first * sizeof(T), (first + count) * sizeof(T));
  }

 private:
  static constexpr size_t kLeastStep = size_t{4} << 20;

  ReservedPages pages_;
  size_t opened_ = 0;  // bytes from the first on
};

// A zeroed array of trivially copyable T.
template <class T>
class LargeArray {
 public:
  LargeArray() = default;
  explicit LargeArray(size_t size) : pages_(size * sizeof(T)), size_(size) {}

  T* data() const { return static_cast<T*>(pages_.data()); }
  size_t size() const { return size_; }
  T& operator[](size_t i) const { return data()[i]; }

  // Makes room for `size` values; the contents become zero if it had to grow.
  void reserve(size_t size) {
    if (size > size_) {
      *this = LargeArray();
      *this = LargeArray(size + size / 4);
    }
  }

 private:
  Pages pages_;
  size_t size_ = 0;
};

}  // namespace pairloom
