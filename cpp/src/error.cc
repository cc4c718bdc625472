#include "pairloom/error.h"

namespace pairloom {

DivergedError::DivergedError(const std::string& what_diverged, uint64_t batch)
    : std::runtime_error(what_diverged), batch_(batch) {}

}  // namespace pairloom
