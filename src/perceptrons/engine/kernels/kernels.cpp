// The kernels of one instruction set: compiled once for each, under its own namespace.
//
// No templates of the standard library here: the linker would keep one copy of each for
// all instruction sets, and might keep the one that an older processor cannot run.
#include "activations.hpp"
#include "losses.hpp"
#include "plan.hpp"
#include "product.hpp"
#include "rules.hpp"
#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

using perceptrons::Batch;
using perceptrons::Layer;
using perceptrons::Plan;
using perceptrons::Step;

// Rows that go through all layers together, so that they stay in the cache.
constexpr int tile_rows = 48;

// What layer l reads: [X, 1] or the outputs below.
template <class T> struct Source {
    const T* rows;
    long ld;
};
template <class T> inline Source<T> source(const Plan<T>& plan, int l) {
    if (l == 0) return {plan.inputs, plan.ld_inputs};
    return {plan.layers[l - 1].outputs, plan.layers[l - 1].ld_outputs};
}

// Whether the backward pass takes slopes kept by the forward pass.
template <class T> inline bool own_slopes(const Layer<T>& layer) {
    return layer.activation == GELU || layer.activation == SILU;
}
template <class T> inline bool keeps_slopes(const Layer<T>& layer) {
    return layer.mask || own_slopes(layer);
}

// Dropout of one row: the slope is taken before, so that it sees the whole activation.
template <class T> inline void drop(const Layer<T>& layer, T* a, T* slopes, const T* mask) {
    const int n = layer.n_out;
    const bool own = own_slopes(layer);
    for (int c = 0; c < layer.width; ++c) {
        const T factor = c < n ? mask[c] : T(0);
        slopes[c] = own ? slopes[c] * factor : factor;
    }
    if (!own) multiply_slope(layer.activation, a, slopes, layer.width, layer.alpha);
    for (int c = 0; c < n; ++c) a[c] *= mask[c];
}

// Z = [A, 1] [W; b], eq. (1) of the report, then the activation, eq. (2).
template <class T> void forward_tile(const Plan<T>& plan, int begin, int rows) {
    for (int l = 0; l < plan.n_layers; ++l) {
        const Layer<T>& layer = plan.layers[l];
        const Source<T> in = source(plan, l);
        const T* A = in.rows + begin * in.ld;
        const T* W = plan.theta + layer.offset;
        T* Z = layer.outputs + begin * long(layer.ld_outputs);
        const int n = layer.n_out, ld = layer.ld_outputs;
        if (layer.narrow) {
            for (int r = 0; r < rows; ++r)
                for (int k = 0; k < n; ++k)
                    Z[r * long(ld) + k] = dot(A + r * in.ld, W + k * long(layer.ld), layer.columns);
        } else {
            product<T>({A, in.ld, 1}, rows, {W, layer.ld}, layer.columns, {Z, ld}, layer.n_in + 1);
        }
        if (l + 1 == plan.n_layers) break;
        T* slopes = keeps_slopes(layer) ? layer.slopes + begin * long(ld) : nullptr;
        const int width = layer.width;
        if (width == ld) activate(layer.activation, Z, slopes, rows * long(ld), layer.alpha);
        for (int r = 0; r < rows; ++r) {
            T* a = Z + r * long(ld);
            if (slopes && r > 0) slopes += ld;
            if (width != ld) activate(layer.activation, a, slopes, width, layer.alpha);
            if (layer.mask) drop(layer, a, slopes, layer.mask + (begin + r) * long(n));
            a[n] = 1;
            for (int c = n + 1; c < ld; ++c) a[c] = 0;
        }
    }
}

template <class T> void forward(const Plan<T>& plan, int begin, int end) {
    for (int at = begin; at < end; at += tile_rows)
        forward_tile(plan, at, end - at < tile_rows ? end - at : tile_rows);
}

// delta(L) = w / sum(w) dl/dz, delta(l) = (delta(l+1) W(l+1)^T) sigma'(z(l)).
template <class T> void backward_tile(const Plan<T>& plan, const Batch<T>& batch, int begin, int rows) {
    const Layer<T>& last = plan.layers[plan.n_layers - 1];
    loss_rows<T>(plan.loss, last.outputs + begin * long(last.ld_outputs), last.ld_outputs,
                 batch.targets + begin * long(last.n_out), batch.scales + begin,
                 last.delta + begin * long(last.ld_delta), last.ld_delta, batch.losses + begin, rows,
                 last.n_out, plan.loss_setting, plan.quantiles);
    for (int l = plan.n_layers - 1; l > 0; --l) {
        const Layer<T>&above = plan.layers[l], &below = plan.layers[l - 1];
        T* delta = below.delta + begin * long(below.ld_delta);
        const T* B = above.narrow ? plan.theta + above.offset : above.transposed;
        const int ldb = above.narrow ? above.ld : above.ld_transposed;
        product<T>({above.delta + begin * long(above.ld_delta), above.ld_delta, 1}, rows, {B, ldb},
                   below.width, {delta, below.ld_delta}, above.n_out);
        const bool kept = keeps_slopes(below);
        const bool whole = !kept && below.width == below.ld_outputs && below.width == below.ld_delta;
        if (whole)
            multiply_slope(below.activation, below.outputs + begin * long(below.ld_outputs), delta,
                           rows * long(below.width), below.alpha);
        for (int r = 0; r < rows; ++r) {
            const long at = (begin + r) * long(below.ld_outputs);
            T* d = delta + r * long(below.ld_delta);
            if (whole) {
            } else if (kept)
                multiply_rows(below.slopes + at, d, below.width);
            else
                multiply_slope(below.activation, below.outputs + at, d, below.width, below.alpha);
            // A narrow layer above has its bias in the column after the last weight.
            for (int c = below.n_out; c < below.width; ++c) d[c] = 0;
        }
    }
}

