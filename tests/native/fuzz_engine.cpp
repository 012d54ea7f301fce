// Random networks of random sizes on every instruction set, to be compiled with the address and undefined sanitizers;
// fuzz/native.py does so. All of them must give the same bits.
//
//     ./fuzz_engine [seconds] [seed]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "available.hpp"
#include "engine.hpp"

using namespace tintype::engine;

namespace {

std::mt19937_64 random_bits;

uint32_t below(uint32_t n) { return uint32_t(random_bits() % n); }

// Tame ones are near 1 or zero; others may be far from 1, or not finite.
std::vector<float> floats(size_t count, bool tame) {
    const float scale = tame ? 1.0f : std::ldexp(1.0f, int(below(200)) - 100);
    std::vector<float> made(count);
    for (float& x : made) x = below(64) ? scale * (float(below(20001)) / 10000 - 1) : 0.0f;
    if (!tame && below(4) == 0) made[below(uint32_t(count))] = INFINITY;
    return made;
}

// Layers in the order of their making, with the weights that are the same on every instruction set
struct Layer {
    int kind, from, other;
    Shape shape;
    int channels;
    float slope;
    bool narrow;
    std::vector<std::vector<float>> weights;
};

struct Plan {
    bool tame, pixels, planes;
    int channels, height, width;
    std::vector<Layer> layers;
    std::vector<float> input;
};

struct Size {
    int channels, height, width;
};

Plan random_plan() {
    Plan plan{below(8) != 0, below(4) == 0, below(2) == 0, 1 + int(below(70)), 1 + int(below(20)), 1 + int(below(40)), {}, {}};
    if (plan.pixels) plan.channels = 3, plan.height *= 4, plan.width *= 4;
    plan.input = floats(size_t(plan.channels) * plan.height * plan.width, plan.tame);
    std::vector<Size> maps{plan.pixels ? Size{48, plan.height / 4, plan.width / 4}
                                       : Size{padded(plan.channels), plan.height, plan.width}};
    for (uint32_t count = 1 + below(5); count > 0; count--) {
        const int from = int(below(uint32_t(maps.size())));
        const Size size = maps[size_t(from)];
        const size_t width = size_t(size.channels);
        Layer layer{int(below(5)), from, from, Shape(below(5)), 1 + int(below(60)), below(2) ? 0.1f : 1.0f,
                    below(2) == 0, {}};
        if (layer.kind == 0) {  // dense
            if (layer.shape == Shape::down && (size.height % 2 || size.width % 2)) layer.shape = Shape::plain;
            const bool around = layer.shape == Shape::around || (layer.shape == Shape::picture && below(2));
            const int runs = layer.shape == Shape::down ? 4 : around ? 9 : 1;
            if (runs * size.channels > kMaxInputs || size.height * size.width > 4000) continue;
            const bool up = layer.shape == Shape::up;
            if (layer.shape == Shape::picture) layer.channels = 3;
            const size_t outputs = layer.shape == Shape::picture ? 48 : size_t(up ? 4 : 1) * size_t(padded(layer.channels));
            layer.weights = {floats(outputs * size_t(runs) * width, plan.tame), floats(outputs, plan.tame)};
            if (layer.shape == Shape::picture) {
                plan.layers.push_back(layer);
                break;  // nothing reads a picture
            }
            maps.push_back({padded(layer.channels), layer.shape == Shape::down ? size.height / 2 : size.height << up,
                            layer.shape == Shape::down ? size.width / 2 : size.width << up});
        } else if (layer.kind == 1) {  // block
            const size_t hidden = size_t(kLane) * (1 + below(6));
            for (size_t count : {9 * width, width, hidden * width, hidden, width * hidden, width})
                layer.weights.push_back(floats(count, plan.tame));
            maps.push_back(size);
        } else {  // add, scale, concat
            if (layer.kind == 4 && 2 * size.channels > kMaxInputs / 9) continue;
            maps.push_back(size);
            if (layer.kind == 4) maps.back().channels *= 2;
        }
        plan.layers.push_back(layer);
    }
    return plan;
}

Network build(const Plan& plan, const Kernels& kernels) {
    Network made(kernels);
    int last = plan.pixels ? made.pixels(-0.5f) : made.input(plan.channels);
    std::vector<int> widths{plan.pixels ? 48 : padded(plan.channels)};
    for (const Layer& layer : plan.layers) {
        const auto& w = layer.weights;
        const size_t width = size_t(widths[size_t(layer.from)]);
        const auto matrix = [&](size_t i, size_t outputs) {
            return Matrix<float>{w[i].data(), outputs, w[i].size() / outputs};
        };
        if (layer.kind == 0)
            last = made.dense(layer.from, matrix(0, w[1].size()), w[1].data(), layer.shape, layer.channels, layer.slope);
        else if (layer.kind == 1)
            last = made.block(layer.from, w[0], w[1], matrix(2, w[3].size()), w[3].data(), matrix(4, width), w[5].data(),
                              0.1f, layer.narrow);
        else if (layer.kind == 2)
            last = made.add(layer.from, layer.other);
        else if (layer.kind == 3)
            last = made.scale(layer.from, 0.3f);
        else
            last = made.concat(layer.from, layer.other);
        widths.push_back(layer.kind == 0 ? padded(layer.channels) : layer.kind == 4 ? 2 * int(width) : int(width));
    }
    made.output(last, plan.planes);
    return made;
}

// Planes, or the channels of a pixel side by side
Array view_of(const Plan& plan) {
    const int c = plan.channels, h = plan.height, w = plan.width;
    if (plan.planes) return {plan.input.data(), c, h, w, ptrdiff_t(h) * w, w, 1};
    return {plan.input.data(), c, h, w, 1, ptrdiff_t(w) * c, c};
}

void require_same(const Result& a, const Result& b, const char* what) {
    const size_t size = size_t(a.padded ? a.padded : a.channels) * a.height * a.width;
    const bool shapes =
        a.channels == b.channels && a.height == b.height && a.width == b.width && a.padded == b.padded;
    if (shapes && !std::memcmp(a.data.get(), b.data.get(), size * sizeof(float))) return;
    std::fprintf(stderr, "fuzz_engine: %s differ\n", what);
    std::abort();
}

void network() {
    const Plan plan = random_plan();
    const std::vector<Array> inputs{view_of(plan)};
    std::vector<Result> results;
    for (const Kernels* kernels : available()) {
        const Network made = build(plan, *kernels);
        results.push_back(std::move(made.run(inputs)[0]));
        Result other;
        std::thread([&] { other = std::move(made.run(inputs)[0]); }).join();
        require_same(results.back(), other, "two threads");
        // numbers that are not finite have no bits that all machines agree on; the engine's caller refuses them
        if (plan.tame) require_same(results[0], results.back(), "instruction sets");
    }
}

void priors() {
    Plan plan{true, false, below(2) == 0, 2 * (1 + int(below(40))), 1 + int(below(9)), 1 + int(below(40)), {}, {}};
    const size_t pixels = size_t(plan.height) * size_t(plan.width), latents = size_t(plan.channels) / 2 * pixels;
    plan.input = floats(2 * latents, true);
    for (float& each : plan.input) each *= 4;
    const std::vector<float> gain = floats(size_t(plan.channels) / 2, true);
    std::vector<float> first;
    for (const Kernels* kernels : available()) {
        std::vector<float> found(2 * latents);
        mean_width(*kernels, view_of(plan), gain.data(), 25.5f, 2.5f, found.data(), found.data() + latents);
        if (first.empty()) first = found;
        if (!std::memcmp(found.data(), first.data(), found.size() * sizeof(float))) continue;
        std::fprintf(stderr, "fuzz_engine: means or widths differ\n");
        std::abort();
    }
}

void integers() {
    const bool around = below(2), shuffled = below(2);
    const int channels = 1 + int(below(40)), given = 1 + int(below(40));
    int height = 1 + int(below(9)), width = 1 + int(below(9));
    const size_t outputs = size_t(shuffled ? 4 : 1) * size_t(padded(given));
    const size_t inputs = size_t(around ? 9 : 1) * size_t(padded(channels));
    std::vector<int16_t> weights(outputs * inputs), z(size_t(channels) * height * width);
    for (int16_t& each : weights) each = int16_t(int(below(255)) - 127);
    for (int16_t& each : z) each = int16_t(int(below(63)) - 31);
    std::vector<double> scales(outputs, std::ldexp(1 << 14, -15 - int(below(25))));
    std::vector<int32_t> biases(outputs);
    for (int32_t& each : biases) each = int32_t(below(1 << 20)) - (1 << 19);
    std::vector<uint16_t> first;
    for (const Kernels* kernels : available()) {
        Integers made(*kernels);
        made.layer({weights.data(), outputs, inputs}, {scales, 63}, given, around, shuffled);
        int h = height, w = width;
        const auto found = made.run(z.data(), channels, h, w, {biases.data()});
        if (first.empty()) first = found;
        if (found == first) continue;
        std::fprintf(stderr, "fuzz_engine: integers differ\n");
        std::abort();
    }
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
    random_bits.seed(argc > 2 ? uint64_t(std::atoll(argv[2])) : 1);
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    long rounds = 0;
    for (; std::chrono::steady_clock::now() < end; rounds++) {
        network();
        priors();
        integers();
    }
    std::printf("%ld networks\n", rounds);
}
