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
    const RuleSettings& own = s.settings;
    const T eta = s.learning_rate, rate = s.rate_correction;
    const T momentum = T(own.momentum), decay = T(own.decay);
    const T beta_1 = T(own.beta_1), beta_2 = T(own.beta_2), epsilon = T(own.epsilon);
    const bool nesterov = own.nesterov != 0;
    const T corrected_epsilon = epsilon * s.root_correction;
    const T kept = T(1) - eta * T(own.weight_decay);
    each_vector<T>(count, [=](auto pack, int64_t i) {
        using P = decltype(pack);
        typedef typename P::V V;
        V x = load<P>(theta + i), g = load<P>(grad + i);
        if constexpr (rule == GRADIENT_DESCENT) x -= g * eta;
        if constexpr (rule == MOMENTUM) {
            V v = load<P>(first + i) * momentum - g * eta;
            store<P>(first + i, v);
            x = nesterov ? x - g * eta + v * momentum : x + v;
        }
        if constexpr (rule == ADAGRAD) {
            V sum = load<P>(first + i) + g * g;
            store<P>(first + i, sum);
            x -= g / (root<P>(sum) + epsilon) * eta;
        }
        if constexpr (rule == RMSPROP) {
            V mean = load<P>(first + i) * decay + g * g * (T(1) - decay);
            store<P>(first + i, mean);
            x -= g / (root<P>(mean) + epsilon) * eta;
        }
        if constexpr (rule == ADAM || rule == ADAMW) {
            if constexpr (rule == ADAMW) x *= kept;
            V m = load<P>(first + i) * beta_1 + g * (T(1) - beta_1);
            V v = load<P>(second + i) * beta_2 + g * g * (T(1) - beta_2);
            store<P>(first + i, m);
            store<P>(second + i, v);
            x -= m / (root<P>(v) + corrected_epsilon) * rate;
        }
        store<P>(theta + i, x);
    });
}

}  // namespace PERCEPTRONS_ISA
