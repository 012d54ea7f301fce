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
using Contiguous = nb::ndarray<const T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;

using Strided = nb::ndarray<const float, nb::ndim<3>, nb::device::cpu>;

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
Matrix<T> matrix(const Contiguous<T, 2>& array) {
    return {array.data(), array.shape(0), array.shape(1)};
}

template <typename T>
std::vector<T> copied(const Contiguous<T, 1>& array) {
    return {array.data(), array.data() + array.size()};
}

const float* biases(const Contiguous<float, 1>& array, const Contiguous<float, 2>& weights) {
    require(array.size() == weights.shape(0), "there is not one bias for each output");
    return array.data();
}

int side(size_t length) {
    require(length <= 1 << 20, "an array's side is longer than the engine takes");
    return int(length);
}

Array array(const Strided& from) {
    return {from.data(),    side(from.shape(0)), side(from.shape(1)), side(from.shape(2)),
            from.stride(0), from.stride(1),      from.stride(2)};
}

template <typename T>
nb::object numpy(std::unique_ptr<T[]> data, const size_t (&shape)[3], const int64_t* strides = nullptr) {
    T* raw = data.release();
    nb::capsule owner(raw, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T>(raw, 3, shape, owner, strides));
}

nb::list run(const Network& network, const std::vector<Strided>& arrays) {
    std::vector<Array> inputs;
    for (const auto& each : arrays) inputs.push_back(array(each));
    std::vector<Result> results;
    {
        nb::gil_scoped_release released;
        results = network.run(inputs);
    }
    nb::list found;
    for (Result& each : results) {
        const Array view = each.view();
        const int64_t strides[3] = {view.channel_step, view.row_step, view.column_step};
        const size_t shape[3] = {size_t(each.channels), size_t(each.height), size_t(each.width)};
        found.append(numpy(std::move(each.data), shape, strides));
    }
    return found;
}

void mean_width_of(Strided prior, Contiguous<float, 1> gain, float unit, float limit,
                   nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu> mean,
                   nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu> width) {
    const Array from = array(prior);
    for (const auto& to : {mean, width})
        require(2 * to.shape(0) == prior.shape(0) && to.shape(0) == gain.size() && to.shape(1) == prior.shape(1) &&
                    to.shape(2) == prior.shape(2),
                "means or widths do not fit the prior");
    require(limit > 0 && limit <= 80, "a limit of exponents that the engine does not take");
    nb::gil_scoped_release released;
    mean_width(*available()[0], from, gain.data(), unit, limit, mean.data(), width.data());
}

nb::object run_integers(const Integers& network, Contiguous<int16_t, 3> z,
                        const std::vector<Contiguous<int32_t, 1>>& biases, const std::vector<size_t>& outputs) {
    require(biases.size() == outputs.size(), "there are not biases for each layer");
    std::vector<const int32_t*> pointers;
    for (size_t i = 0; i < biases.size(); i++) {
        require(biases[i].size() == outputs[i], "there is not one bias for each output");
        pointers.push_back(biases[i].data());
    }
    int height = side(z.shape(1)), width = side(z.shape(2));
    require(height > 0 && width > 0, "z without places");
    std::vector<uint16_t> planes;
    {
        nb::gil_scoped_release released;
        planes = network.run(z.data(), side(z.shape(0)), height, width, pointers);
    }
    const int channels = int(planes.size() / (size_t(height) * width));
    std::unique_ptr<uint16_t[]> data(new uint16_t[planes.size()]);
    std::copy(planes.begin(), planes.end(), data.get());
    return numpy(std::move(data), {size_t(channels), size_t(height), size_t(width)});
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
             [](Network& self, int from, Contiguous<float, 2> weights, Contiguous<float, 1> bias, Shape shape,
                int channels, float slope) {
                 return self.dense(from, matrix(weights), biases(bias, weights), shape, channels, slope);
             })
        .def("block",
             [](Network& self, int from, Contiguous<float, 1> taps, Contiguous<float, 1> tap_biases,
                Contiguous<float, 2> expand, Contiguous<float, 1> expand_biases, Contiguous<float, 2> project,
                Contiguous<float, 1> project_biases, float slope, bool narrow) {
                 return self.block(from, copied(taps), copied(tap_biases), matrix(expand),
                                   biases(expand_biases, expand), matrix(project), biases(project_biases, project),
                                   slope, narrow);
             })
        .def("add", &Network::add)
        .def("scale", &Network::scale)
        .def("concat", &Network::concat)
        .def("output", &Network::output, nb::arg("at"), nb::arg("planes") = true)
        .def("run", &run);
    m.def("mean_width", &mean_width_of, nb::arg("prior"), nb::arg("gain"), nb::arg("unit"), nb::arg("limit"),
          nb::arg("mean").noconvert(), nb::arg("width").noconvert());
    nb::class_<Integers>(m, "Integers")
        .def("__init__", [](Integers* self, const std::string& set) { new (self) Integers(named(set)); },
             nb::arg("instruction_set") = "")
        .def("layer",
             [](Integers& self, Contiguous<int16_t, 2> weights, Contiguous<double, 1> scales, int32_t top,
                int channels, bool around, bool shuffled) {
                 self.layer(matrix(weights), {copied(scales), top}, channels, around, shuffled);
             })
        .def("run", &run_integers);
}
