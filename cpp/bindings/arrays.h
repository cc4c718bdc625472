// NumPy arrays that the core makes.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>

#include "pairloom/growing_array.h"

namespace pairloom::bindings {

template <class T, size_t kDimensions>
using NewArray =
    nanobind::ndarray<nanobind::numpy, T, nanobind::ndim<kDimensions>, nanobind::c_contig>;

template <class T, size_t kDimensions>
NewArray<T, kDimensions> new_array(const std::array<size_t, kDimensions>& shape) {
  size_t size = 1;
  for (const size_t extent : shape) {
    size *= extent;
  }
  GrowingArray<T> array;
  array.reserve(std::max<size_t>(size, 1));
  array.extend(size);
  T* data = array.release();
  nanobind::capsule owner(data, [](void* memory) noexcept { std::free(memory); });
  return NewArray<T, kDimensions>(data, kDimensions, shape.data(), owner);
}

// Hands the memory of `array` to NumPy without a copy.
template <typename T>
nanobind::object to_numpy(GrowingArray<T>&& array, std::initializer_list<size_t> shape) {
  T* data = array.release();
  nanobind::capsule owner(data == nullptr ? std::malloc(1) : data,
                          [](void* memory) noexcept { std::free(memory); });
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, T>(static_cast<T*>(owner.data()), shape, owner));
}

}  // namespace pairloom::bindings
