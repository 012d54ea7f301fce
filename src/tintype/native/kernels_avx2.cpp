#include "kernels.hpp"

namespace tintype::engine {
extern const Kernels kAvx2;
const Kernels kAvx2 = kernels_of<simd::Avx2>("avx2");
}  // namespace tintype::engine
