// The vector operations that kernels.hpp is written in, for each instruction set: one type each, the same results.
//
// Every operation rounds once, as IEEE 754 says, so that all types give the same bits: a fused multiply-add stays one
// (std::fma where there is no instruction), and compilers may not contract others (CMakeLists.txt).

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <immintrin.h>
#endif
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace tintype::simd {

// Four numbers: a vector where the compiler has such a type, so that it keeps them in one register.
#ifdef __GNUC__
template <typename T>
struct FourOf {
    typedef T Type __attribute__((vector_size(4 * sizeof(T))));
};
template <typename T>
using Four = typename FourOf<T>::Type;
#else
template <typename T>
struct Four {
    T values[4];
    T& operator[](int i) noexcept { return values[i]; }
    const T& operator[](int i) const noexcept { return values[i]; }
};
#endif

// Plain C++, which compilers turn into what a machine has.
struct Portable {
    static constexpr bool bytes = false;  // there are products of bytes that are faster than those of 16 bits
    static constexpr int lanes = 4;
    static constexpr int rows = 4, columns = 2;  // vectors of a tile of sums that stay in registers
    using F = Four<float>;
    using I = Four<int32_t>;

    template <typename Each>
    static F map(Each each) noexcept {
        F out;
        for (int i = 0; i < lanes; i++) out[i] = each(i);
        return out;
    }
    static F load(const float* from) noexcept { return map([&](int i) { return from[i]; }); }
    static void store(float* to, F x) noexcept { std::memcpy(to, &x, sizeof x); }
    static F all(float x) noexcept { return map([&](int) { return x; }); }
    static F add(F a, F b) noexcept { return map([&](int i) { return a[i] + b[i]; }); }
    static F mul(F a, F b) noexcept { return map([&](int i) { return a[i] * b[i]; }); }
    static F div(F a, F b) noexcept { return map([&](int i) { return a[i] / b[i]; }); }
    static F fma(F a, F b, F c) noexcept { return map([&](int i) { return std::fma(a[i], b[i], c[i]); }); }
    // 2^n for whole numbers from -126 to 127
    static F power(F n) noexcept { return map([&](int i) { return std::ldexp(1.0f, int(n[i])); }); }
    // as maxps: the second where one of them is NaN
    static F max(F a, F b) noexcept { return map([&](int i) { return a[i] > b[i] ? a[i] : b[i]; }); }
    static F abs(F a) noexcept { return map([&](int i) { return std::fabs(a[i]); }); }
    static float largest(F a) noexcept {
        float found = a[0];
        for (int i = 1; i < lanes; i++) found = found > a[i] ? found : a[i];
        return found;
    }

    static I zero() noexcept { return I{}; }
    static F to_float(I a) noexcept { return map([&](int i) { return float(a[i]); }); }
    static void store(int32_t* to, I x) noexcept { std::memcpy(to, &x, sizeof x); }
    // Rounded to the nearest, halves to even; what is no int16 saturates, as does NaN.
    static void store_rounded(int16_t* to, F x) noexcept {
        for (int i = 0; i < lanes; i++) {
            const float bounded = x[i] > -32768.0f ? (x[i] < 32767.0f ? x[i] : 32767.0f) : -32768.0f;
            to[i] = int16_t(std::lrint(bounded));
        }
    }
    // sum + a0 * w[2i] + a1 * w[2i + 1], for a pair (a0, a1) in all lanes. Wraps around where numbers are not finite.
    static I dot(I sum, const int16_t* pair, const int16_t* w) noexcept {
        I both;  // halves are taken by shifts: compilers find no vector code for every other int16
        std::memcpy(&both, w, sizeof both);
        const int of_lower = lower_half(), of_upper = 1 - of_lower;
        for (int i = 0; i < lanes; i++) {
            const int32_t lower = int32_t(uint32_t(both[i]) << 16) >> 16, upper = both[i] >> 16;
            sum[i] = int32_t(uint32_t(sum[i]) + uint32_t(pair[of_lower] * lower) + uint32_t(pair[of_upper] * upper));
        }
        return sum;
    }

   private:
    // Which of two neighbouring int16 is the lower half of an int32
    static int lower_half() noexcept {
        const int16_t order[2] = {0, 1};
        int32_t both;
        std::memcpy(&both, order, sizeof both);
        return both & 0xffff;
    }
};

#ifdef __SSE2__
// What every x86-64 has
struct Sse2 {
    static constexpr bool bytes = false;
    static constexpr int lanes = 4;
    static constexpr int rows = 4, columns = 2;
    using F = __m128;
    using I = __m128i;

    static F load(const float* from) noexcept { return _mm_loadu_ps(from); }
    static void store(float* to, F x) noexcept { _mm_storeu_ps(to, x); }
    static F all(float x) noexcept { return _mm_set1_ps(x); }
    static F add(F a, F b) noexcept { return _mm_add_ps(a, b); }
    static F mul(F a, F b) noexcept { return _mm_mul_ps(a, b); }
    static F div(F a, F b) noexcept { return _mm_div_ps(a, b); }
    static F fma(F a, F b, F c) noexcept {
        const auto upper = [](F x) { return _mm_cvtps_pd(_mm_movehl_ps(x, x)); };
        return _mm_movelh_ps(fused(_mm_cvtps_pd(a), _mm_cvtps_pd(b), _mm_cvtps_pd(c)),
                             fused(upper(a), upper(b), upper(c)));
    }
    static F power(F n) noexcept {
        const __m128i exponent = _mm_add_epi32(_mm_cvtps_epi32(n), _mm_set1_epi32(127));
        return _mm_castsi128_ps(_mm_slli_epi32(exponent, 23));
    }
    static F max(F a, F b) noexcept { return _mm_max_ps(a, b); }
    static F abs(F a) noexcept { return _mm_andnot_ps(_mm_set1_ps(-0.0f), a); }
    static float largest(F a) noexcept {
        a = _mm_max_ps(a, _mm_movehl_ps(a, a));
        return _mm_cvtss_f32(_mm_max_ss(a, _mm_shuffle_ps(a, a, 1)));
    }

    static I zero() noexcept { return _mm_setzero_si128(); }
    static F to_float(I a) noexcept { return _mm_cvtepi32_ps(a); }
    static void store(int32_t* to, I x) noexcept { _mm_storeu_si128(reinterpret_cast<I*>(to), x); }
    static void store_rounded(int16_t* to, F x) noexcept {
        const I wide = _mm_cvtps_epi32(x);
        _mm_storel_epi64(reinterpret_cast<I*>(to), _mm_packs_epi32(wide, wide));
    }
    static I dot(I sum, const int16_t* pair, const int16_t* w) noexcept {
        int32_t both;
        std::memcpy(&both, pair, sizeof both);
        const I products = _mm_madd_epi16(_mm_set1_epi32(both), _mm_loadu_si128(reinterpret_cast<const I*>(w)));
        return _mm_add_epi32(sum, products);
    }

   private:
    // a * b + c of two lanes, rounded once to float32. The product of two float32 is exact in float64. The sum is made
    // odd where it is not exact, so that rounding it again goes where the exact sum would go (Boldo and Melquiond,
    // Emulation of FMA and correctly rounded sums, 2008).
    static F fused(__m128d a, __m128d b, __m128d c) noexcept {
        const __m128d product = _mm_mul_pd(a, b), sum = _mm_add_pd(product, c);
        const __m128d back = _mm_sub_pd(sum, product);
        const __m128d error = _mm_add_pd(_mm_sub_pd(product, _mm_sub_pd(sum, back)), _mm_sub_pd(c, back));
        const __m128d zero = _mm_setzero_pd();
        const I inexact = _mm_castpd_si128(_mm_cmpneq_pd(error, zero));
        // the error leads away from zero or towards it, by a unit in the last place at most
        const I outwards = _mm_cmpeq_epi32(_mm_castpd_si128(_mm_cmplt_pd(error, zero)),
                                           _mm_castpd_si128(_mm_cmplt_pd(sum, zero)));
        const I bits = _mm_castpd_si128(sum), one = _mm_set1_epi64x(1);
        const I even = _mm_sub_epi64(_mm_and_si128(bits, one), one);  // all ones if so
        const I step = _mm_or_si128(_mm_andnot_si128(outwards, _mm_set1_epi32(-1)), one);  // 1 or -1
        const I odd = _mm_add_epi64(bits, _mm_and_si128(step, _mm_and_si128(even, inexact)));
        return _mm_cvtpd_ps(_mm_castsi128_pd(odd));
    }
};
#endif

#ifdef __AVX2__
struct Avx2 {
    static constexpr bool bytes = false;
    static constexpr int lanes = 8;
    static constexpr int rows = 4, columns = 2;
    using F = __m256;
    using I = __m256i;

    static F load(const float* from) noexcept { return _mm256_loadu_ps(from); }
    static void store(float* to, F x) noexcept { _mm256_storeu_ps(to, x); }
    static F all(float x) noexcept { return _mm256_set1_ps(x); }
    static F add(F a, F b) noexcept { return _mm256_add_ps(a, b); }
    static F mul(F a, F b) noexcept { return _mm256_mul_ps(a, b); }
    static F div(F a, F b) noexcept { return _mm256_div_ps(a, b); }
    static F fma(F a, F b, F c) noexcept { return _mm256_fmadd_ps(a, b, c); }
    static F power(F n) noexcept {
        const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
    }
    static F max(F a, F b) noexcept { return _mm256_max_ps(a, b); }
    static F abs(F a) noexcept { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
    static float largest(F a) noexcept {
        __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        x = _mm_max_ps(x, _mm_movehl_ps(x, x));
        return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
    }

    static I zero() noexcept { return _mm256_setzero_si256(); }
    static F to_float(I a) noexcept { return _mm256_cvtepi32_ps(a); }
    static void store(int32_t* to, I x) noexcept { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x); }
    static void store_rounded(int16_t* to, F x) noexcept {
        const __m256i wide = _mm256_cvtps_epi32(x);
        const __m128i narrow = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), narrow);
    }
    static I dot(I sum, const int16_t* pair, const int16_t* w) noexcept {
        int32_t both;
        std::memcpy(&both, pair, sizeof both);
        const I products = _mm256_madd_epi16(_mm256_set1_epi32(both), _mm256_loadu_si256(reinterpret_cast<const I*>(w)));
        return _mm256_add_epi32(sum, products);
    }
};
#endif

