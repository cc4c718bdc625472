// The float tables of one instruction path. The including unit defines PAIRLOOM_PATH, the path's
// namespace: units with different flags must not share a function.
#pragma once

#include <cstring>

#include "bfloat16.h"
#include "elementary.h"
#include "kernels.h"
#include "vec8.h"

namespace pairloom::PAIRLOOM_PATH {

#include "kernels_factors.h"
#include "kernels_rules.h"
#include "kernels_score.h"
#include "kernels_update.h"

// In the order of `Optimizer`, then the row-wise forms.
template <class T, int K, class Factors = WholeFactors<T>>
inline constexpr Kernels<T> kKernels = {
    gather<T, K, Factors>,
    score_chunk<T, K>,
    reduce<T, K>,
    {apply<T, K, AdamRule<T>, Factors>, apply<T, K, AdaGradRule<T>, Factors>,
     apply<T, K, FtrlRule<T>, Factors>, apply<T, K, SgdRule<T>, Factors>,
     apply<T, K, RowwiseAdamRule<T>, Factors>, apply<T, K, RowwiseAdaGradRule<T>, Factors>},
    {apply_bias<T, AdamRule<T>>, apply_bias<T, AdaGradRule<T>>, apply_bias<T, FtrlRule<T>>,
     apply_bias<T, SgdRule<T>>},
    score_rows<T, K>,
    probabilities<T>,
    add_metrics<T>};

// Factor counts that are compile-time constants; the others take the general loops.
PAIRLOOM_INLINE const Kernels<float>& bfloat16_kernels(int padded_factors) {
  switch (padded_factors) {
    case 8:
      return kKernels<float, 8, Bfloat16Factors>;
    case 16:
      return kKernels<float, 16, Bfloat16Factors>;
    default:
      return kKernels<float, 0, Bfloat16Factors>;
  }
}

const Kernels<float>& float_kernels(int padded_factors, FactorType factor_type) {
  if (factor_type == FactorType::kBfloat16) {
    return bfloat16_kernels(padded_factors);
  }
  switch (padded_factors) {
    case 8:
      return kKernels<float, 8>;
    case 16:
      return kKernels<float, 16>;
#ifdef __AVX2__
    case 4:
      return kKernels<float, 4>;
    case 12:
      return kKernels<float, 12>;
    case 32:
      return kKernels<float, 32>;
    case 64:
      return kKernels<float, 64>;
#endif
    default:
      return kKernels<float, 0>;
  }
}

}  // namespace pairloom::PAIRLOOM_PATH
