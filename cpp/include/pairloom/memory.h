// Large zeroed arrays straight from the operating system: pages are resident only once touched,
// and huge pages are asked for, because the table's look-ups are random.
#pragma once

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
