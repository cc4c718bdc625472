#define PAIRLOOM_PATH baseline
#include "kernels_float.h"

namespace pairloom {

namespace baseline {

const Kernels<double>& double_kernels() { return kKernels<double, 0>; }

}  // namespace baseline

template <>
const Kernels<float>& find_kernels<float>(int padded_factors, SimdPath path,
                                          FactorType factor_type) {
#if defined(__x86_64__)
  if (path == SimdPath::kAvx2) {
    return avx2::float_kernels(padded_factors, factor_type);
  }
#else
  (void)path;
#endif
  return baseline::float_kernels(padded_factors, factor_type);
}

template <>
const Kernels<double>& find_kernels<double>(int /*padded_factors*/, SimdPath /*path*/,
                                            FactorType /*factor_type*/) {
  return baseline::double_kernels();
}

}  // namespace pairloom
