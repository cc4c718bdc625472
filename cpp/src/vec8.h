// Eight lanes of T. One source for every instruction path: the compiler lowers the vectors to what
// the translation unit's flags allow, and each lane computes the same bytes. Everything here has
// internal linkage, because units with different flags include it.
#pragma once

#include <cstdint>
#include <cstring>

namespace pairloom {

inline constexpr int kLanes = 8;

template <class T>
struct LaneTypes;

template <>
struct LaneTypes<float> {
  typedef float Vector __attribute__((vector_size(32)));
  typedef float Half __attribute__((vector_size(16)));
  typedef int32_t Integers __attribute__((vector_size(32)));
};

template <>
struct LaneTypes<double> {
  typedef double Vector __attribute__((vector_size(64)));
  typedef double Half __attribute__((vector_size(32)));
  typedef int64_t Integers __attribute__((vector_size(64)));
};

template <class T>
using Vec8 = typename LaneTypes<T>::Vector;

#define PAIRLOOM_INLINE static inline __attribute__((always_inline))

template <class T>
PAIRLOOM_INLINE Vec8<T> load8(const T* from) {
  Vec8<T> lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

template <class T>
PAIRLOOM_INLINE void store8(T* to, Vec8<T> lanes) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

template <class T>
using Vec4 = typename LaneTypes<T>::Half;

// Shuffles stay in registers; a copy through memory would stall on every use.
template <class T>
PAIRLOOM_INLINE Vec4<T> lower_half(Vec8<T> x) {
  return __builtin_shufflevector(x, x, 0, 1, 2, 3);
}

template <class T>
PAIRLOOM_INLINE Vec4<T> upper_half(Vec8<T> x) {
  return __builtin_shufflevector(x, x, 4, 5, 6, 7);
}

// The lower four lanes; the upper four are zero.
template <class T>
PAIRLOOM_INLINE Vec8<T> load4(const T* from) {
  Vec4<T> half;
  std::memcpy(&half, from, sizeof(half));
  return __builtin_shufflevector(half, Vec4<T>{}, 0, 1, 2, 3, 4, 5, 6, 7);
}

template <class T>
PAIRLOOM_INLINE void store4(T* to, Vec8<T> lanes) {
  const Vec4<T> half = lower_half<T>(lanes);
  std::memcpy(to, &half, sizeof(half));
}

template <class T>
PAIRLOOM_INLINE Vec8<T> broadcast(T value) {
  return Vec8<T>{value, value, value, value, value, value, value, value};
}

// The one reduction tree: lanes l and l + 4, then l and l + 2, then the two left.
template <class T>
PAIRLOOM_INLINE T sum_lanes(Vec8<T> x) {
  const Vec4<T> fours = lower_half<T>(x) + upper_half<T>(x);
  const Vec4<T> twos = fours + __builtin_shufflevector(fours, fours, 2, 3, 0, 1);
  return twos[0] + twos[1];
}

// sum_lanes of eight vectors at once, by the same tree.
template <class T>
PAIRLOOM_INLINE Vec8<T> sum_lanes_of_each(const Vec8<T>* x) {
  Vec8<T> fours[4], twos[2];
  for (int i = 0; i < 4; ++i) {  // of x[2i] and x[2i + 1]
    fours[i] = __builtin_shufflevector(x[2 * i], x[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11) +
               __builtin_shufflevector(x[2 * i], x[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  for (int i = 0; i < 2; ++i) {  // of x[4i], x[4i + 2], x[4i + 1], x[4i + 3]
    twos[i] = __builtin_shufflevector(fours[2 * i], fours[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
              __builtin_shufflevector(fours[2 * i], fours[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  const Vec8<T> sums = __builtin_shufflevector(twos[0], twos[1], 0, 2, 8, 10, 4, 6, 12, 14) +
                       __builtin_shufflevector(twos[0], twos[1], 1, 3, 9, 11, 5, 7, 13, 15);
  return __builtin_shufflevector(sums, sums, 0, 4, 1, 5, 2, 6, 3, 7);
}

// Rows of four values become columns of eight, and back.
template <class T>
PAIRLOOM_INLINE void transpose_to_columns(const Vec4<T>* rows, Vec8<T>* columns) {
  Vec8<T> pairs[4];  // rows i and i + 4 side by side
  for (int i = 0; i < 4; ++i) {
    pairs[i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 1, 2, 3, 4, 5, 6, 7);
  }
  const Vec8<T> low01 = __builtin_shufflevector(pairs[0], pairs[1], 0, 8, 1, 9, 4, 12, 5, 13);
  const Vec8<T> low23 = __builtin_shufflevector(pairs[2], pairs[3], 0, 8, 1, 9, 4, 12, 5, 13);
  const Vec8<T> high01 = __builtin_shufflevector(pairs[0], pairs[1], 2, 10, 3, 11, 6, 14, 7, 15);
  const Vec8<T> high23 = __builtin_shufflevector(pairs[2], pairs[3], 2, 10, 3, 11, 6, 14, 7, 15);
  columns[0] = __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13);
  columns[1] = __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15);
  columns[2] = __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13);
  columns[3] = __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15);
}

template <class T>
PAIRLOOM_INLINE void transpose_to_rows(const Vec8<T>* columns, Vec4<T>* rows) {
  const Vec8<T> low01 = __builtin_shufflevector(columns[0], columns[1], 0, 8, 1, 9, 4, 12, 5, 13);
  const Vec8<T> low23 = __builtin_shufflevector(columns[2], columns[3], 0, 8, 1, 9, 4, 12, 5, 13);
  const Vec8<T> high01 =
      __builtin_shufflevector(columns[0], columns[1], 2, 10, 3, 11, 6, 14, 7, 15);
  const Vec8<T> high23 =
      __builtin_shufflevector(columns[2], columns[3], 2, 10, 3, 11, 6, 14, 7, 15);
  const Vec8<T> pairs[4] = {
      __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13),
      __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15),
      __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13),
      __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15),
  };
  for (int i = 0; i < 4; ++i) {
    rows[i] = lower_half<T>(pairs[i]);
    rows[i + 4] = upper_half<T>(pairs[i]);
  }
}

template <class T>
PAIRLOOM_INLINE Vec8<T> square_root(Vec8<T> x) {
  Vec8<T> root;
  for (int lane = 0; lane < kLanes; ++lane) {
    if constexpr (sizeof(T) == 4) {
      root[lane] = __builtin_sqrtf(x[lane]);
    } else {
      root[lane] = __builtin_sqrt(x[lane]);
    }
  }
  return root;
}

template <class T>
PAIRLOOM_INLINE Vec8<T> smaller(Vec8<T> a, Vec8<T> b) {
  return a < b ? a : b;
}

template <class T>
PAIRLOOM_INLINE Vec8<T> larger(Vec8<T> a, Vec8<T> b) {
  return a > b ? a : b;
}

}  // namespace pairloom
