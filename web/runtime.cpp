// What the engine needs of a C library, so that none has to be built or shipped: memory, and three functions.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include <__verbose_abort>

// JavaScript's: both throw an error, the first one with a text
#define IMPORT(name) extern "C" [[noreturn]] __attribute__((import_module("tintype"), import_name(#name)))
IMPORT(fail) void tintype_fail(const char* what);
IMPORT(no_memory) void tintype_no_memory();

namespace tintype::engine {
[[noreturn]] void fail(const char* what);
void fail(const char* what) { tintype_fail(what); }
}

namespace {

// A piece has one of four sizes in each octave, so that a freed one fits the next of its kind. Pieces are never split
// or joined: web/engine.js drops the whole memory where much of it was taken.
constexpr size_t kHead = 16, kSmallest = 64, kPage = 65536, kClasses = 4 * 26;

struct alignas(kHead) Piece {
    size_t kind;
    Piece* next;  // of those that are free
};

Piece* free_pieces[kClasses];
uintptr_t used_end, memory_end;

size_t size_of(size_t kind) noexcept { return (kSmallest << kind / 4) / 4 * (4 + kind % 4); }

void* take(size_t bytes) {
    size_t kind = 0;
    while (kind < kClasses && size_of(kind) < bytes + kHead) kind++;
    if (bytes >= size_t(1) << 31 || kind == kClasses) tintype_no_memory();
    Piece* piece = free_pieces[kind];
    if (piece) {
        free_pieces[kind] = piece->next;
    } else {
        if (used_end == 0) used_end = memory_end = __builtin_wasm_memory_size(0) * kPage;
        const size_t size = size_of(kind), left = memory_end - used_end;
        if (size > left) {
            const size_t pages = (size - left + kPage - 1) / kPage;
            if (__builtin_wasm_memory_grow(0, pages) == size_t(-1)) tintype_no_memory();
            memory_end += pages * kPage;
        }
        piece = reinterpret_cast<Piece*>(used_end);
        used_end += size;
        piece->kind = kind;
    }
    return reinterpret_cast<char*>(piece) + kHead;
}

void give(void* at) noexcept {
    if (!at) return;
    auto* piece = reinterpret_cast<Piece*>(static_cast<char*>(at) - kHead);
    piece->next = free_pieces[piece->kind];
    free_pieces[piece->kind] = piece;
}

}  // namespace

void* operator new(size_t bytes) { return take(bytes); }
void* operator new[](size_t bytes) { return take(bytes); }
void operator delete(void* at) noexcept { give(at); }
void operator delete[](void* at) noexcept { give(at); }
void operator delete(void* at, size_t) noexcept { give(at); }
void operator delete[](void* at, size_t) noexcept { give(at); }

// Of libc++: a vector would be longer than memory
void std::__libcpp_verbose_abort(const char*, ...) noexcept { tintype_no_memory(); }

extern "C" {

void* memcpy(void* to, const void* from, size_t bytes) noexcept {
    asm volatile("local.get %0\nlocal.get %1\nlocal.get %2\nmemory.copy 0, 0"
                 : : "r"(to), "r"(from), "r"(bytes) : "memory");
    return to;
}
void* memmove(void* to, const void* from, size_t bytes) noexcept { return memcpy(to, from, bytes); }  // it may overlap
void* memset(void* to, int value, size_t bytes) noexcept {
    asm volatile("local.get %0\nlocal.get %1\nlocal.get %2\nmemory.fill 0"
                 : : "r"(to), "r"(value), "r"(bytes) : "memory");
    return to;
}
long lrint(double x) { return long(__builtin_nearbyint(x)); }  // one instruction: halves to even
}