#if defined(__AVX512BW__) && defined(__AVX512VNNI__)
struct Avx512 {
    static constexpr bool bytes = true;
    static constexpr int lanes = 16;
    static constexpr int rows = 8, columns = 2;
    using F = __m512;
    using I = __m512i;

    static F load(const float* from) noexcept { return _mm512_loadu_ps(from); }
    static void store(float* to, F x) noexcept { _mm512_storeu_ps(to, x); }
    static F all(float x) noexcept { return _mm512_set1_ps(x); }
    static F add(F a, F b) noexcept { return _mm512_add_ps(a, b); }
    static F mul(F a, F b) noexcept { return _mm512_mul_ps(a, b); }
    static F div(F a, F b) noexcept { return _mm512_div_ps(a, b); }
    static F fma(F a, F b, F c) noexcept { return _mm512_fmadd_ps(a, b, c); }
    static F power(F n) noexcept {
        const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
        return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
    }
    static F max(F a, F b) noexcept { return _mm512_max_ps(a, b); }
    static F abs(F a) noexcept { return _mm512_abs_ps(a); }
    static float largest(F a) noexcept { return _mm512_reduce_max_ps(a); }

    static I zero() noexcept { return _mm512_setzero_si512(); }
    static F to_float(I a) noexcept { return _mm512_cvtepi32_ps(a); }
    static void store(int32_t* to, I x) noexcept { _mm512_storeu_si512(to, x); }
    static void store_rounded(int16_t* to, F x) noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(x)));
    }
    static I dot(I sum, const int16_t* pair, const int16_t* w) noexcept {
        int32_t both;
        std::memcpy(&both, pair, sizeof both);
        // as assembly: from the intrinsic, gcc 12 copies each sum twice in every turn of the loop
        asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(_mm512_set1_epi32(both)), "v"(_mm512_loadu_si512(w)));
        return sum;
    }

    static I load(const int32_t* from) noexcept { return _mm512_loadu_si512(from); }
    // Rounded to int8, and 128 added
    static void store_rounded(uint8_t* to, F x) noexcept {
        const __m128i narrow = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(x));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_xor_si128(narrow, _mm_set1_epi8(-128)));
    }
    // sum + four bytes in all lanes, unsigned, times four of w, signed
    static I dot(I sum, const uint8_t* four, const int8_t* w) noexcept {
        int32_t all;
        std::memcpy(&all, four, sizeof all);
        asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(_mm512_set1_epi32(all)), "v"(_mm512_loadu_si512(w)));
        return sum;
    }
};
#endif

