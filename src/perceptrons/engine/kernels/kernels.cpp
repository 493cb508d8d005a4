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

// What layer l reads: [X, 1] or the outputs below.
template <class T> struct Source {
    const T* rows;
    int64_t ld;
};
template <class T> inline Source<T> source(const Plan<T>& plan, int l) {
    if (l == 0) return {plan.inputs, plan.ld_inputs};
    return {plan.layers[l - 1].outputs, plan.layers[l - 1].ld_outputs};
}

// Whether the backward pass takes slopes kept by the forward pass.
template <class T> inline bool keeps_slopes(const Layer<T>& layer) {
    return layer.mask || own_slopes(layer.activation);
}

// [A, 1]: a column of ones after the last unit, zeros after it, in the half vector that
// holds units, too; one of its own is never written to.
template <class T> inline void close_rows(T* A, int64_t ld, int rows, int n) {
    using H = Half<T>;
    const int at = n / H::lanes * H::lanes;
    if (at == n) return;
    typename H::I unit;
    typename H::V one = {};
    for (int i = 0; i < H::lanes; ++i) unit[i] = at + i < n ? -1 : 0;
    one[n - at] = 1;
    for (int r = 0; r < rows; ++r) {
        T* end = A + r * ld + at;
        store<H>(end, unit ? load<H>(end) : one);
    }
}

// Dropout of one row: the slope is taken before, so that it sees the whole activation.
template <class T>
inline void drop(const Layer<T>& layer, T* a, T* slopes, const T* mask) {
    const int n = layer.n_out;
    const bool own = own_slopes(layer.activation);
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
        T* Z = layer.outputs + begin * int64_t(layer.ld_outputs);
        const int n = layer.n_out, ld = layer.ld_outputs;
        if (layer.narrow) {
            for (int k = 0; k < n; ++k)
                inner_products(A, in.ld, rows, W + k * int64_t(layer.ld), layer.columns,
                               Z + k, ld);
        } else if (l == 0 && plan.sparse_inputs) {
            sparse_product<T>({A, in.ld, 1}, rows, {W, layer.ld}, layer.columns,
                              {Z, ld}, layer.n_in + 1);
        } else {
            product<T>({A, in.ld, 1}, rows, {W, layer.ld}, layer.columns, {Z, ld},
                       layer.n_in + 1);
        }
        if (l + 1 == plan.n_layers) break;
        T* slopes = keeps_slopes(layer) ? layer.slopes + begin * int64_t(ld) : nullptr;
        const int width = layer.width;
        if (width == ld) {
            activate(layer.activation, Z, slopes, rows * int64_t(ld), layer.alpha);
        } else {
            for (int r = 0; r < rows; ++r)
                activate(layer.activation, Z + r * int64_t(ld),
                         slopes ? slopes + r * int64_t(ld) : nullptr, width,
                         layer.alpha);
        }
        if (layer.mask)
            for (int r = 0; r < rows; ++r)
                drop(layer, Z + r * int64_t(ld), slopes + r * int64_t(ld),
                     layer.mask + (begin + r) * int64_t(n));
        close_rows(Z, ld, rows, n);
    }
}

template <class T> void forward(const Plan<T>& plan, int begin, int end) {
    for (int at = begin; at < end; at += tile_rows)
        forward_tile(plan, at, end - at < tile_rows ? end - at : tile_rows);
}

// delta(L) = w / sum(w) dl/dz.
template <class T>
void loss_tile(const Plan<T>& plan, const Batch<T>& batch, int begin, int rows) {
    const Layer<T>& last = plan.layers[plan.n_layers - 1];
    loss_rows<T>(plan.loss, last.outputs + begin * int64_t(last.ld_outputs),
                 last.ld_outputs, batch.targets + begin * int64_t(last.n_out),
                 batch.scales + begin, last.delta + begin * int64_t(last.ld_delta),
                 last.ld_delta, batch.losses + begin, rows, last.n_out,
                 plan.loss_settings);
}

