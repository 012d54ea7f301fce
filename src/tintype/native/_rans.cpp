// Python's door to rans.hpp: checks arrays, releases the interpreter lock, turns a Status into our exceptions.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "rans.hpp"

namespace nb = nanobind;
namespace rans = tintype::rans;
using rans::Status;

template <typename T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using SymbolsOut = nb::ndarray<int16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

namespace {

[[noreturn]] void raise(const char* error, const std::string& message) {
    nb::object type = nb::module_::import_("tintype.errors").attr(error);
    PyErr_SetString(type.ptr(), message.c_str());
    throw nb::python_error();
}

void require(Status status, size_t position = 0) {
    const std::string at = " at position " + std::to_string(position);
    switch (status) {
        case Status::ok: return;
        case Status::no_space: throw std::logic_error("rans: the encoder's bound does not hold");
        case Status::bad_tables: raise("WeightsError", "tables: not rows of rising frequencies that end at 65536");
        case Status::bad_row: raise("InputError", "the row" + at + " is not in the tables");
        case Status::bad_skip:
            raise("InputError", "the symbol" + at + " has a row that holds the symbol 0 alone; quantise to 0 there");
        case Status::empty: raise("TruncatedError", "payload: empty, but the step has symbols to decode");
        case Status::bad_lanes: raise("CorruptError", "payload: the lane code at byte 0 is not one of the format's");
        case Status::short_head: raise("TruncatedError", "payload: ends within the lanes' states");
        case Status::bad_state: raise("CorruptError", "payload: a lane's state is below 2^24");
        case Status::out_of_bytes: raise("TruncatedError", "payload: ends before the last symbol");
        case Status::long_escape:
            raise("CorruptError", "payload: an escape code is longer than any int16 needs");
        case Status::wide_escape: raise("CorruptError", "payload: an escape stands for a value that is no int16");
        case Status::bytes_left: raise("CorruptError", "payload: bytes are left after the last symbol");
        case Status::open_state:
            raise("CorruptError",
                  "payload: a lane does not end in its initial state; the bytes or rows are wrong");
    }
}

// Owns what build() derives.
class Tables {
   public:
    Tables(Vector<int32_t> cumulative, Vector<int32_t> offsets, Vector<int16_t> first) {
        const rans::Source source{cumulative.data(), cumulative.data() + cumulative.size(), offsets.data(),
                                  offsets.data() + offsets.size(), first.data(), first.data() + first.size()};
        rans::Sizes sizes;
        require(rans::measure(source, sizes));
        rows_.resize(sizes.rows);
        entries_.resize(sizes.entries);
        reciprocals_.resize(sizes.entries);
        buckets_.resize(sizes.buckets);
        coded_.resize(sizes.rows);
        rans::build(source, rows_.data(), coded_.data(), entries_.data(), reciprocals_.data(), buckets_.data());
    }

    rans::Tables view() const noexcept {
        return {rows_.data(),    rows_.data() + rows_.size(), coded_.data(),
                entries_.data(), reciprocals_.data(),         buckets_.data()};
    }

   private:
    std::vector<rans::Row> rows_;
    std::vector<uint8_t> coded_;
    std::vector<rans::Entry> entries_;
    std::vector<uint64_t> reciprocals_;
    std::vector<uint32_t> buckets_;
};

struct Step {
    Vector<uint16_t> rows;
    Vector<int16_t> symbols;
};

// Bytes that grow at the front.
class Buffer {
   public:
    // Room for one more block; keeps [encoder.next, end) of what there is.
    void reserve(rans::Encoder& encoder) {
        if (size_t(encoder.next - encoder.begin) >= rans::kBlockBytes) return;
        const auto used = size_t(end() - encoder.next);
        const size_t size = 2 * size_ + 8 * rans::kBlockBytes;
        std::unique_ptr<uint8_t[]> larger(new uint8_t[size]);
        std::memcpy(larger.get() + size - used, encoder.next, used);
        data_ = std::move(larger);
        size_ = size;
        encoder.begin = data_.get();
        encoder.next = end() - used;
    }

    uint8_t* end() const noexcept { return data_.get() + size_; }

