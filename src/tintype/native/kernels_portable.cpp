#include "available.hpp"
#include "kernels.hpp"

namespace tintype::engine {
const Kernels kPortable = kernels_of<simd::Portable>("portable");
}
