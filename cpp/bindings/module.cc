#include "bindings.h"

NB_MODULE(_core, module) {
  module.doc() = "Pairloom's native core: what happens per row or per parameter.";
  pairloom::bindings::bind_errors(module);
}
