// Rounding by rate and distortion, tintype/codec/quantise.py in one pass with the same float32 operations in the same
// order, so that symbols are equal; and the way back. Compilers must not fuse operations (CMakeLists.txt).

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tintype::quantise {

constexpr float kSymbolMax = 32767;  // of int16; its negative is the lowest
constexpr float kRound = 12582912;   // 1.5 * 2^23: added and subtracted, it rounds what is below 2^22, halves to even

// What a row saves by coding |symbol| m instead of m + 1: (rows, columns). Skip rows hold the symbol 0 alone.
struct Tables {
    const float* saved_bits;
    const bool* skips;
    size_t rows, columns;
};

// Latents of one channel, and what is known of each
struct Channel {
    const float *latents, *means, *widths;
    const uint16_t* rows;
    float worth;  // of a squared error
    size_t size;
};

// False if a row is not in the tables.
inline bool channel(const Channel& in, const Tables& tables, float* symbols) noexcept {
    constexpr size_t kBlock = 256;
    float costs[kBlock];  // of coding |symbol| - 1 instead, in bits
    size_t highest = 0;   // row
    for (size_t begin = 0; begin < in.size; begin += kBlock) {
        const size_t end = std::min(in.size, begin + kBlock);
        for (size_t i = begin; i < end; i++) {
            const float value = (in.latents[i] - in.means[i]) / in.widths[i];
            const float symbol = std::min(std::max(value, -kSymbolMax), kSymbolMax) + kRound - kRound;
            // (v - n + 1)^2 - (v - n)^2, for a value v that was rounded to n > 0
            const float added = 2 * (std::fabs(value) - std::fabs(symbol)) + 1;
            costs[i - begin] = in.worth * (in.widths[i] * in.widths[i]) * added;
            symbols[i] = symbol;
        }
        // without branches, which processors would often guess wrongly
        for (size_t i = begin; i < end; i++) {
            highest = std::max(highest, size_t(in.rows[i]));
            const size_t row = std::min(size_t(in.rows[i]), tables.rows - 1);
            const float magnitude = std::fabs(symbols[i]);
            // from |symbol| to |symbol| - 1; larger symbols than the table has take its last column
            const float lower = std::max(0.0f, std::min(magnitude, float(tables.columns)) - 1);
            const bool cheaper = costs[i - begin] < tables.saved_bits[row * tables.columns + size_t(lower)];
            const float less = magnitude - float(cheaper & (magnitude > 0));
            symbols[i] = std::copysign(tables.skips[row] ? 0.0f : less, symbols[i]);
        }
    }
    return highest < tables.rows;
}

// Latents of the symbols that a mask of 1 and 0 selects, added to those of other symbols
inline void reconstruct(const float* symbols, const float* means, const float* widths, const float* mask, size_t size,
                        float* latents) noexcept {
    for (size_t i = 0; i < size; i++) latents[i] += (symbols[i] * widths[i] + means[i]) * mask[i];
}

}  // namespace tintype::quantise