#ifdef __wasm_simd128__
// WebAssembly
struct Simd128 {
    static constexpr bool bytes = false;
    static constexpr int lanes = 4;
    static constexpr int rows = 4, columns = 2;
    using F = v128_t;
    using I = v128_t;

    static F load(const float* from) noexcept { return wasm_v128_load(from); }
    static void store(float* to, F x) noexcept { wasm_v128_store(to, x); }
    static F all(float x) noexcept { return wasm_f32x4_splat(x); }
    static F add(F a, F b) noexcept { return wasm_f32x4_add(a, b); }
    static F mul(F a, F b) noexcept { return wasm_f32x4_mul(a, b); }
    static F div(F a, F b) noexcept { return wasm_f32x4_div(a, b); }
    static F fma(F a, F b, F c) noexcept {
#ifdef __wasm_relaxed_simd__
        // one rounding or two, as the machine likes: who loads this has to look which (web/engine.js)
        return wasm_f32x4_relaxed_madd(a, b, c);
#else
        const auto upper = [](F x) { return wasm_f64x2_promote_low_f32x4(wasm_i64x2_shuffle(x, x, 1, 1)); };
        const auto lower = [](F x) { return wasm_f64x2_promote_low_f32x4(x); };
        const auto joined = [](v128_t low, v128_t high) {
            return wasm_i64x2_shuffle(wasm_f32x4_demote_f64x2_zero(low), wasm_f32x4_demote_f64x2_zero(high), 0, 2);
        };
        const v128_t low = wasm_f64x2_mul(lower(a), lower(b)), high = wasm_f64x2_mul(upper(a), upper(b));
        const v128_t low_sum = wasm_f64x2_add(low, lower(c)), high_sum = wasm_f64x2_add(high, upper(c));
        const F found = joined(low_sum, high_sum);
        // Rounding twice goes wrong only where the sum in float64 is half-way between two float32. Its last 29 bits are
        // then a one and zeros, except below the least normal number.
        const v128_t lower_words = wasm_i32x4_shuffle(low_sum, high_sum, 0, 2, 4, 6);
        const v128_t last = wasm_v128_and(lower_words, wasm_i32x4_splat(0x1fffffff));
        const v128_t halves = wasm_i32x4_eq(last, wasm_i32x4_splat(0x10000000));
        const v128_t small = wasm_f32x4_le(abs(found), wasm_f32x4_splat(0x1p-126f));
        if (__builtin_expect(!wasm_v128_any_true(wasm_v128_or(halves, small)), 1)) return found;
        return joined(odd(low, lower(c), low_sum), odd(high, upper(c), high_sum));
#endif
    }
    static F power(F n) noexcept {
        return wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
    }
    static F max(F a, F b) noexcept { return wasm_f32x4_pmax(b, a); }  // b < a ? a : b
    static F abs(F a) noexcept { return wasm_f32x4_abs(a); }
    static float largest(F a) noexcept {
        a = max(a, wasm_i32x4_shuffle(a, a, 2, 3, 2, 3));
        return wasm_f32x4_extract_lane(max(a, wasm_i32x4_shuffle(a, a, 1, 1, 1, 1)), 0);
    }

