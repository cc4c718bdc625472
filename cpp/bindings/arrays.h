// NumPy arrays that the core makes.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <array>
#include <cstddef>

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
  T* data = new T[size];
  nanobind::capsule owner(data, [](void* pointer) noexcept { delete[] static_cast<T*>(pointer); });
  return NewArray<T, kDimensions>(data, kDimensions, shape.data(), owner);
}

}  // namespace pairloom::bindings
