// One function per topic; module.cc calls them all.
#pragma once

#include <nanobind/nanobind.h>

namespace pairloom::bindings {

void bind_errors(nanobind::module_& module);
void bind_rows(nanobind::module_& module);
void bind_metrics(nanobind::module_& module);
void bind_engine(nanobind::module_& module);
void bind_ownership(nanobind::module_& module);
void bind_feature_hash(nanobind::module_& module);
void bind_source_matrix(nanobind::module_& module);
void bind_stored_table(nanobind::module_& module);
void bind_interactions(nanobind::module_& module);
void bind_packed_rows(nanobind::module_& module);
void bind_recordio(nanobind::module_& module);
void bind_libsvm(nanobind::module_& module);
void bind_request_rows(nanobind::module_& module);

}  // namespace pairloom::bindings
