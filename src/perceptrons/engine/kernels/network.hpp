// A network in memory: the stored layout of its parameters, its buffers, one epoch.
//
// Compiled once, for every processor: it calls the kernels of one instruction set.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "plan.hpp"
#include "threads.hpp"

namespace perceptrons {

// NumPy's C interface to a bit generator (numpy/random/bitgen.h): the capsule's content.
struct BitGenerator {
    void* state;
    uint64_t (*next_uint64)(void*);
    uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    uint64_t (*next_raw)(void*);
    uint64_t raw() { return next_raw(state); }
    // The high 64 bits of raw x n: a whole number in [0, n).
    uint64_t below(uint64_t n) {
        return uint64_t((static_cast<unsigned __int128>(raw()) * n) >> 64);
    }
};

// Rows of features: dense with any strides (in elements), or compressed sparse rows.
template <class T> struct Rows {
    const T* values = nullptr;
    int64_t row_stride = 0, column_stride = 0;
    const int64_t* starts = nullptr;   // sparse only: one more than rows
    const int64_t* columns = nullptr;  // sparse only
    const int64_t* subset = nullptr;   // the rows that count, in their order; null: all
};

// Training rows; Y (n, K) and weights contiguous, weights null for ones.
template <class T> struct Data {
    int64_t n_rows;
    Rows<T> X;
    const T* Y;
    const T* weights;
};

enum class Draw { in_order, shuffled, with_replacement };

template <class T> struct Epoch {
    int64_t batch_rows;
    Draw draw;
    BitGenerator* batches;
    const double* rates;
    double clip = 0;  // 0: none
    bool clip_layers = false;
    std::vector<double> dropout;  // one rate per hidden layer, or empty
    BitGenerator* drops = nullptr;
    int n_threads = 1;
    std::function<void()> poll;  // called between steps; may throw to end the epoch
};

// Memory aligned to a cache line, zero at first.
template <class T> class Block {
  public:
    T* get(int64_t count) {
        if (count < 0 || count > std::numeric_limits<int64_t>::max() / 64) throw std::bad_alloc();
        const size_t bytes = (size_t(count) * sizeof(T) + 63) / 64 * 64;
        memory_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t(64))));
        std::memset(static_cast<void*>(memory_.get()), 0, bytes);
        return memory_.get();
    }

  private:
    struct Free {
        void operator()(T* p) const { ::operator delete(p, std::align_val_t(64)); }
    };
    std::unique_ptr<T, Free> memory_;
};