// delta(l) = (delta(l+1) W(l+1)^T) sigma'(z(l)).
template <class T> void backward_tile(const Plan<T>& plan, int begin, int rows) {
    for (int l = plan.n_layers - 1; l > 0; --l) {
        const Layer<T>&above = plan.layers[l], &below = plan.layers[l - 1];
        T* delta = below.delta + begin * int64_t(below.ld_delta);
        product<T>({above.delta + begin * int64_t(above.ld_delta), above.ld_delta, 1},
                   rows, {above.transposed, above.ld_transposed}, below.width,
                   {delta, below.ld_delta}, above.n_out);
        const bool kept = keeps_slopes(below);
        const T* values =
            (kept ? below.slopes : below.outputs) + begin * int64_t(below.ld_outputs);
        const bool whole =
            below.width == below.ld_outputs && below.width == below.ld_delta;
        const int runs = whole ? 1 : rows;
        const int64_t columns = whole ? rows * int64_t(below.width) : below.width;
        for (int r = 0; r < runs; ++r) {
            T* d = delta + r * int64_t(below.ld_delta);
            if (kept)
                multiply_rows(values + r * int64_t(below.ld_outputs), d, columns);
            else
                multiply_slope(below.activation, values + r * int64_t(below.ld_outputs),
                               d, columns, below.alpha);
        }
    }
}

template <class T>
void rows(const Plan<T>& plan, const Batch<T>& batch, int begin, int end) {
    for (int at = begin; at < end; at += tile_rows) {
        const int n = end - at < tile_rows ? end - at : tile_rows;
        forward_tile(plan, at, n);
        loss_tile(plan, batch, at, n);
        backward_tile(plan, at, n);
    }
}

template <class T>
void losses(const Plan<T>& plan, const Batch<T>& batch, int begin, int end) {
    for (int at = begin; at < end; at += tile_rows) {
        const int n = end - at < tile_rows ? end - at : tile_rows;
        forward_tile(plan, at, n);
        loss_tile(plan, batch, at, n);
    }
}

// [dJ/dW; dJ/db] = [A, 1]^T delta, stored rows [begin, end).
template <class T>
void gradient(const Plan<T>& plan, const Batch<T>& batch, int l, int begin, int end,
              bool add) {
    const Layer<T>& layer = plan.layers[l];
    const Source<T> in = source(plan, l);
    T* G = plan.gradient + layer.offset + begin * int64_t(layer.ld);
    Strided<T> A = {in.rows + begin, 1, in.ld};
    Matrix<const T> B = {layer.delta, layer.ld_delta};
    if (layer.narrow) {
        A = {layer.delta + begin, 1, layer.ld_delta};
        B = {in.rows, in.ld};
    }
    if (l == 0 && plan.sparse_inputs)
        return sparse_product<T>(A, end - begin, B, layer.columns, {G, layer.ld},
                                 batch.n_rows, add);
    if (layer.rows > 2 || layer.columns > line<T>)
        return product<T>(A, end - begin, B, layer.columns, {G, layer.ld}, batch.n_rows,
                          add);
    // By tiles, that the sums are the same whether or not the caller takes tiles.
    for (int at = 0; at < batch.n_rows; at += tile_rows, add = true) {
        const int n = batch.n_rows - at < tile_rows ? batch.n_rows - at : tile_rows;
        thin_product<T>({A.at + at * A.depth, 1, A.depth}, end - begin,
                        {B.at + at * B.ld, B.ld}, layer.columns, {G, layer.ld}, n, add);
    }
}

// The sums of squares and of sizes of weights, in double: four chains of additions of
// four lanes each, so that none waits for another, the same on every processor.
template <class T> class Measure {
  public:
    void add(const T* W, int columns) {
        int c = 0;
        for (; c + 16 <= columns; c += 16)
            for (int i = 0; i < 4; ++i) add_four(W + c + 4 * i, i);
        for (int i = 0; c + 4 <= columns; c += 4, ++i) add_four(W + c, i);
        for (int lane = 0; c < columns; ++c, ++lane) {
            squares_[3][lane] =
                multiply_add(double(W[c]), double(W[c]), squares_[3][lane]);
            sizes_[3][lane] += W[c] < 0 ? -double(W[c]) : double(W[c]);
        }
    }
    Sizes sums() const {
        const V squares = (squares_[0] + squares_[1]) + (squares_[2] + squares_[3]);
        const V sizes = (sizes_[0] + sizes_[1]) + (sizes_[2] + sizes_[3]);
        return {(squares[0] + squares[1]) + (squares[2] + squares[3]),
                (sizes[0] + sizes[1]) + (sizes[2] + sizes[3])};
    }

  private:
    typedef typename Pack<double, 32>::V V;
    V squares_[4] = {}, sizes_[4] = {};

    void add_four(const T* W, int i) {
        const V w = __builtin_convertvector(load<Four<T>>(W), V);
        squares_[i] += w * w;
        sizes_[i] += w < 0 ? -w : w;
    }
};

