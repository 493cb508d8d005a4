// Activations and their slopes: the twins of perceptrons/activations.py, by code.
#pragma once
#include <cmath>

#include "plan.hpp"
#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

using namespace perceptrons;

constexpr double selu_scale = 1.0507009873554804934193349852946;
constexpr double selu_alpha = 1.6732632423543772848170429916717;

// f of every lane, for functions without a vector form.
template <class P, class F> inline typename P::V each_lane(typename P::V z, F f) {
    for (int i = 0; i < P::lanes; ++i) z[i] = f(z[i]);
    return z;
}

// a = sigma(z), in place. Where the slope does not follow from a, it goes to slopes.
template <class T, int code>
inline void activate_row(T* row, T* slopes, int64_t columns, T alpha) {
    each_vector<T>(columns, [=](auto pack, int64_t c) {
        using P = decltype(pack);
        typedef typename P::V V;
        const V zero = {}, one = all<P>(1);
        V z = load<P>(row + c), a = z;
        if constexpr (code == SIGMOID) a = logistic<P>(z);
        // 1 - 2 / (exp(2 z) + 1)
        if constexpr (code == TANH) a = one - T(2) / (exp<P>(z + z) + T(1));
        if constexpr (code == RELU) a = z > zero ? z : z * T(0);
        if constexpr (code == LEAKY_RELU) a = z > zero ? z : z * alpha;
        if constexpr (code == ELU)
            a = z > zero ? z : (exp<P>(at_most<P>(z, 0)) - T(1)) * alpha;
        if constexpr (code == SELU)
            a = z > zero
                    ? z * T(selu_scale)
                    : (exp<P>(at_most<P>(z, 0)) - T(1)) * T(selu_scale * selu_alpha);
        if constexpr (code == GELU) {
            V phi = each_lane<P>(z, [](T x) {
                return T(0.5) * std::erfc(x * T(-0.70710678118654752440));
            });
            V density = exp<P>(z * z * T(-0.5)) * T(0.39894228040143267794);
            a = z * phi;
            store<P>(slopes + c, V(phi + z * density));
        }
        if constexpr (code == SILU) {
            V s = logistic<P>(z);
            a = z * s;
            store<P>(slopes + c, V(s + a * (T(1) - s)));
        }
        if constexpr (code == SOFTPLUS)
            a = at_least<P>(z, 0) + each_lane<P>(exp<P>(z > zero ? -z : z),
                                                 [](T x) { return std::log1p(x); });
        store<P>(row + c, a);
    });
}

// delta *= slopes.
template <class T>
inline void multiply_rows(const T* slopes, T* delta, int64_t columns) {
    each_vector<T>(columns, [=](auto pack, int64_t c) {
        using P = decltype(pack);
        store<P>(delta + c, load<P>(delta + c) * load<P>(slopes + c));
    });
}

// delta *= sigma'(z), where it follows from a = sigma(z).
template <class T, int code>
inline void slope_row(const T* row, T* delta, int64_t columns, T alpha) {
    each_vector<T>(columns, [=](auto pack, int64_t c) {
        using P = decltype(pack);
        typedef typename P::V V;
        const V zero = {}, one = all<P>(1);
        V a = load<P>(row + c), d = load<P>(delta + c);
        if constexpr (code == SIGMOID) d *= a * (T(1) - a);
        if constexpr (code == TANH) d *= T(1) - a * a;
        if constexpr (code == RELU) d = a > zero ? d : zero;
        if constexpr (code == LEAKY_RELU) d = a > zero ? d : d * alpha;
        if constexpr (code == ELU) d *= a > zero ? one : a + alpha;
        if constexpr (code == SELU)
            d *= a > zero ? all<P>(T(selu_scale)) : a + T(selu_scale * selu_alpha);
        if constexpr (code == SOFTPLUS) d *= T(1) - exp<P>(-a);
        store<P>(delta + c, d);
    });
}

template <class T>
inline void activate(int code, T* a, T* slopes, int64_t columns, T alpha) {
    if (code == IDENTITY) return;
#define PERCEPTRONS_CASE(constant, name) \
    case constant: return activate_row<T, constant>(a, slopes, columns, alpha);
    switch (code) { PERCEPTRONS_ACTIVATIONS(PERCEPTRONS_CASE) }
#undef PERCEPTRONS_CASE
}

template <class T>
inline void multiply_slope(int code, const T* a, T* delta, int64_t columns, T alpha) {
    if (code == IDENTITY) return;
#define PERCEPTRONS_CASE(constant, name) \
    case constant: return slope_row<T, constant>(a, delta, columns, alpha);
    switch (code) { PERCEPTRONS_ACTIVATIONS(PERCEPTRONS_CASE) }
#undef PERCEPTRONS_CASE
}

}  // namespace PERCEPTRONS_ISA