template <class T> void rows(const Plan<T>& plan, const Batch<T>& batch, int begin, int end) {
    for (int at = begin; at < end; at += tile_rows) {
        const int n = end - at < tile_rows ? end - at : tile_rows;
        forward_tile(plan, at, n);
        backward_tile(plan, batch, at, n);
    }
}

// Omega' on stored rows: weights only, never biases.
template <class T>
void add_penalty(const Plan<T>& plan, const Layer<T>& layer, T weight_sum, int begin, int end) {
    const T lambda_2 = plan.l2 + plan.alpha / weight_sum, lambda_1 = plan.l1;
    if (lambda_2 == T(0) && lambda_1 == T(0)) return;
    const int rows = layer.narrow ? end : (end < layer.n_in ? end : layer.n_in);
    const int columns = layer.narrow ? layer.n_in : layer.n_out;
    for (int r = begin; r < rows; ++r) {
        const T* W = plan.theta + layer.offset + r * long(layer.ld);
        T* G = plan.gradient + layer.offset + r * long(layer.ld);
        for (int c = 0; c < columns; ++c)
            G[c] += lambda_2 * W[c] + lambda_1 * (T(W[c] > 0) - T(W[c] < 0));
    }
}

// [dJ/dW; dJ/db] = [A, 1]^T delta, stored rows [begin, end).
template <class T>
void gradient(const Plan<T>& plan, const Batch<T>& batch, int l, int begin, int end) {
    const Layer<T>& layer = plan.layers[l];
    const Source<T> in = source(plan, l);
    T* G = plan.gradient + layer.offset + begin * long(layer.ld);
    if (layer.narrow)
        product<T>({layer.delta + begin, 1, layer.ld_delta}, end - begin, {in.rows, in.ld},
                   layer.columns, {G, layer.ld}, batch.n_rows);
    else
        product<T>({in.rows + begin, 1, in.ld}, end - begin, {layer.delta, layer.ld_delta},
                   layer.columns, {G, layer.ld}, batch.n_rows);
    add_penalty(plan, layer, batch.weight_sum, begin, end);
}

template <class T>
void update_run(const Plan<T>& plan, const Step<T>& s, int64_t at, int64_t count) {
    T *theta = plan.theta + at, *first = s.first + at, *second = s.second + at;
    const T* grad = plan.gradient + at;
    switch (s.rule) {
        case GRADIENT_DESCENT: return step<T, GRADIENT_DESCENT>(s, theta, grad, first, second, count);
        case MOMENTUM: return step<T, MOMENTUM>(s, theta, grad, first, second, count);
        case ADAGRAD: return step<T, ADAGRAD>(s, theta, grad, first, second, count);
        case RMSPROP: return step<T, RMSPROP>(s, theta, grad, first, second, count);
        case ADAM: return step<T, ADAM>(s, theta, grad, first, second, count);
        case ADAMW: return step<T, ADAMW>(s, theta, grad, first, second, count);
        default: return;
    }
}

template <class T>
void update(const Plan<T>& plan, const Step<T>& s, int l, int begin, int end) {
    const Layer<T>& layer = plan.layers[l];
    const int64_t at = layer.offset + begin * int64_t(layer.ld);
    if (layer.columns == layer.ld) return update_run(plan, s, at, (end - begin) * int64_t(layer.ld));
    for (int r = 0; r < end - begin; ++r)
        update_run(plan, s, at + r * int64_t(layer.ld), layer.columns);
}

template <class T> void transpose(const Plan<T>& plan, int l, int begin, int end) {
    const Layer<T>& layer = plan.layers[l];
    if (l == 0 || layer.narrow) return;  // the backward pass ends above the inputs
    const T* W = plan.theta + layer.offset;
    const int rows = end < layer.n_in ? end : layer.n_in;
    for (int r = begin; r < rows; ++r)
        for (int c = 0; c < layer.n_out; ++c)
            layer.transposed[c * long(layer.ld_transposed) + r] = W[r * long(layer.ld) + c];
}

template <class T>
constexpr perceptrons::Kernels<T> kernels = {rows<T>, gradient<T>, update<T>, transpose<T>,
                                             forward<T>};

}  // namespace PERCEPTRONS_ISA

#define PERCEPTRONS_JOIN_(a, b) a##b
#define PERCEPTRONS_JOIN(a, b) PERCEPTRONS_JOIN_(a, b)
#define PERCEPTRONS_TEXT_(a) #a
#define PERCEPTRONS_TEXT(a) PERCEPTRONS_TEXT_(a)

// Constant-initialized: nothing of this instruction set runs before it is chosen.
extern const perceptrons::Backend PERCEPTRONS_JOIN(backend_, PERCEPTRONS_ISA);
constexpr perceptrons::Backend PERCEPTRONS_JOIN(backend_, PERCEPTRONS_ISA) = {
    PERCEPTRONS_TEXT(PERCEPTRONS_ISA), PERCEPTRONS_ISA::kernels<float>,
    PERCEPTRONS_ISA::kernels<double>};
