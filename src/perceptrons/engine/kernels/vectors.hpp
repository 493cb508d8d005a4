// Vectors written with the compiler's extensions, and their exp.
//
// A line is 64 bytes, and rows are whole halves of one: visited by wide vectors, which
// are as long as a register, and by a half where AVX-512's rows end with one. (Vectors
// longer than a register are split by compilers, too, but through memory, ten times
// slower.) Every operation is lane by lane, so results do not depend on which vector
// visits an element.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __AVX512VL__
#include <immintrin.h>
#endif

namespace PERCEPTRONS_ISA {

template <class T, int bytes> struct Pack;

#define PERCEPTRONS_PACK(type, integer, bytes)                 \
    template <> struct Pack<type, bytes> {                     \
        typedef type T;                                        \
        typedef type V __attribute__((vector_size(bytes)));    \
        typedef integer I __attribute__((vector_size(bytes))); \
        static constexpr int lanes = bytes / sizeof(type);     \
    }
PERCEPTRONS_PACK(float, int32_t, 64);
PERCEPTRONS_PACK(float, int32_t, 32);
PERCEPTRONS_PACK(float, int32_t, 16);
PERCEPTRONS_PACK(double, int64_t, 64);
PERCEPTRONS_PACK(double, int64_t, 32);
PERCEPTRONS_PACK(double, int64_t, 16);
#undef PERCEPTRONS_PACK

#if defined(__AVX512F__)
constexpr int register_bytes = 64;
#elif defined(__AVX__)
constexpr int register_bytes = 32;
#else
constexpr int register_bytes = 16;
#endif
template <class T> constexpr int line = 64 / sizeof(T);
template <class T> using Wide = Pack<T, register_bytes>;
template <class T> using Half = Pack<T, 32>;
template <class T> using Four = Pack<T, 4 * sizeof(T)>;

// Pointers are aligned to an element only.
template <class P> inline typename P::V load(const typename P::T* p) {
    typename P::V v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class P> inline void store(typename P::T* p, typename P::V v) {
    std::memcpy(p, &v, sizeof v);
}
template <class P> inline typename P::V all(typename P::T x) {
    return x - typename P::V{};
}

// The first and the second half of a line.
inline Half<float>::V low(Pack<float, 64>::V v) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
inline Half<float>::V high(Pack<float, 64>::V v) {
    return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
inline Half<double>::V low(Pack<double, 64>::V v) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3);
}
inline Half<double>::V high(Pack<double, 64>::V v) {
    return __builtin_shufflevector(v, v, 4, 5, 6, 7);
}

// a b + c, rounded once where the processor can. Where a sum has two products, or a
// loop ends with a rest of single elements, compilers would choose what to fuse by
// themselves, for each instruction set anew.
#if defined(__FMA__) || defined(__aarch64__)
inline float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double multiply_add(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
#else
template <class T> inline T multiply_add(T a, T b, T c) { return a * b + c; }
#endif

// Call f(pack, c) at every position c of a row of whole halves.
template <class T, class F>
__attribute__((always_inline)) inline void each_vector(int64_t columns, F f) {
    int64_t c = 0;
    for (; c + Wide<T>::lanes <= columns; c += Wide<T>::lanes) f(Wide<T>{}, c);
    if (c < columns) f(Half<T>{}, c);
}

// b where a is not larger (not smaller): one instruction each, which AVX-512 compilers
// do not find by themselves.
template <class V> inline V larger(V a, V b) { return a > b ? a : b; }
template <class V> inline V smaller(V a, V b) { return a < b ? a : b; }
#ifdef __AVX512VL__
template <> inline Wide<float>::V larger(Wide<float>::V a, Wide<float>::V b) {
    return _mm512_max_ps(a, b);
}
template <> inline Wide<float>::V smaller(Wide<float>::V a, Wide<float>::V b) {
    return _mm512_min_ps(a, b);
}
template <> inline Half<float>::V larger(Half<float>::V a, Half<float>::V b) {
    return _mm256_max_ps(a, b);
}
template <> inline Half<float>::V smaller(Half<float>::V a, Half<float>::V b) {
    return _mm256_min_ps(a, b);
}
template <> inline Wide<double>::V larger(Wide<double>::V a, Wide<double>::V b) {
    return _mm512_max_pd(a, b);
}
template <> inline Wide<double>::V smaller(Wide<double>::V a, Wide<double>::V b) {
    return _mm512_min_pd(a, b);
}
template <> inline Half<double>::V larger(Half<double>::V a, Half<double>::V b) {
    return _mm256_max_pd(a, b);
}
template <> inline Half<double>::V smaller(Half<double>::V a, Half<double>::V b) {
    return _mm256_min_pd(a, b);
}
#endif

// NaN stays NaN.
template <class P> inline typename P::V at_least(typename P::V x, typename P::T bound) {
    return larger(all<P>(bound), x);
}
template <class P> inline typename P::V at_most(typename P::V x, typename P::T bound) {
    return smaller(all<P>(bound), x);
}

// Constants of exp: a polynomial 1 + r + r^2 (c_0 + c_1 r + ...) with the coefficients
// of least relative error (Remez exchange) on abs(r) <= ln(2) / 2.
template <class T> struct Exp;
template <> struct Exp<float> {
    static constexpr int terms = 4;  // error 2^-23.2
    static constexpr float c[terms] = {4.9999230e-1f, 1.6667115e-1f, 4.1890331e-2f,
                                       8.3125008e-3f};
    static constexpr int mantissa = 23;
    static constexpr float ln2_high = 0.693145751953125f;  // 15 bits: exact products
    static constexpr float ln2_low = 1.428606820309417e-6f;
    static constexpr float magic =
        12582912.0f + 127.0f;  // 1.5 2^23, and the exponent's bias
    static constexpr float lowest = -87.3f, highest = 88.0f;
};
template <> struct Exp<double> {
    static constexpr int terms = 10;  // error 2^-57.9
    static constexpr double c[terms] = {5.00000000000001067e-1, 1.66666666666664115e-1,
                                        4.16666666665297281e-2, 8.33333333349497726e-3,
                                        1.38888889437599840e-3, 1.98412695057738068e-4,
                                        2.48014929496170708e-5, 2.75575868038470707e-6,
                                        2.76303062556478558e-7, 2.50000188530833420e-8};
    static constexpr int mantissa = 52;
    static constexpr double ln2_high = 0.693147180369123816490;
    static constexpr double ln2_low = 1.90821492927058770002e-10;
    static constexpr double magic =
        6755399441055744.0 + 1023.0;  // 1.5 2^52, and the bias
    static constexpr double lowest = -708.3, highest = 709.0;
};

// exp(sign x) = 2^n exp(r), n = round(sign x / ln 2), to a bit or two of the last
// place. Adding the magic number rounds and leaves n + bias in the lowest bits:
// shifted, they are 2^n. Beyond the range of normal numbers it stays at their ends; NaN
// stays NaN.
template <class P, int sign = 1> inline typename P::V exp(typename P::V x) {
    typedef typename P::T T;
    typedef typename P::V V;
    using C = Exp<T>;
    x = sign > 0 ? at_most<P>(at_least<P>(x, C::lowest), C::highest)
                 : at_most<P>(at_least<P>(x, -C::highest), -C::lowest);
    const V shifted = x * T(sign * 1.44269504088896340736) + C::magic;
    const V n = shifted - C::magic;
    const V r = (sign > 0 ? x : -x) - n * C::ln2_high - n * C::ln2_low;
    V p = all<P>(C::c[C::terms - 1]);
    for (int k = C::terms - 2; k >= 0; --k) p = p * r + C::c[k];
    p = (p * r + T(1)) * r + T(1);
    typename P::I bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits <<= C::mantissa;
    V power;
    std::memcpy(&power, &bits, sizeof bits);
    return p * power;
}

template <class P> inline typename P::V logistic(typename P::V z) {
    typedef typename P::T T;
    return T(1) / (T(1) + exp<P, -1>(z));
}

// The sum of all lanes, pairwise by halves: one order whatever the registers. First
// down to four lanes, ...
inline Four<float>::V fold(Half<float>::V eight) {
    return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
           __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
}
inline Four<double>::V fold(Half<double>::V four) { return four; }
template <class T>
inline typename Four<T>::V sum_to_four(
    const typename Wide<T>::V (&wide)[64 / register_bytes], typename Half<T>::V rest) {
    if constexpr (register_bytes == 64) {
        return fold(low(wide[0]) + high(wide[0]) + rest);
    } else if constexpr (register_bytes == 32) {
        return fold(wide[0] + wide[1] + rest);
    } else {
        typename Half<T>::V halves[2];
        std::memcpy(halves, wide, sizeof halves);
        return fold(halves[0] + halves[1] + rest);
    }
}

// ... then (0 + 2) + (1 + 3) of four such vectors.
template <class V> inline V sum_four(V a, V b, V c, V d) {
    const V ab = __builtin_shufflevector(a, b, 0, 1, 4, 5) +
                 __builtin_shufflevector(a, b, 2, 3, 6, 7);
    const V cd = __builtin_shufflevector(c, d, 0, 1, 4, 5) +
                 __builtin_shufflevector(c, d, 2, 3, 6, 7);
    return __builtin_shufflevector(ab, cd, 0, 2, 4, 6) +
           __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
}

// Write four rows of four as four columns.
template <class P, class V = typename P::V>
inline void transpose_four(const typename P::T* from, int64_t ld, typename P::T* to,
                           int64_t ld_to) {
    const V a = load<P>(from), b = load<P>(from + ld);
    const V c = load<P>(from + 2 * ld), d = load<P>(from + 3 * ld);
    const V ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
            ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const V cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
            cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store<P>(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    store<P>(to + ld_to, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    store<P>(to + 2 * ld_to, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    store<P>(to + 3 * ld_to, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

}  // namespace PERCEPTRONS_ISA
