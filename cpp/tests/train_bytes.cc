// Prints a hash of trained bytes per case: `make cross` compares what two processors print.
#include <cstdio>

#include "small_data.h"
#include "small_training.h"

namespace {

using namespace pairloom;
using namespace pairloom::testing;

void print_hash(Form form, Loss loss, int num_factors, Optimizer optimizer,
                FactorType factor_type) {
  const SmallData data(form, 1500, 200, form != Form::kOneHot);
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const unsigned char byte : train_to_bytes(data.batch(), num_factors, loss, 400, 2,
                                                 simd_path("auto"), optimizer, factor_type)) {
    hash = (hash ^ byte) * 1099511628211ull;
  }
  std::printf("form %d loss %d num_factors %d optimizer %d factor type %d: %016llx\n",
              static_cast<int>(form), static_cast<int>(loss), num_factors,
              static_cast<int>(optimizer), static_cast<int>(factor_type),
              static_cast<unsigned long long>(hash));
}

}  // namespace

int main() {
  for (const Form form : {Form::kOneHot, Form::kRealValued, Form::kDense}) {
    for (const Loss loss : {Loss::kLogistic, Loss::kSquared}) {
      for (const int num_factors : {4, 8, 10, 16, 64}) {
        for (const Optimizer optimizer : kOptimizers) {
          print_hash(form, loss, num_factors, optimizer, FactorType::kWhole);
        }
      }
    }
  }
  for (const int num_factors : {4, 8, 12, 16, 64}) {
    for (const Optimizer optimizer : kOptimizers) {
      print_hash(Form::kRealValued, Loss::kLogistic, num_factors, optimizer, FactorType::kBfloat16);
    }
  }
  return 0;
}
