#include "available.hpp"
#include "kernels.hpp"

namespace tintype::engine {
const Kernels kAvx2 = kernels_of<simd::Avx2>("avx2");
}