   private:
    size_t size_ = 8 * rans::kBlockBytes;
    std::unique_ptr<uint8_t[]> data_{new uint8_t[size_]};
};

struct Failure {
    Status status;
    size_t position;  // of a symbol in the tile
};

Failure encode_steps(rans::Encoder& encoder, Buffer& buffer, const rans::Tables& tables,
                     const std::vector<Step>& steps) {
    uint64_t coded = 0;
    size_t before = 0;  // symbols of earlier steps
    for (const Step& step : steps) {
        rans::count_coded(tables, step.rows.data(), step.rows.data() + step.rows.size(), coded);
        before += step.rows.size();
    }
    rans::start(encoder, coded, buffer.end() - 8 * rans::kBlockBytes, buffer.end());
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        before -= step->rows.size();
        for (size_t end = step->rows.size(); end > 0;) {
            const size_t begin = end > rans::kBlock ? end - rans::kBlock : 0;
            buffer.reserve(encoder);
            const uint16_t* rows = step->rows.data();
            size_t position = 0;
            const Status status =
                rans::encode(encoder, tables, rows + begin, rows + end, step->symbols.data() + begin, position);
            if (status != Status::ok) return {status, before + begin + position};
            end = begin;
        }
    }
    buffer.reserve(encoder);
    return {rans::flush(encoder, coded), 0};
}

nb::bytes encode(nb::sequence sequence, const Tables& tables) {
    std::vector<Step> steps;
    for (nb::handle item : sequence) {
        Step step{nb::cast<Vector<uint16_t>>(item[0]), nb::cast<Vector<int16_t>>(item[1])};
        if (step.rows.size() != step.symbols.size())
            raise("InputError", "a step has " + std::to_string(step.rows.size()) + " rows and " +
                                    std::to_string(step.symbols.size()) + " symbols");
        steps.push_back(std::move(step));
    }
    Buffer buffer;
    rans::Encoder encoder;
    Failure failure;
    {
        nb::gil_scoped_release released;
        failure = encode_steps(encoder, buffer, tables.view(), steps);
    }
    require(failure.status, failure.position);
    return nb::bytes(encoder.next, size_t(buffer.end() - encoder.next));
}

class Decoder {
   public:
    Decoder(nb::bytes payload, nb::handle_t<Tables> tables)
        : payload_(payload), owner_(nb::borrow(tables)), tables_(nb::cast<const Tables&>(tables).view()) {
        const auto* begin = static_cast<const uint8_t*>(payload.data());
        require(rans::open(decoder_, begin, begin + payload.size()));
    }

    void decode(Vector<uint16_t> rows, SymbolsOut symbols) {
        if (rows.size() != symbols.size()) raise("InputError", "rows and symbols must have the same length");
        // Two threads in one decoder would move `next` past its end.
        if (busy_.test_and_set()) throw std::runtime_error("rans: a Decoder is used by two threads at once");
        Status status;
        size_t position = 0;
        {
            nb::gil_scoped_release released;
            status = rans::decode(decoder_, tables_, rows.data(), rows.data() + rows.size(), symbols.data(), position);
        }
        busy_.clear();
        require(status, position);
    }

    void finish() const { require(rans::finish(decoder_)); }

   private:
    nb::bytes payload_;  // keeps the bytes and the tables alive
    nb::object owner_;
    rans::Tables tables_;
    rans::Decoder decoder_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace

NB_MODULE(_rans, m) {
    nb::class_<Tables>(m, "Tables")
        .def(nb::init<Vector<int32_t>, Vector<int32_t>, Vector<int16_t>>(), nb::arg("cumulative"), nb::arg("offsets"),
             nb::arg("first"));
    m.def("encode", &encode, nb::arg("steps"), nb::arg("tables"));
    nb::class_<Decoder>(m, "Decoder")
        .def(nb::init<nb::bytes, nb::handle_t<Tables>>(), nb::arg("payload"), nb::arg("tables"))
        .def("decode", &Decoder::decode, nb::arg("rows"), nb::arg("symbols").noconvert())
        .def("finish", &Decoder::finish);
}
