#include "bindings.h"
#include "pairloom/error.h"

namespace nb = nanobind;

namespace pairloom::bindings {

namespace {

// Raises a class of pairloom.errors, which the core may import: errors stand below everything.
void raise_python(const char* class_name, const char* message) {
  nb::object type = nb::module_::import_("pairloom.errors").attr(class_name);
  PyErr_SetString(type.ptr(), message);
}

}  // namespace

void bind_errors(nb::module_& /*module*/) {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void* /*payload*/) {
    try {
      std::rethrow_exception(pointer);
    } catch (const DataFormatError& error) {
      raise_python("DataFormatError", error.what());
    } catch (const DataError& error) {
      raise_python("DataError", error.what());
    }
  });
}

}  // namespace pairloom::bindings
