// Losses on raw outputs, their slopes: the twins of perceptrons/losses.py, by code.
#pragma once
#include <cmath>

#include "plan.hpp"
#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

using namespace perceptrons;

// Products are fused with sums as written, not as a compiler likes: see multiply_add.
// Value of one row with K outputs; writes the slope by each raw output.
template <class T, int code>
inline double loss_row(const T* raw, const T* y, T* slope, int K,
                       LossSettings<T> settings) {
    double value = 0;
    switch (code) {
        case HALF_SQUARED_ERROR:
            for (int k = 0; k < K; ++k) {
                slope[k] = raw[k] - y[k];
                value = multiply_add(double(slope[k]), double(slope[k]), value);
            }
            return 0.5 * value;
        case MEAN_SQUARED_ERROR:
            for (int k = 0; k < K; ++k) {
                T residual = raw[k] - y[k];
                value = multiply_add(double(residual), double(residual), value);
                slope[k] = residual * (T(2) / T(K));
            }
            return value / K;
        case ABSOLUTE_ERROR:
            for (int k = 0; k < K; ++k) {
                T residual = raw[k] - y[k];
                value += std::fabs(double(residual));
                slope[k] =
                    residual == residual ? T(residual > 0) - T(residual < 0) : residual;
            }
            return value;
        case HUBER:
            for (int k = 0; k < K; ++k) {
                T residual = raw[k] - y[k];
                double size = std::fabs(double(residual));
                double inside = size < settings.delta ? size : double(settings.delta);
                value = multiply_add(inside, size - 0.5 * inside, value);
                slope[k] = residual > settings.delta    ? settings.delta
                           : residual < -settings.delta ? -settings.delta
                                                        : residual;
            }
            return value;
        case PINBALL:
            for (int k = 0; k < K; ++k) {
                T residual = y[k] - raw[k];
                double q = settings.quantiles[k];
                value = multiply_add(residual > 0 ? q : q - 1, double(residual), value);
                slope[k] = residual > 0   ? -settings.quantiles[k]
                           : residual < 0 ? T(1) - settings.quantiles[k]
                                          : residual;  // 0 at 0, NaN stays NaN
            }
            return value;
        case POISSON_DEVIANCE:
            for (int k = 0; k < K; ++k) {
                T mean = std::exp(raw[k]);
                double target = y[k], log_y = target > 0 ? std::log(target) : 0;
                double without = multiply_add(-target, double(raw[k]), double(mean));
                value += multiply_add(target, log_y, without) - target;
                slope[k] = mean - y[k];
            }
            return value;
        case BINARY_CROSS_ENTROPY:
            for (int k = 0; k < K; ++k) {
                double z = raw[k], small = std::exp(-std::fabs(z));
                double positive = std::log1p(small) + (z > 0 ? z : z != z ? z : 0);
                value += multiply_add(-double(y[k]), z, positive);
                slope[k] = T((z > 0 ? 1 : small) / (1 + small)) - y[k];
            }
            return value;
        case CROSS_ENTROPY: {
            T largest = raw[0];
            for (int k = 1; k < K; ++k) largest = raw[k] > largest ? raw[k] : largest;
            double normalizer = 0, expected = 0;
            for (int k = 0; k < K; ++k) {
                slope[k] = std::exp(raw[k] - largest);
                normalizer += double(slope[k]);
            }
            for (int k = 0; k < K; ++k) {
                T target = multiply_add(y[k], T(1) - settings.label_smoothing,
                                        settings.label_smoothing / T(K));
                expected = multiply_add(double(target),
                                        double(raw[k]) - double(largest), expected);
                slope[k] = T(double(slope[k]) / normalizer) - target;
            }
            return std::log(normalizer) - expected;
        }
        default: return 0;
    }
}

template <class T, int code>
inline void loss_rows_of(const T* raw, int64_t ld_raw, const T* Y, const T* scales,
                         T* delta, int64_t ld_delta, double* losses, int rows, int K,
                         LossSettings<T> settings) {
    auto each_row = [=](int outputs) __attribute__((always_inline)) {
        for (int r = 0; r < rows; ++r) {
            T* slope = delta + r * ld_delta;
            losses[r] = loss_row<T, code>(raw + r * ld_raw, Y + r * int64_t(outputs),
                                          slope, outputs, settings);
            for (int k = 0; k < outputs; ++k) slope[k] *= scales[r];
        }
    };
    if (K == 1)
        each_row(1);  // known to the compiler: no loop over outputs
    else
        each_row(K);
}

// Values of the rows, and delta = scale x slope.
template <class T>
inline void loss_rows(int code, const T* raw, int64_t ld_raw, const T* Y,
                      const T* scales, T* delta, int64_t ld_delta, double* losses,
                      int rows, int K, LossSettings<T> settings) {
#define PERCEPTRONS_CASE(constant, name)                                          \
    case constant:                                                                \
        return loss_rows_of<T, constant>(raw, ld_raw, Y, scales, delta, ld_delta, \
                                         losses, rows, K, settings);
    switch (code) { PERCEPTRONS_LOSSES(PERCEPTRONS_CASE) }
#undef PERCEPTRONS_CASE
}

}  // namespace PERCEPTRONS_ISA
