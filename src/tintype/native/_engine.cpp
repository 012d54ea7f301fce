// Python's door to engine.hpp: checks arrays, chooses the instruction set, releases the interpreter lock.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "available.hpp"
#include "engine.hpp"

namespace nb = nanobind;
using namespace tintype::engine;

namespace {

template <typename T, size_t rank>
using Array = nb::ndarray<const T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;

const Kernels& named(const std::string& name) {
    for (const Kernels* kernels : available())
        if (name.empty() || name == kernels->name) return *kernels;
    throw std::invalid_argument("this machine does not have the instruction set " + name);
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const Kernels* kernels : available()) found.push_back(kernels->name);
    return found;
}

template <typename T>
Matrix<T> matrix(const Array<T, 2>& array) {
    return {array.data(), array.shape(0), array.shape(1)};
}

template <typename T>
std::vector<T> copied(const Array<T, 1>& array) {
    return {array.data(), array.data() + array.size()};
}

const float* biases(const Array<float, 1>& array, const Array<float, 2>& weights) {
    require(array.size() == weights.shape(0), "there is not one bias for each output");
    return array.data();
}

int side(size_t length) {
    require(length <= 1 << 20, "an array's side is longer than the engine takes");
    return int(length);
}

template <typename T>
nb::object numpy(std::unique_ptr<T[]> data, int channels, int height, int width) {
    T* raw = data.release();
    nb::capsule owner(raw, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    const size_t shape[3] = {size_t(channels), size_t(height), size_t(width)};
    return nb::cast(nb::ndarray<nb::numpy, T>(raw, 3, shape, owner));
}

nb::list run(const Network& network, const std::vector<Array<float, 3>>& arrays) {
    std::vector<Planes> inputs;
    for (const auto& each : arrays)
        inputs.push_back({each.data(), side(each.shape(0)), side(each.shape(1)), side(each.shape(2))});
    std::vector<Result> results;
    {
        nb::gil_scoped_release released;
        results = network.run(inputs);
    }
    nb::list found;
    for (Result& each : results) found.append(numpy(std::move(each.data), each.channels, each.height, each.width));
    return found;
}

nb::object run_integers(const Integers& network, Array<int16_t, 3> z, const std::vector<Array<int32_t, 1>>& biases,
                        const std::vector<size_t>& outputs) {
    require(biases.size() == outputs.size(), "there are not biases for each layer");
    std::vector<const int32_t*> pointers;
    for (size_t i = 0; i < biases.size(); i++) {
        require(biases[i].size() == outputs[i], "there is not one bias for each output");
        pointers.push_back(biases[i].data());
    }
    int height = side(z.shape(1)), width = side(z.shape(2));
    std::vector<uint16_t> planes;
    {
        nb::gil_scoped_release released;
        planes = network.run(z.data(), side(z.shape(0)), height, width, pointers);
    }
    const int channels = int(planes.size() / (size_t(height) * width));
    std::unique_ptr<uint16_t[]> data(new uint16_t[planes.size()]);
    std::copy(planes.begin(), planes.end(), data.get());
    return numpy(std::move(data), channels, height, width);
}

}  // namespace

NB_MODULE(_engine, m) {
    m.attr("LANE") = kLane;
    m.attr("MAX_INPUTS") = kMaxInputs;
    m.def("instruction_sets", &names);
    nb::enum_<Shape>(m, "Shape")
        .value("PLAIN", Shape::plain)
        .value("DOWN", Shape::down)
        .value("UP", Shape::up)
        .value("AROUND", Shape::around)
        .value("PICTURE", Shape::picture);
    nb::class_<Network>(m, "Network")
        .def("__init__", [](Network* self, const std::string& set) { new (self) Network(named(set)); },
             nb::arg("instruction_set") = "")
        .def("input", &Network::input)
        .def("pixels", &Network::pixels)
        .def("dense",
             [](Network& self, int from, Array<float, 2> weights, Array<float, 1> bias, Shape shape, int channels,
                float slope) { return self.dense(from, matrix(weights), biases(bias, weights), shape, channels, slope); })
        .def("block",
             [](Network& self, int from, Array<float, 1> taps, Array<float, 1> tap_biases, Array<float, 2> expand,
                Array<float, 1> expand_biases, Array<float, 2> project, Array<float, 1> project_biases, float slope,
                bool narrow) {
                 return self.block(from, copied(taps), copied(tap_biases), matrix(expand),
                                   biases(expand_biases, expand), matrix(project), biases(project_biases, project),
                                   slope, narrow);
             })
        .def("add", &Network::add)
        .def("scale", &Network::scale)
        .def("concat", &Network::concat)
        .def("output", &Network::output)
        .def("run", &run);
    nb::class_<Integers>(m, "Integers")
        .def("__init__", [](Integers* self, const std::string& set) { new (self) Integers(named(set)); },
             nb::arg("instruction_set") = "")
        .def("layer",
             [](Integers& self, Array<int16_t, 2> weights, Array<double, 1> scales, int32_t top, int channels, bool around,
                bool shuffled) {
                 self.layer(matrix(weights), {copied(scales), top}, channels, around, shuffled);
             })
        .def("run", &run_integers);
}
