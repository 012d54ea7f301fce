// Prints a hash of what kernels give for numbers that are the same everywhere, for each instruction set of the machine;
// then, if asked, the milliseconds of a block. Needs no exceptions, so that WebAssembly can run it.
//
//     ./same_bits [milliseconds]

#include <chrono>
#include <cstdio>
#include <vector>

#include "available.hpp"

using namespace tintype::engine;

namespace {

uint64_t state = 1;

uint32_t below(uint32_t n) {  // Knuth's MMIX
    state = state * 6364136223846793005u + 1442695040888963407u;
    return uint32_t(state >> 33) % n;
}

std::vector<float> floats(size_t count) {
    std::vector<float> made(count);
    for (float& x : made) x = float(int(below(20001)) - 10000) / 10000;
    return made;
}

struct Layer {
    std::vector<int16_t> weights, packed;
    std::vector<int32_t> starts;
    std::vector<float> scales, biases;
    int inputs, outputs;

    Layer(int inputs, int outputs)
        : weights(size_t(inputs) * outputs), packed(weights.size()), starts(size_t(outputs)), scales(floats(outputs)),
          biases(floats(outputs)), inputs(inputs), outputs(outputs) {
        for (size_t i = 0; i < weights.size(); i++) {
            weights[i] = int16_t(int(below(255)) - 127);
            starts[i / size_t(inputs)] -= 128 * weights[i];
        }
        for (float& each : scales) each *= 1e-3f;
    }

    Dense view(const Kernels& kernels, bool narrow) {
        kernels.pack(weights.data(), inputs, outputs, narrow, packed.data());
        return {packed.data(), starts.data(), scales.data(), biases.data(), inputs, outputs};
    }
};

struct Hash {
    uint64_t value = 14695981039346656037u;  // FNV-1a

    void add(const std::vector<float>& numbers) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(numbers.data());
        for (size_t i = 0; i < numbers.size() * sizeof(float); i++) value = (value ^ bytes[i]) * 1099511628211u;
    }
};

constexpr int kHeight = 11, kWidth = 37, kChannels = 64, kHidden = 128;

struct Networks {
    std::vector<float> taps = floats(9 * kChannels), tap_biases = floats(kChannels);
    Layer expand{kChannels, kHidden}, project{kHidden, kChannels}, picture{9 * kChannels, 48};
    std::vector<float> pixels = floats(size_t(kHeight) * kWidth * kChannels);

    std::vector<float> block(const Kernels& kernels, bool narrow) {
        std::vector<float> out(pixels.size());
        const Block view{taps.data(), tap_biases.data(), expand.view(kernels, narrow), project.view(kernels, narrow), 0.1f,
                         narrow};
        kernels.blocks(&view, 1, {pixels.data(), kHeight, kWidth, kChannels}, {out.data(), kHeight, kWidth, kChannels},
                       nullptr);
        return out;
    }

    std::vector<float> colours(const Kernels& kernels) {
        std::vector<float> out(size_t(kHeight) * kWidth * 48);
        std::vector<int16_t> scratch(size_t(kHeight + 2) * (kWidth + 2) * kChannels);
        kernels.dense(picture.view(kernels, false), Shape::picture, 1, {pixels.data(), kHeight, kWidth, kChannels},
                      {out.data(), 4 * kHeight, 4 * kWidth, 3}, scratch.data());
        return out;
    }
};

}  // namespace

int main(int argc, char**) {
    Networks networks;
    for (const Kernels* kernels : available()) {
        Hash hash;
        hash.add(networks.block(*kernels, false));
        hash.add(networks.block(*kernels, true));
        hash.add(networks.colours(*kernels));
        std::vector<float> exponents = networks.pixels;
        kernels->exponentials(exponents.data(), int(exponents.size()));
        hash.add(exponents);
        std::printf("%s %016llx", kernels->name, static_cast<unsigned long long>(hash.value));
        if (argc > 1) {
            const auto begin = std::chrono::steady_clock::now();
            for (int i = 0; i < 100; i++) networks.block(*kernels, false);
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
            std::printf(" %.3f", took.count() / 100);
        }
        std::printf("\n");
    }
}
