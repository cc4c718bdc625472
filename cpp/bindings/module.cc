#include "bindings.h"

NB_MODULE(_core, module) {
  module.doc() = "Pairloom's native core: what happens per row or per parameter.";
  pairloom::bindings::bind_errors(module);
  pairloom::bindings::bind_rows(module);
  pairloom::bindings::bind_metrics(module);
  pairloom::bindings::bind_engine(module);
  pairloom::bindings::bind_ownership(module);
  pairloom::bindings::bind_feature_hash(module);
  pairloom::bindings::bind_source_matrix(module);
  pairloom::bindings::bind_stored_table(module);
  pairloom::bindings::bind_interactions(module);
  pairloom::bindings::bind_packed_rows(module);
  pairloom::bindings::bind_recordio(module);
  pairloom::bindings::bind_libsvm(module);
  pairloom::bindings::bind_request_rows(module);
}
