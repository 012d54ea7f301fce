// The filters of PNG (section 9): each row by the filter with the smallest sum of magnitudes.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tintype::png {

constexpr int kFilters = 5;

// Of the three neighbours the one nearest to a + b - c; ties go to the first.
inline int paeth(int a, int b, int c) noexcept {
    const int to_a = std::abs(b - c), to_b = std::abs(a - c), to_c = std::abs(a + b - 2 * c);
    return (to_a <= to_b) & (to_a <= to_c) ? a : to_b <= to_c ? b : c;
}

// What a filter leaves of a row, `size` bytes into `out`. Bytes `step` behind each other are of one channel.
template <typename Guess>
inline void filtered(const uint8_t* x, const uint8_t* above, size_t size, size_t step, Guess guess,
                     uint8_t* out) noexcept {
    for (size_t i = 0; i < std::min(step, size); i++) out[i] = uint8_t(x[i] - guess(0, above[i], 0));
    for (size_t i = step; i < size; i++) out[i] = uint8_t(x[i] - guess(x[i - step], above[i], above[i - step]));
}

inline uint64_t magnitudes(const uint8_t* x, size_t size) noexcept {
    uint64_t sum = 0;
    for (size_t i = 0; i < size;) {
        uint32_t part = 0;
        for (const size_t end = std::min(size, i + 4096); i < end; i++) part += std::min(x[i], uint8_t(-x[i]));
        sum += part;
    }
    return sum;
}

// A row behind the number of its filter: size + 1 bytes into `out`. `scratch` has kFilters * size bytes.
inline void row(const uint8_t* x, const uint8_t* above, size_t size, size_t step, uint8_t* scratch,
                uint8_t* out) noexcept {
    filtered(x, above, size, step, [](int, int, int) { return 0; }, scratch);
    filtered(x, above, size, step, [](int a, int, int) { return a; }, scratch + size);
    filtered(x, above, size, step, [](int, int b, int) { return b; }, scratch + 2 * size);
    filtered(x, above, size, step, [](int a, int b, int) { return (a + b) / 2; }, scratch + 3 * size);
    filtered(x, above, size, step, paeth, scratch + 4 * size);
    size_t best = 0;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < kFilters; i++) {
        const uint64_t sum = magnitudes(scratch + i * size, size);
        if (sum < least) best = i, least = sum;
    }
    out[0] = uint8_t(best);
    std::memcpy(out + 1, scratch + best * size, size);
}

}  // namespace tintype::png