// Omega' on stored rows: weights only, never biases.
template <class T>
Sizes penalize(const Plan<T>& plan, const Batch<T>& batch, int l, int begin, int end) {
    const T lambda_2 = plan.l2 + plan.alpha / T(batch.n_rows), lambda_1 = plan.l1;
    const Layer<T>& layer = plan.layers[l];
    const int rows = layer.narrow ? end : (end < layer.n_in ? end : layer.n_in);
    const int columns = layer.narrow ? layer.n_in : layer.n_out;
    Measure<T> measure;
    for (int r = begin; r < rows; ++r) {
        const T* W = plan.theta + layer.offset + r * int64_t(layer.ld);
        T* G = plan.gradient + layer.offset + r * int64_t(layer.ld);
        for (int c = 0; c < columns; ++c)
            G[c] +=
                multiply_add(lambda_2, W[c], lambda_1 * (T(W[c] > 0) - T(W[c] < 0)));
        measure.add(W, columns);
    }
    return measure.sums();
}

template <class T>
void update_run(const Plan<T>& plan, const Step<T>& s, int64_t at, int64_t count) {
    T *theta = plan.theta + at, *first = s.first + at, *second = s.second + at;
    const T* grad = plan.gradient + at;
#define PERCEPTRONS_CASE(constant, name) \
    case constant: return step<T, constant>(s, theta, grad, first, second, count);
    switch (s.rule) {
        PERCEPTRONS_RULES(PERCEPTRONS_CASE)
        default: break;
    }
#undef PERCEPTRONS_CASE
}

template <class T>
void update(const Plan<T>& plan, const Step<T>& s, int l, int begin, int end) {
    const Layer<T>& layer = plan.layers[l];
    const int64_t at = layer.offset + begin * int64_t(layer.ld);
    if (layer.columns == layer.ld)
        return update_run(plan, s, at, (end - begin) * int64_t(layer.ld));
    for (int r = 0; r < end - begin; ++r)
        update_run(plan, s, at + r * int64_t(layer.ld), layer.columns);
}

template <class T> void transpose(const Plan<T>& plan, int l, int begin, int end) {
    const Layer<T>& layer = plan.layers[l];
    if (l == 0) return;  // the backward pass ends above the inputs
    const T* W = plan.theta + layer.offset;
    const int64_t ld = layer.ld, ld_transposed = layer.ld_transposed;
    if (layer.narrow) {
        for (int k = begin; k < end; ++k)
            for (int i = 0; i < layer.n_in; ++i)
                layer.transposed[k * ld_transposed + i] = W[k * ld + i];
        return;
    }
    const int rows = end < layer.n_in ? end : layer.n_in;
    const int fours = rows - (rows - begin) % 4, four_columns = layer.n_out / 4 * 4;
    for (int r = begin; r < fours; r += 4)
        for (int c = 0; c < four_columns; c += 4)
            transpose_four<Four<T>>(W + r * ld + c, ld,
                                    layer.transposed + c * ld_transposed + r,
                                    ld_transposed);
    for (int r = begin; r < rows; ++r)
        for (int c = r < fours ? four_columns : 0; c < layer.n_out; ++c)
            layer.transposed[c * ld_transposed + r] = W[r * ld + c];
}

template <class T>
constexpr perceptrons::Kernels<T> kernels = {
    rows<T>, losses<T>, gradient<T>, penalize<T>, update<T>, transpose<T>, forward<T>};

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