template <class T> class Network {
  public:
    struct Problem {
        std::vector<int> sizes, activations;
        std::vector<double> alphas;
        int loss;
        double loss_setting;
        std::vector<double> quantiles;
        double l1, l2, alpha;
    };

    Network(const Kernels<T>& kernels, const Problem& problem, int64_t rows)
        : kernels_(kernels), rows_(rows), quantiles_(problem.quantiles.begin(), problem.quantiles.end()) {
        if (rows < 1 || rows > std::numeric_limits<int>::max())
            throw std::invalid_argument("rows of a batch out of range");
        const int L = int(problem.sizes.size()) - 1;
        layers_.resize(L);
        plan_ = {};
        plan_.n_layers = L;
        plan_.layers = layers_.data();
        plan_.loss = problem.loss;
        plan_.loss_setting = T(problem.loss_setting);
        plan_.quantiles = quantiles_.data();
        plan_.l1 = T(problem.l1);
        plan_.l2 = T(problem.l2);
        plan_.alpha = T(problem.alpha);
        plan_.ld_inputs = padded(problem.sizes[0] + 1);
        plan_.inputs = block(rows * int64_t(plan_.ld_inputs));
        for (int64_t r = 0; r < rows; ++r) plan_.inputs[r * plan_.ld_inputs + problem.sizes[0]] = 1;
        int64_t flat = 0;
        for (int l = 0; l < L; ++l) {
            Layer<T>& layer = layers_[l];
            layer = {};
            layer.n_in = problem.sizes[l];
            layer.n_out = problem.sizes[l + 1];
            layer.narrow = layer.n_out <= narrow_outputs;
            layer.rows = layer.narrow ? layer.n_out : layer.n_in + 1;
            layer.columns = halves(layer.narrow ? layer.n_in + 1 : layer.n_out);
            layer.ld = padded(layer.columns);
            layer.width = halves(layer.n_out);
            layer.offset = plan_.n_stored;
            plan_.n_stored += layer.rows * int64_t(layer.ld);
            layer.ld_delta = padded(layer.n_out);
            layer.delta = block(rows * int64_t(layer.ld_delta));
            const bool hidden = l + 1 < L;
            layer.ld_outputs = padded(layer.n_out + (hidden ? 1 : 0));
            layer.outputs = block(rows * int64_t(layer.ld_outputs));
            if (hidden) {
                layer.activation = problem.activations[l];
                layer.alpha = T(problem.alphas[l]);
                if (layer.activation == 7 || layer.activation == 8) slopes(layer);
            }
            if (l > 0 && !layer.narrow) {
                layer.ld_transposed = padded(layer.n_in);
                layer.transposed = block(layer.n_out * int64_t(layer.ld_transposed));
            }
            weight_at_.push_back(flat);
            flat += layer.n_in * int64_t(layer.n_out);
        }
        for (int l = 0; l < L; ++l) {
            bias_at_.push_back(flat);
            flat += layers_[l].n_out;
        }
        n_parameters_ = flat;
        plan_.theta = block(plan_.n_stored);
        plan_.gradient = block(plan_.n_stored);
        for (int l = 0; l < L; ++l) {
            const Layer<T>& layer = layers_[l];
            const int step = std::max(8, int(chunk_values / layer.ld) / 8 * 8);
            for (int begin = 0; begin < layer.rows; begin += step)
                chunks_.push_back({l, begin, std::min(begin + step, layer.rows)});
        }
        targets_.resize(rows * int64_t(problem.sizes[L]));
        scales_.resize(rows);
        losses_.resize(rows);
        indices_.resize(rows);
    }

    Network(const Network&) = delete;  // the plan points into its own layers
    Network& operator=(const Network&) = delete;

    int64_t rows() const { return rows_; }
    size_t n_hidden() const { return layers_.size() - 1; }
    int width(size_t l) const { return layers_[l].n_out; }
    int64_t n_parameters() const { return n_parameters_; }
    int n_outputs() const { return layers_.back().n_out; }
    int n_inputs() const { return layers_[0].n_in; }

    double value_and_grad(const T* theta, const Data<T>& data, const std::vector<const T*>& masks,
                          T* gradient) {
        load(theta, plan_.theta);
        transpose_all();
        for (int l = 0; l + 1 < plan_.n_layers; ++l) {
            layers_[l].mask = masks.empty() ? nullptr : masks[l];
            if (layers_[l].mask) slopes(layers_[l]);
        }
        Batch<T> batch = prepare(data, nullptr, 0, data.n_rows);
        gather(data.X, 0, int(data.n_rows));
        kernels_.rows(plan_, batch, 0, batch.n_rows);
        for (const Chunk& c : chunks_) kernels_.gradient(plan_, batch, c.layer, c.begin, c.end);
        save(plan_.gradient, gradient);
        double total = 0;
        for (int64_t r = 0; r < data.n_rows; ++r)
            total += (data.weights ? double(data.weights[r]) : 1.0) * losses_[r];
        return total / double(batch.weight_sum) + penalty(batch.weight_sum);
    }

    // Steps of one epoch; theta and the rule's state in place. Returns the batches' mean J.
    double run_epoch(const Data<T>& data, const Epoch<T>& epoch, Step<T> step, int64_t& adam_step,
                     double beta_1, double beta_2, T* theta, T* first, T* second) {
        load(theta, plan_.theta);
        step.first = load_state(first, first_);
        step.second = load_state(second, second_);
        transpose_all();
        draw_order(data.n_rows, epoch);
        double total = 0, weight_total = 0;
        int64_t number = 0, unpolled = poll_work;  // once in every epoch at least
        const double log_beta_1 = std::log(beta_1), log_beta_2 = std::log(beta_2);
        auto finish = [&] {
            save(plan_.theta, theta);
            if (first) save(step.first, first);
            if (second) save(step.second, second);
        };
        try {
            Team team(epoch.n_threads);
            for (int64_t at = 0; at < data.n_rows; at += epoch.batch_rows, ++number) {
                if ((unpolled += n_parameters_ * epoch.batch_rows) > poll_work) {
                    unpolled = 0;
                    if (epoch.poll) epoch.poll();
                }
                const int64_t end = std::min(at + epoch.batch_rows, data.n_rows);
                const int64_t* order = order_.empty() ? nullptr : order_.data();
                Batch<T> batch = prepare(data, order, at, end);
                if (data.weights && batch.weight_sum == T(0)) continue;
                draw_masks(batch.n_rows, epoch);
                ++adam_step;
                step.learning_rate = T(epoch.rates[number]);
                const double c = std::sqrt(1 - power(beta_2, log_beta_2, adam_step));
                step.root_correction = T(c);
                step.rate_correction =
                    T(epoch.rates[number] * c / (1 - power(beta_1, log_beta_1, adam_step)));
                weight_total += batch.weight_sum;
                if (has_penalty()) total += double(batch.weight_sum) * penalty(batch.weight_sum);
                take_step(team, data, batch, epoch, step);
                for (int r = 0; r < batch.n_rows; ++r)
                    total += (data.weights ? double(data.weights[indices_[r]]) : 1.0) * losses_[r];
            }
        } catch (...) {
            finish();
            throw;
        }
        finish();
        for (int64_t i = 0; i < n_parameters_; ++i)
            if (!std::isfinite(theta[i])) return std::numeric_limits<double>::quiet_NaN();
        return total / weight_total;
    }

    void load_weights(const T* theta) {
        load(theta, plan_.theta);
        for (Layer<T>& layer : layers_) layer.mask = nullptr;
    }

    // Raw outputs (n_rows, K) of the weights loaded, a stripe of the buffers per thread.
    void forward(const Rows<T>& X, int64_t n_rows, T* raw, int n_threads) {
        const Layer<T>& last = layers_.back();
        Team team(n_threads);
        n_threads = team.size();
        const int64_t stripe = std::max<int64_t>(1, rows_ / n_threads);
        auto pass = [&](int thread) {
            for (int64_t at = thread * stripe; at < n_rows; at += n_threads * stripe) {
                const int begin = int(thread * stripe);
                const int end = begin + int(std::min(stripe, n_rows - at));
                for (int r = begin; r < end; ++r) indices_[r] = at + r - begin;
                gather(X, begin, end);
                kernels_.forward(plan_, begin, end);
                for (int r = begin; r < end; ++r)
                    std::memcpy(raw + (at + r - begin) * last.n_out,
                                last.outputs + r * int64_t(last.ld_outputs), last.n_out * sizeof(T));
            }
        };
        team.run(pass);
    }

  private:
    static constexpr int narrow_outputs = 2;
    static constexpr int chunk_values = 8192;  // of gradient and state: stays in the cache
    // Multiplications between two looks at the clock: some milliseconds.
    static constexpr int64_t poll_work = 10'000'000;

    // beta^t, or 0 where 1 - beta^t is 1 anyway.
    static double power(double beta, double log_beta, int64_t t) {
        return t * log_beta < -40 ? 0 : std::pow(beta, double(t));
    }

    struct Chunk {
        int layer, begin, end;
    };

    static int64_t halves(int64_t columns) {
        constexpr int64_t half = 32 / sizeof(T);
        return (columns + half - 1) / half * half;
    }
    // Whole halves of a vector; one cache line more where rows would share few cache sets.
    static int padded(int64_t columns) {
        constexpr int64_t line = 64 / sizeof(T);
        int64_t ld = halves(columns);
        if (ld >= 8 * line && ld % (2 * line) == 0) ld += line;
        if (ld > std::numeric_limits<int>::max() / 2) throw std::bad_alloc();
        return int(ld);
    }

    T* block(int64_t count) {
        blocks_.emplace_back();
        return blocks_.back().get(count);
    }

    void slopes(Layer<T>& layer) {
        if (!layer.slopes) layer.slopes = block(rows_ * int64_t(layer.ld_outputs));
    }

    // Between theta as Python has it (all weights, then all biases) and as it is stored.
    template <class F> void each_parameter(F copy) const {
        for (int l = 0; l < plan_.n_layers; ++l) {
            const Layer<T>& layer = layers_[l];
            const int64_t down = layer.narrow ? 1 : layer.ld, across = layer.narrow ? layer.ld : 1;
            for (int i = 0; i < layer.n_in; ++i)
                for (int k = 0; k < layer.n_out; ++k)
                    copy(weight_at_[l] + i * int64_t(layer.n_out) + k,
                         layer.offset + i * down + k * across);
            for (int k = 0; k < layer.n_out; ++k)
                copy(bias_at_[l] + k, layer.offset + layer.n_in * down + k * across);
        }
    }
    void load(const T* flat, T* stored) const {
        each_parameter([=](int64_t from, int64_t to) { stored[to] = flat[from]; });
    }
    void save(const T* stored, T* flat) const {
        each_parameter([=](int64_t to, int64_t from) { flat[to] = stored[from]; });
    }
    T* load_state(const T* flat, T*& stored) {
        if (!stored) stored = block(plan_.n_stored);
        if (flat) load(flat, stored);
        return stored;
    }

    void transpose_all() {
        for (int l = 0; l < plan_.n_layers; ++l) kernels_.transpose(plan_, l, 0, layers_[l].rows);
    }

    bool has_penalty() const { return plan_.l1 != 0 || plan_.l2 != 0 || plan_.alpha != 0; }

    double penalty(T weight_sum) const {
        if (!has_penalty()) return 0;
        double squares = 0, sizes = 0;
        for (const Layer<T>& layer : layers_) {
            const int rows = layer.narrow ? layer.n_out : layer.n_in;
            const int columns = layer.narrow ? layer.n_in : layer.n_out;
            for (int r = 0; r < rows; ++r) {
                const T* W = plan_.theta + layer.offset + r * int64_t(layer.ld);
                for (int c = 0; c < columns; ++c) {
                    squares += double(W[c]) * double(W[c]);
                    sizes += std::fabs(double(W[c]));
                }
            }
        }
        return 0.5 * (double(plan_.l2) + double(plan_.alpha) / double(weight_sum)) * squares +
               double(plan_.l1) * sizes;
    }

    // Rows [at, end) of the epoch: their indices, targets and scales.
    Batch<T> prepare(const Data<T>& data, const int64_t* order, int64_t at, int64_t end) {
        const int n = int(end - at), K = n_outputs();
        double weight_sum = 0;
        for (int r = 0; r < n; ++r) {
            const int64_t row = indices_[r] = order ? order[at + r] : at + r;
            for (int k = 0; k < K; ++k) targets_[r * int64_t(K) + k] = data.Y[row * K + k];
            if (data.weights) weight_sum += double(data.weights[row]);
        }
        if (!data.weights) weight_sum = n;
        for (int r = 0; r < n; ++r)
            scales_[r] = data.weights ? data.weights[indices_[r]] / T(weight_sum) : T(1 / weight_sum);
        return {n, targets_.data(), scales_.data(), losses_.data(), T(weight_sum)};
    }

    void gather(const Rows<T>& X, int begin, int end) {
        const int d = n_inputs();
        for (int r = begin; r < end; ++r) {
            T* to = plan_.inputs + r * int64_t(plan_.ld_inputs);
            const int64_t row = X.subset ? X.subset[indices_[r]] : indices_[r];
            if (X.starts) {
                std::memset(static_cast<void*>(to), 0, d * sizeof(T));
                for (int64_t i = X.starts[row]; i < X.starts[row + 1]; ++i) to[X.columns[i]] += X.values[i];
            } else if (X.column_stride == 1 && d > 8) {
                std::memcpy(to, X.values + row * X.row_stride, d * sizeof(T));
            } else {
                const T* from = X.values + row * X.row_stride;
                for (int c = 0; c < d; ++c) to[c] = from[c * X.column_stride];
            }
        }
    }

    void draw_order(int64_t n, const Epoch<T>& epoch) {
        order_.clear();
        if (epoch.draw == Draw::in_order || (epoch.draw == Draw::shuffled && n == 1)) return;
        order_.resize(n);
        if (epoch.draw == Draw::with_replacement) {
            for (int64_t i = 0; i < n; ++i) order_[i] = epoch.batches->below(n);
            return;
        }
        for (int64_t i = 0; i < n; ++i) order_[i] = i;
        for (int64_t i = n - 1; i > 0; --i) std::swap(order_[i], order_[epoch.batches->below(i + 1)]);
    }

    void draw_masks(int n_rows, const Epoch<T>& epoch) {
        masks_.resize(plan_.n_layers);
        for (int l = 0; l + 1 < plan_.n_layers; ++l) {
            Layer<T>& layer = layers_[l];
            const double p = epoch.dropout.empty() ? 0 : epoch.dropout[l];
            layer.mask = nullptr;
            if (p == 0) continue;
            slopes(layer);
            masks_[l].resize(n_rows * int64_t(layer.n_out));
            const uint64_t bound = uint64_t(p * 18446744073709551616.0);
            for (T& factor : masks_[l])
                factor = epoch.drops->raw() < bound ? T(0) : T(1 / (1 - p));
            layer.mask = masks_[l].data();
        }
    }

    void take_step(Team& team, const Data<T>& data, const Batch<T>& batch, const Epoch<T>& epoch,
                   const Step<T>& step) {
        const int n_threads = team.size();
        team.run([&](int thread) {
            const int begin = int(int64_t(batch.n_rows) * thread / n_threads);
            const int end = int(int64_t(batch.n_rows) * (thread + 1) / n_threads);
            gather(data.X, begin, end);
            kernels_.rows(plan_, batch, begin, end);
        });
        team.run([&](int thread) {
            for (size_t i = thread; i < chunks_.size(); i += n_threads) {
                const Chunk& c = chunks_[i];
                kernels_.gradient(plan_, batch, c.layer, c.begin, c.end);
                if (epoch.clip == 0) finish_chunk(step, c);
            }
        });
        if (epoch.clip == 0) return;
        clip(epoch);
        team.run([&](int thread) {
            for (size_t i = thread; i < chunks_.size(); i += n_threads) finish_chunk(step, chunks_[i]);
        });
    }

    void finish_chunk(const Step<T>& step, const Chunk& c) {
        kernels_.update(plan_, step, c.layer, c.begin, c.end);
        kernels_.transpose(plan_, c.layer, c.begin, c.end);
    }

    void clip(const Epoch<T>& epoch) {
        double all = 0;
        for (int pass = 0; pass < 2; ++pass)
            for (const Layer<T>& layer : layers_) {
                T* G = plan_.gradient + layer.offset;
                const int columns = layer.narrow ? layer.n_in + 1 : layer.n_out;
                double squares = 0;
                if (pass == 0 || epoch.clip_layers)
                    for (int r = 0; r < layer.rows; ++r)
                        for (int c = 0; c < columns; ++c) {
                            const double g = G[r * int64_t(layer.ld) + c];
                            squares += g * g;
                        }
                if (pass == 0) {
                    all += squares;
                    continue;
                }
                const double norm = std::sqrt(epoch.clip_layers ? squares : all);
                if (norm > epoch.clip)
                    for (int64_t i = 0; i < layer.rows * int64_t(layer.ld); ++i)
                        G[i] *= T(epoch.clip / norm);
            }
    }

    const Kernels<T>& kernels_;
    int64_t rows_, n_parameters_ = 0;
    std::vector<T> quantiles_;
    std::vector<Layer<T>> layers_;
    Plan<T> plan_;
    std::vector<Block<T>> blocks_;
    std::vector<Chunk> chunks_;
    std::vector<int64_t> weight_at_, bias_at_, order_, indices_;
    std::vector<T> targets_, scales_;
    std::vector<double> losses_;
    std::vector<std::vector<T>> masks_;
    T *first_ = nullptr, *second_ = nullptr;
};

}  // namespace perceptrons
