// Vectors written with the compiler's extensions, and their exp.
//
// Rows are whole halves of 32 bytes: visited by wide vectors of 64 bytes, and one half
// where the row ends with one. One source serves AVX-512 (a wide vector is one register),
// AVX2 (two) and NEON (four). Every operation is lane by lane, so results depend neither
// on how the compiler splits a vector nor on which width visits an element.
#pragma once
#include <cstdint>
#include <cstring>

namespace PERCEPTRONS_ISA {

template <class T, int bytes> struct Pack;

#define PERCEPTRONS_PACK(type, integer, bytes)                          \
    template <> struct Pack<type, bytes> {                              \
        typedef type T;                                                 \
        typedef type V __attribute__((vector_size(bytes)));             \
        typedef integer I __attribute__((vector_size(bytes)));          \
        static constexpr int lanes = bytes / sizeof(type);              \
    }
PERCEPTRONS_PACK(float, int32_t, 64);
PERCEPTRONS_PACK(float, int32_t, 32);
PERCEPTRONS_PACK(double, int64_t, 64);
PERCEPTRONS_PACK(double, int64_t, 32);
#undef PERCEPTRONS_PACK

template <class T> using Wide = Pack<T, 64>;
template <class T> using Half = Pack<T, 32>;

// Pointers are aligned to an element only.
template <class P> inline typename P::V load(const typename P::T* p) {
    typename P::V v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class P> inline void store(typename P::T* p, typename P::V v) {
    std::memcpy(p, &v, sizeof v);
}
template <class P> inline typename P::V all(typename P::T x) { return typename P::V{} + x; }

// Call f(pack, c) at every position c of a row of whole halves.
template <class T, class F>
__attribute__((always_inline)) inline void each_vector(int64_t columns, F f) {
    int64_t c = 0;
    for (; c + Wide<T>::lanes <= columns; c += Wide<T>::lanes) f(Wide<T>{}, c);
    if (c < columns) f(Half<T>{}, c);
}

// NaN stays NaN.
template <class P> inline typename P::V at_least(typename P::V x, typename P::T low) {
    return low > x ? all<P>(low) : x;
}
template <class P> inline typename P::V at_most(typename P::V x, typename P::T high) {
    return high < x ? all<P>(high) : x;
}

template <class T> struct Exp;
template <> struct Exp<float> {
    static constexpr int degree = 7;  // remainder below 2^-24 for abs(r) <= ln(2) / 2
    static constexpr int bias = 127, mantissa = 23;
    static constexpr float ln2_high = 0.693145751953125f;  // 15 bits: exact products
    static constexpr float ln2_low = 1.428606820309417e-6f;
    static constexpr float round_magic = 12582912.0f;  // 1.5 * 2^23
    static constexpr float lowest = -87.3f, highest = 88.0f;
};
template <> struct Exp<double> {
    static constexpr int degree = 13;
    static constexpr int bias = 1023, mantissa = 52;
    static constexpr double ln2_high = 0.693147180369123816490;
    static constexpr double ln2_low = 1.90821492927058770002e-10;
    static constexpr double round_magic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double lowest = -708.3, highest = 709.0;
};

// exp(x) = 2^n exp(r), n = round(x / ln 2): the Taylor polynomial of exp on
// abs(r) <= ln(2) / 2, exact to the last bit or two. Beyond the range of normal numbers
// it stays at their ends; NaN stays NaN.
template <class P> inline typename P::V exp(typename P::V x) {
    typedef typename P::T T;
    typedef typename P::V V;
    using C = Exp<T>;
    x = at_most<P>(at_least<P>(x, C::lowest), C::highest);
    V n = x * T(1.44269504088896340736) + C::round_magic - C::round_magic;
    V r = x - n * C::ln2_high - n * C::ln2_low;
    T factorial[C::degree + 1] = {1};
    for (int k = 1; k <= C::degree; ++k) factorial[k] = factorial[k - 1] * T(k);
    V p = all<P>(T(1) / factorial[C::degree]);
    for (int k = C::degree - 1; k >= 0; --k) p = p * r + T(1) / factorial[k];
    typename P::I bits = (__builtin_convertvector(n, typename P::I) + C::bias) << C::mantissa;
    V power;
    std::memcpy(&power, &bits, sizeof bits);
    return p * power;
}

template <class P> inline typename P::V logistic(typename P::V z) {
    typedef typename P::T T;
    return T(1) / (T(1) + exp<P>(-z));
}

// The sum of all lanes, pairwise by halves: one order whatever the registers.
inline float sum(Wide<float>::V wide, Half<float>::V rest) {
    typedef float Four __attribute__((vector_size(16)));
    Half<float>::V eight = __builtin_shufflevector(wide, wide, 0, 1, 2, 3, 4, 5, 6, 7) +
                           __builtin_shufflevector(wide, wide, 8, 9, 10, 11, 12, 13, 14, 15) + rest;
    Four four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    return (four[0] + four[2]) + (four[1] + four[3]);
}
inline double sum(Wide<double>::V wide, Half<double>::V rest) {
    Half<double>::V four = __builtin_shufflevector(wide, wide, 0, 1, 2, 3) +
                           __builtin_shufflevector(wide, wide, 4, 5, 6, 7) + rest;
    return (four[0] + four[2]) + (four[1] + four[3]);
}

}  // namespace PERCEPTRONS_ISA
