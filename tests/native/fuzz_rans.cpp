// Random tables, symbols and payloads through rans.hpp, to be compiled with the address and undefined sanitizers:
//
//     g++ -std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Isrc/tintype/native
//         tests/native/fuzz_rans.cpp -o fuzz_rans
//     ./fuzz_rans [seconds] [seed]
//
// Every buffer has exactly the size that the core was told, so that a byte too far is seen.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "rans.hpp"

namespace rans = tintype::rans;
using rans::Status;

namespace {

std::mt19937_64 engine;

uint32_t below(uint32_t n) { return uint32_t(engine() % n); }

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "fuzz_rans: %s\n", what);
    std::abort();
}

// An allocation of its own for each array: std::vector's spare capacity would hide an overrun.
template <typename T>
struct Exact {
    explicit Exact(const std::vector<T>& v) : data(new T[v.size()]), size(v.size()) {
        std::copy(v.begin(), v.end(), data.get());
    }
    explicit Exact(size_t n) : data(new T[n]()), size(n) {}
    T* begin() const { return data.get(); }
    T* end() const { return data.get() + size; }

    std::unique_ptr<T[]> data;
    size_t size;
};

struct RawTables {
    std::vector<int32_t> cumulative, offsets{0};
    std::vector<int16_t> first;
};

RawTables random_tables() {
    RawTables raw;
    for (uint32_t rows = 1 + below(20); rows > 0; rows--) {
        std::vector<int32_t> row{0, int32_t(rans::kTotal)};
        const bool skip = below(4) == 0;
        for (uint32_t i = 1 + below(below(10) ? 12 : 2000); !skip && i > 0; i--)
            row.push_back(below(3) ? 1 + int32_t(below(65535)) : 1 + int32_t(below(40)));
        std::sort(row.begin(), row.end());
        row.erase(std::unique(row.begin(), row.end()), row.end());
        raw.cumulative.insert(raw.cumulative.end(), row.begin(), row.end());
        raw.offsets.push_back(int32_t(raw.cumulative.size()));
        const int32_t count = int32_t(row.size()) - 2, lowest = below(5) ? -count / 2 : INT16_MIN;
        const int32_t highest = INT16_MAX - std::max(count - 1, 0);
        raw.first.push_back(skip ? int16_t(0) : int16_t(below(8) ? lowest : highest));
    }
    return raw;
}

// Tables as the binding owns them.
struct Built {
    explicit Built(const rans::Source& source, const rans::Sizes& sizes)
        : rows(sizes.rows),
          coded(sizes.rows),
          entries(sizes.entries),
          reciprocals(sizes.entries),
          buckets(sizes.buckets) {
        rans::build(source, rows.begin(), coded.begin(), entries.begin(), reciprocals.begin(), buckets.begin());
    }
    rans::Tables view() const {
        return {rows.begin(), rows.end(), coded.begin(), entries.begin(), reciprocals.begin(), buckets.begin()};
    }

    Exact<rans::Row> rows;
    Exact<uint8_t> coded;
    Exact<rans::Entry> entries;
    Exact<uint64_t> reciprocals;
    Exact<uint32_t> buckets;
};

// Build tables that measure() accepts; others must be refused, not read beyond.
std::unique_ptr<Built> try_build(const RawTables& raw) {
    const Exact<int32_t> cumulative(raw.cumulative), offsets(raw.offsets);
    const Exact<int16_t> first(raw.first);
    const rans::Source source{cumulative.begin(), cumulative.end(), offsets.begin(),
                              offsets.end(),      first.begin(),    first.end()};
    rans::Sizes sizes{};
    if (rans::measure(source, sizes) != Status::ok) return nullptr;
    return std::make_unique<Built>(source, sizes);
}

struct Symbols {
    std::vector<uint16_t> rows;
    std::vector<int16_t> symbols;
};

Symbols random_symbols(const rans::Tables& t, size_t n) {
    Symbols s;
    const auto known = uint32_t(t.rows_end - t.rows);
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = below(known);
        const rans::Row& r = t.rows[row];
        int32_t symbol = r.first + int32_t(below(r.escape - r.entry));
        if (below(16) == 0) symbol = int32_t(below(65536)) + INT16_MIN;
        s.rows.push_back(uint16_t(row));
        s.symbols.push_back(t.coded[row] ? int16_t(symbol) : int16_t(0));
    }
    return s;
}