    static I zero() noexcept { return wasm_i32x4_splat(0); }
    static F to_float(I a) noexcept { return wasm_f32x4_convert_i32x4(a); }
    static void store(int32_t* to, I x) noexcept { wasm_v128_store(to, x); }
    static void store_rounded(int16_t* to, F x) noexcept {
        const I wide = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(x));
        wasm_v128_store64_lane(to, wasm_i16x8_narrow_i32x4(wide, wide), 0);
    }
    static I dot(I sum, const int16_t* pair, const int16_t* w) noexcept {
        return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_v128_load32_splat(pair), wasm_v128_load(w)));
    }

   private:
    // As in Sse2::fused: the sum of two float64, made odd where it is not exact, so that it can be rounded again.
    static v128_t odd(v128_t product, v128_t c, v128_t sum) noexcept {
        const v128_t back = wasm_f64x2_sub(sum, product);
        const v128_t of_product = wasm_f64x2_sub(product, wasm_f64x2_sub(sum, back));
        const v128_t error = wasm_f64x2_add(of_product, wasm_f64x2_sub(c, back));
        const v128_t zero = wasm_f64x2_splat(0), one = wasm_i64x2_splat(1);
        const v128_t inexact = wasm_f64x2_ne(error, zero);
        const v128_t inwards = wasm_v128_xor(wasm_f64x2_lt(error, zero), wasm_f64x2_lt(sum, zero));
        const v128_t even = wasm_i64x2_sub(wasm_v128_and(sum, one), one);  // all ones if so
        const v128_t step = wasm_v128_or(inwards, one);  // 1 or -1
        return wasm_i64x2_add(sum, wasm_v128_and(step, wasm_v128_and(even, inexact)));
    }
};
#endif

}  // namespace tintype::simd
