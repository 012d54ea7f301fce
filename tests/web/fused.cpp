// The multiply-add of the browser's engine on numbers that JavaScript writes: tests/web/test_fused.py

#include "simd.hpp"

using tintype::simd::Simd128;

constexpr int kMost = 1 << 16;
float numbers[4][kMost];  // a, b, c and a * b + c

extern "C" __attribute__((export_name("numbers_at"))) float* numbers_at() { return numbers[0]; }

extern "C" __attribute__((export_name("fuse"))) void fuse() {
    for (int i = 0; i < kMost; i += Simd128::lanes) {
        const auto of = [&](int row) { return Simd128::load(numbers[row] + i); };
        Simd128::store(numbers[3] + i, Simd128::fma(of(0), of(1), of(2)));
    }
}
