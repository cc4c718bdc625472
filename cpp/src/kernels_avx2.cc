#define PAIRLOOM_PATH avx2
#include "kernels_float.h"