std::vector<uint8_t> encode(const rans::Tables& t, const Symbols& s) {
    const Exact<uint16_t> rows(s.rows);
    const Exact<int16_t> symbols(s.symbols);
    const Exact<uint8_t> buffer(s.rows.size() * rans::kBytesPerSymbol + rans::kBlockBytes);
    uint64_t coded = 0;
    rans::count_coded(t, rows.begin(), rows.end(), coded);
    // Lanes by chance: the format allows more than the encoder would take for so few symbols.
    rans::Encoder e;
    rans::start(e, coded, buffer.begin(), buffer.end());
    e.lanes = 1u << below(6);
    size_t position;
    for (size_t end = rows.size; end > 0;) {
        const size_t begin = end - std::min<size_t>(end, 1 + below(uint32_t(rans::kBlock)));
        if (rans::encode(e, t, rows.begin() + begin, rows.begin() + end, symbols.begin() + begin, position) !=
            Status::ok)
            fail("valid symbols were not encoded");
        end = begin;
    }
    if (rans::flush(e, coded) != Status::ok) fail("no head was written");
    return {e.next, buffer.end()};
}

// Decode in steps of random size; whatever the bytes are, an answer must come.
Status decode(const rans::Tables& t, const std::vector<uint8_t>& bytes, const std::vector<uint16_t>& wanted,
              std::vector<int16_t>& symbols) {
    const Exact<uint8_t> payload(bytes);
    rans::Decoder d;
    Status status = rans::open(d, payload.begin(), payload.end());
    for (size_t begin = 0; begin < wanted.size() && status == Status::ok;) {
        const size_t n = std::min<size_t>(1 + below(below(2) ? 5 : 3000), wanted.size() - begin);
        const Exact<uint16_t> rows(std::vector<uint16_t>(wanted.begin() + begin, wanted.begin() + begin + n));
        const Exact<int16_t> out(n);
        size_t position;
        status = rans::decode(d, t, rows.begin(), rows.end(), out.begin(), position);
        symbols.insert(symbols.end(), out.begin(), out.end());
        begin += n;
    }
    return status == Status::ok ? rans::finish(d) : status;
}

void damage(std::vector<uint8_t>& bytes) {
    for (uint32_t times = 1 + below(3); times > 0 && !bytes.empty(); times--) switch (below(4)) {
            case 0: bytes.resize(below(uint32_t(bytes.size()))); break;
            case 1: bytes[below(uint32_t(bytes.size()))] = uint8_t(below(256)); break;
            case 2: bytes[below(std::min<uint32_t>(uint32_t(bytes.size()), 20))] ^= uint8_t(1u << below(8)); break;
            default: bytes.push_back(uint8_t(below(256)));
        }
}

template <typename T>
void disturb(std::vector<T>& values) {
    T& value = values[below(uint32_t(values.size()))];
    value = below(2) ? T(value + int(below(5)) - 2) : T(engine());
}

void round() {
    RawTables raw = random_tables();
    const std::unique_ptr<Built> built = try_build(raw);
    if (!built) fail("valid tables were refused");
    const rans::Tables t = built->view();
    Symbols s = random_symbols(t, below(4) ? below(60) : below(5000));

    std::vector<uint8_t> payload = encode(t, s);
    std::vector<int16_t> symbols;
    if (decode(t, payload, s.rows, symbols) != Status::ok || symbols != s.symbols) fail("symbols did not come back");

    for (int i = 0; i < 8; i++) {
        std::vector<uint8_t> damaged = payload;
        damage(damaged);
        symbols.clear();
        decode(t, damaged, s.rows, symbols);
    }
    std::vector<uint8_t> noise(below(200));
    for (uint8_t& byte : noise) byte = uint8_t(below(below(2) ? 256 : 6));
    symbols.clear();
    decode(t, noise, s.rows, symbols);

    std::vector<uint16_t> rows = s.rows;
    if (!rows.empty()) disturb(rows);
    symbols.clear();
    decode(t, payload, rows, symbols);

    for (int i = 0; i < 4; i++) {
        RawTables wrong = raw;
        switch (below(3)) {
            case 0: disturb(wrong.cumulative); break;
            case 1: disturb(wrong.offsets); break;
            default: disturb(wrong.first);
        }
        if (const auto accepted = try_build(wrong)) {
            symbols.clear();
            decode(accepted->view(), payload, s.rows, symbols);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
    engine.seed(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    long rounds = 0;
    for (; std::chrono::duration<double>(Clock::now() - begin).count() < seconds; rounds++) round();
    std::printf("%ld rounds, no finding\n", rounds);
}
