// Optimizer rules on a slice of parameters: the twins of perceptrons/optimizers.py.
#pragma once
#include "plan.hpp"
#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

using namespace perceptrons;

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }
template <class P> inline typename P::V root(typename P::V v) {
    for (int i = 0; i < P::lanes; ++i) v[i] = square_root(v[i]);
    return v;
}

template <class T, int rule>
inline void step(const Step<T>& s, T* theta, const T* grad, T* first, T* second,
                 int64_t count) {
    const T eta = s.learning_rate, s0 = s.settings[0], s1 = s.settings[1],
            s2 = s.settings[2];
    const T decay = T(1) - eta * s.settings[3];
    const T epsilon = s2 * s.root_correction, rate = s.rate_correction;
    each_vector<T>(count, [=](auto pack, int64_t i) {
        using P = decltype(pack);
        typedef typename P::V V;
        V x = load<P>(theta + i), g = load<P>(grad + i);
        if constexpr (rule == GRADIENT_DESCENT) x -= g * eta;
        if constexpr (rule == MOMENTUM) {
            V v = load<P>(first + i) * s0 - g * eta;
            store<P>(first + i, v);
            x = s1 != T(0) ? x - g * eta + v * s0 : x + v;
        }
        if constexpr (rule == ADAGRAD) {
            V sum = load<P>(first + i) + g * g;
            store<P>(first + i, sum);
            x -= g / (root<P>(sum) + s0) * eta;
        }
        if constexpr (rule == RMSPROP) {
            V mean = load<P>(first + i) * s0 + g * g * (T(1) - s0);
            store<P>(first + i, mean);
            x -= g / (root<P>(mean) + s1) * eta;
        }
        if constexpr (rule == ADAM || rule == ADAMW) {
            if constexpr (rule == ADAMW) x *= decay;
            V m = load<P>(first + i) * s0 + g * (T(1) - s0);
            V v = load<P>(second + i) * s1 + g * g * (T(1) - s1);
            store<P>(first + i, m);
            store<P>(second + i, v);
            x -= m / (root<P>(v) + epsilon) * rate;
        }
        store<P>(theta + i, x);
    });
}

}  // namespace PERCEPTRONS_ISA
