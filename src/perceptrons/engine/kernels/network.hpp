// A network in memory: the stored layout of its parameters, its buffers, its epochs.
//
// Compiled once, for every processor: it calls the kernels of one instruction set.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "data.hpp"
#include "memory.hpp"
#include "plan.hpp"
#include "threads.hpp"

namespace perceptrons {

// Epochs asked for, and what became of them.
template <class T> struct Epochs {
    int64_t batch_rows;
    Draw draw;
    BitGenerator* batches;
    int64_t count = 1;  // at most
    const double* rates;
    int64_t epoch_stride, step_stride;  // between the rates, in elements
    double most_seconds = std::numeric_limits<double>::infinity();  // no second begins later
    double clip = 0;  // 0: none
    bool clip_layers = false;
    std::vector<double> dropout;  // one rate per hidden layer, or empty
    BitGenerator* drops = nullptr;
    int n_threads = 1;
    std::function<void()> poll;  // called now and then; may throw to end training

    std::vector<double> losses, seconds;  // of each finished epoch
    int64_t steps = 0;                    // of Adam, in and out
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
        plan_.loss = Loss(problem.loss);
        plan_.loss_setting = T(problem.loss_setting);
        plan_.quantiles = quantiles_.data();
        plan_.l1 = T(problem.l1);
        plan_.l2 = T(problem.l2);
        plan_.alpha = T(problem.alpha);
        plan_.ld_inputs = padded(problem.sizes[0] + 1);
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
            if (hidden) {
                layer.activation = Activation(problem.activations[l]);
                layer.alpha = T(problem.alphas[l]);
            }
            if (l > 0) {
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
        give_buffers(plan_, blocks_);
        plan_.theta = block(plan_.n_stored);
        plan_.gradient = block(plan_.n_stored);
        for (int l = 0; l < L; ++l) {
            const Layer<T>& layer = layers_[l];
            const int step = std::max(8, int(chunk_values / layer.ld) / 8 * 8);
            for (int begin = 0; begin < layer.rows; begin += step)
                chunks_.push_back({l, begin, std::min(begin + step, layer.rows)});
        }
        sizes_.resize(chunks_.size());
        targets_.resize(rows * int64_t(problem.sizes[L]));
        scales_.resize(rows);
        losses_.resize(rows);
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
        look_at(plan_, data.X, data.n_rows);
        transpose_all();
        for (int l = 0; l + 1 < plan_.n_layers; ++l) {
            layers_[l].mask = masks.empty() ? nullptr : masks[l];
            if (layers_[l].mask) slopes(layers_[l]);
        }
        const Batch<T> batch = prepare(data, nullptr, 0, data.n_rows);
        pass_by_tiles(data.X, nullptr, 0, batch, [](int) {});
        penalize_all(batch);
        save(plan_.gradient, gradient);
        const double total = total_loss(data, nullptr, 0, batch);
        return total / double(batch.n_rows) + penalty(batch.n_rows);
    }

    // Train; after each epoch theta and the rule's state hold its end, unless it diverged
    // (its loss is NaN then, and it is the last) or poll threw.
    void run_epochs(const Data<T>& data, Epochs<T>& epochs, Step<T> step, double beta_1,
                    double beta_2, T* theta, T* first, T* second) {
        load(theta, plan_.theta);
        look_at(plan_, data.X, data.n_rows);
        step.first = load_state(first, first_);
        step.second = load_state(second, second_);
        transpose_all();
        Team team(epochs.n_threads);
        Powers powers{beta_1, beta_2};
        const auto begun = std::chrono::steady_clock::now();
        double at = 0;
        do {
            const double loss = run_epoch(team, data, epochs, step, powers);
            if (std::isfinite(loss)) {
                save(plan_.theta, theta);
                if (first) save(step.first, first);
                if (second) save(step.second, second);
            }
            epochs.steps += steps_;
            epochs.losses.push_back(loss);
            const double now = since(begun);
            epochs.seconds.push_back(now - at);
            at = now;
            if (!std::isfinite(loss)) return;
        } while (int64_t(epochs.losses.size()) < epochs.count && at < epochs.most_seconds);
    }

    // For the forward passes that follow; not while one is under way.
    void load_weights(const T* theta) {
        load(theta, plan_.theta);
        for (Layer<T>& layer : layers_) layer.mask = nullptr;
    }

    // The buffers of one forward pass, of which several may be under way at once: each
    // holds a lease from its beginning to its end.
    class Lease {
      public:
        explicit Lease(Network& network) : network_(network), plan_(network.lend()) {}
        ~Lease() { network_.take_back(plan_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        const Plan<T>& plan() const { return *plan_; }

      private:
        Network& network_;
        Plan<T>* plan_;
    };

    // Raw outputs (n_rows, K) of the weights loaded, a tile of the buffers per thread.
    void forward(const Lease& lease, const Rows<T>& X, int64_t n_rows, T* raw, int n_threads) const {
        Plan<T> plan = lease.plan();  // what follows from X is of this pass alone
        const Layer<T>& last = plan.layers[plan.n_layers - 1];
        look_at(plan, X, n_rows);
        Team team(n_threads);
        n_threads = team.size();
        const int64_t stripe = std::max<int64_t>(1, std::min<int64_t>(tile_rows, rows_ / n_threads));
        auto pass = [&](int thread) {
            for (int64_t at = thread * stripe; at < n_rows; at += n_threads * stripe) {
                const int begin = int(thread * stripe);
                const int end = begin + int(std::min(stripe, n_rows - at));
                gather(X, nullptr, at, end - begin, n_inputs(),
                       plan.inputs + begin * int64_t(plan.ld_inputs), plan.ld_inputs);
                kernels_.forward(plan, begin, end);
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
    static constexpr int64_t tiled_values = 65536;  // of a gradient that tiles may add to
    // Multiplications between two polls: some milliseconds. A longer step is cut in pieces
    // of so many multiplications: some hundredths of a second.
    static constexpr int64_t poll_work = 10'000'000, piece_work = 250'000'000;

    // beta_1^t and beta_2^t, from one step to the next within an epoch.
    struct Powers {
        double beta_1, beta_2, first = 1, second = 1;
        void begin(int64_t t) {
            first = std::pow(beta_1, double(t));
            second = std::pow(beta_2, double(t));
        }
        void next() {
            first *= beta_1;
            second *= beta_2;
        }
    };

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

    typedef std::vector<Block<T>> Blocks;

    T* block(int64_t count) { return block(blocks_, count); }
    static T* block(Blocks& blocks, int64_t count) {
        blocks.emplace_back();
        return blocks.back().get(count);
    }

    void slopes(Layer<T>& layer) {
        if (!layer.slopes) layer.slopes = block(rows_ * int64_t(layer.ld_outputs));
    }

    // Room for what a forward pass writes: [X, 1], and [A, 1] and the slopes of its layers.
    void give_buffers(Plan<T>& plan, Blocks& blocks) const {
        const int d = plan.layers[0].n_in;
        plan.inputs = block(blocks, rows_ * int64_t(plan.ld_inputs));
        for (int64_t r = 0; r < rows_; ++r) plan.inputs[r * plan.ld_inputs + d] = 1;
        for (int l = 0; l < plan.n_layers; ++l) {
            Layer<T>& layer = plan.layers[l];
            const int64_t count = rows_ * int64_t(layer.ld_outputs);
            layer.outputs = block(blocks, count);
            layer.slopes = nullptr;
            if (l + 1 == plan.n_layers) break;
            if (own_slopes(layer.activation)) layer.slopes = block(blocks, count);
            for (int64_t r = 0; r < rows_; ++r) layer.outputs[r * layer.ld_outputs + layer.n_out] = 1;
        }
    }

    // Buffers for one more forward pass beside others; the weights are those of plan_.
    struct Copy {
        std::vector<Layer<T>> layers;
        Plan<T> plan;
        Blocks blocks;
    };

    Plan<T>* lend() {
        std::lock_guard<std::mutex> lock(mutex_);
        if (idle_.empty()) {
            auto copy = std::make_unique<Copy>(Copy{layers_, plan_, {}});
            copy->plan.layers = copy->layers.data();
            give_buffers(copy->plan, copy->blocks);
            idle_.reserve(copies_.size() + 2);  // to take back allocates nothing
            copies_.push_back(std::move(copy));
            return &copies_.back()->plan;
        }
        Plan<T>* plan = idle_.back();
        idle_.pop_back();
        return plan;
    }
    void take_back(Plan<T>* plan) {
        std::lock_guard<std::mutex> lock(mutex_);
        idle_.push_back(plan);
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

    // Choose how to multiply the inputs: to look for zeros pays where a row has many, and
    // as many products for each.
    static void look_at(Plan<T>& plan, const Rows<T>& X, int64_t n_rows) {
        const Layer<T>& first = plan.layers[0];
        plan.sparse_inputs = first.n_in >= 32 && first.n_out >= 32 && mostly_zero(X, n_rows, first.n_in);
    }

    static double since(std::chrono::steady_clock::time_point begun) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    }

    void transpose_all() {
        for (int l = 0; l < plan_.n_layers; ++l) kernels_.transpose(plan_, l, 0, layers_[l].rows);
    }

    bool has_penalty() const { return plan_.l1 != 0 || plan_.l2 != 0 || plan_.alpha != 0; }

    // Add the penalty's gradient to that of all weights, and measure them.
    void penalize_all(const Batch<T>& batch) {
        if (has_penalty())
            for (size_t i = 0; i < chunks_.size(); ++i) penalize(batch, i);
    }
    void penalize(const Batch<T>& batch, size_t chunk) {
        const Chunk& c = chunks_[chunk];
        sizes_[chunk] = kernels_.penalize(plan_, batch, c.layer, c.begin, c.end);
    }

    // Omega of the weights last measured, chunk by chunk: the same on any thread.
    double penalty(int n_rows) const {
        if (!has_penalty()) return 0;
        double squares = 0, sizes = 0;
        for (const Sizes& chunk : sizes_) {
            squares += chunk.squares;
            sizes += chunk.sizes;
        }
        return 0.5 * (double(plan_.l2) + double(plan_.alpha) / double(n_rows)) * squares +
               double(plan_.l1) * sizes;
    }

    // Steps of one epoch; returns the batches' mean J, NaN if theta is no longer finite.
    double run_epoch(Team& team, const Data<T>& data, const Epochs<T>& epochs, Step<T>& step,
                     Powers& powers) {
        draw_order(order_, epochs.draw, data.n_rows, epochs.batches);
        const int64_t* order = order_.empty() ? nullptr : order_.data();
        const double* rates = epochs.rates + int64_t(epochs.losses.size()) * epochs.epoch_stride;
        double total = 0;
        if (epochs.poll) epochs.poll();
        unpolled_ = steps_ = 0;
        powers.begin(epochs.steps);
        for (int64_t at = 0; at < data.n_rows; at += epochs.batch_rows, rates += epochs.step_stride) {
            const Batch<T> batch = prepare(data, order, at, std::min(at + epochs.batch_rows, data.n_rows));
            draw_masks(batch.n_rows, epochs);
            ++steps_;
            powers.next();
            const double c = std::sqrt(1 - powers.second);
            step.learning_rate = T(*rates);
            step.root_correction = T(c);
            step.rate_correction = T(*rates * c / (1 - powers.first));
            take_step(team, data, order, at, batch, epochs, step);
            // The penalty was measured before the step, as the losses were.
            total += batch.n_rows * penalty(batch.n_rows) + total_loss(data, order, at, batch);
        }
        for (int64_t i = 0; i < plan_.n_stored; ++i)
            if (!std::isfinite(plan_.theta[i])) return std::numeric_limits<double>::quiet_NaN();
        return total / double(data.n_rows);
    }

    // Poll if enough was done. What a step leaves unfinished is never seen: theta is saved
    // at the end of an epoch.
    void worked(const Epochs<T>& epochs, int64_t multiplications) {
        if ((unpolled_ += multiplications) <= poll_work) return;
        unpolled_ = 0;
        if (epochs.poll) epochs.poll();
    }

    // Rows [at, end) of the epoch: their targets and scales.
    Batch<T> prepare(const Data<T>& data, const int64_t* order, int64_t at, int64_t end) {
        const int n = int(end - at), K = n_outputs();
        const T* targets = data.Y + at * K;
        if (order) {
            T* to = targets_.data();
            targets = to;
            if (K == 1)
                for (int r = 0; r < n; ++r) to[r] = data.Y[order[at + r]];
            else
                for (int r = 0; r < n; ++r, to += K) std::copy_n(data.Y + order[at + r] * K, K, to);
        }
        if (data.weights) {
            for (int r = 0; r < n; ++r)
                scales_[r] = data.weights[order ? order[at + r] : at + r] / T(n);
        } else if (equal_rows_ != n) {
            std::fill(scales_.begin(), scales_.begin() + n, T(1.0 / n));
        }
        equal_rows_ = data.weights ? 0 : n;
        return {n, targets, scales_.data(), losses_.data()};
    }

    double total_loss(const Data<T>& data, const int64_t* order, int64_t at, const Batch<T>& batch) const {
        const double* losses = losses_.data();
        if (data.weights) {
            double total = 0;
            for (int r = 0; r < batch.n_rows; ++r)
                total += double(data.weights[order ? order[at + r] : at + r]) * losses[r];
            return total;
        }
        double sums[4] = {};  // four chains of additions, none waits for another
        int r = 0;
        for (; r + 4 <= batch.n_rows; r += 4)
            for (int i = 0; i < 4; ++i) sums[i] += losses[r + i];
        for (; r < batch.n_rows; ++r) sums[0] += losses[r];
        return (sums[0] + sums[2]) + (sums[1] + sums[3]);
    }

    T* inputs(int row) { return plan_.inputs + row * int64_t(plan_.ld_inputs); }

    void draw_masks(int n_rows, const Epochs<T>& epochs) {
        masks_.resize(plan_.n_layers);
        for (int l = 0; l + 1 < plan_.n_layers; ++l) {
            Layer<T>& layer = layers_[l];
            const double p = epochs.dropout.empty() ? 0 : epochs.dropout[l];
            layer.mask = nullptr;
            if (p == 0) continue;
            slopes(layer);
            masks_[l].resize(n_rows * int64_t(layer.n_out));
            const uint64_t bound = uint64_t(p * 18446744073709551616.0);
            for (T& factor : masks_[l])
                factor = epochs.drops->raw() < bound ? T(0) : T(1 / (1 - p));
            layer.mask = masks_[l].data();
        }
    }

    // Gradient of a batch whose rows are [at, at + n) of the order, without penalty, tile by
    // tile: what layers put out is read while it is still in the cache. Each sum runs over
    // the rows in their order, so it has the bits of one pass over all of them. After each
    // tile passed(rows of it) is called.
    template <class F>
    void pass_by_tiles(const Rows<T>& X, const int64_t* order, int64_t at, Batch<T> batch, F passed) {
        const int n_rows = batch.n_rows, K = n_outputs();
        for (int done = 0; done < n_rows; done += tile_rows) {
            batch.n_rows = std::min(tile_rows, n_rows - done);
            gather(X, order, at + done, batch.n_rows, n_inputs(), plan_.inputs, plan_.ld_inputs);
            kernels_.rows(plan_, batch, 0, batch.n_rows);
            for (int l = 0; l < plan_.n_layers; ++l)
                kernels_.gradient(plan_, batch, l, 0, layers_[l].rows, done > 0);
            batch.targets += batch.n_rows * int64_t(K);
            batch.scales += batch.n_rows;
            batch.losses += batch.n_rows;
            for (Layer<T>& layer : layers_)
                if (layer.mask) layer.mask += batch.n_rows * int64_t(layer.n_out);
            passed(batch.n_rows);
        }
    }

    void take_step(Team& team, const Data<T>& data, const int64_t* order, int64_t at,
                   const Batch<T>& batch, const Epochs<T>& epochs, const Step<T>& step) {
        const int n_threads = team.size();
        const bool by_tiles = n_threads == 1 && (batch.n_rows <= tile_rows || plan_.n_stored <= tiled_values);
        const bool at_once = epochs.clip == 0, penalized = has_penalty();
        if (by_tiles) {
            pass_by_tiles(data.X, order, at, batch, [&](int rows) { worked(epochs, rows * n_parameters_); });
        } else {
            in_pieces(batch.n_rows, n_parameters_, n_threads, epochs, [&](int64_t first, int64_t end) {
                team.run([&](int thread) {
                    const int from = int(first + (end - first) * thread / n_threads);
                    const int to = int(first + (end - first) * (thread + 1) / n_threads);
                    gather(data.X, order, at + from, to - from, n_inputs(), inputs(from), plan_.ld_inputs);
                    kernels_.rows(plan_, batch, from, to);
                });
            });
        }
        const int64_t chunk_work = by_tiles ? 0 : chunk_values * int64_t(batch.n_rows);
        if (!by_tiles || at_once)
            in_pieces(chunks_.size(), chunk_work, n_threads, epochs, [&](int64_t first, int64_t end) {
                team.run([&](int thread) {
                    for (int64_t i = first + thread; i < end; i += n_threads) {
                        const Chunk& c = chunks_[i];
                        if (!by_tiles) kernels_.gradient(plan_, batch, c.layer, c.begin, c.end, false);
                        if (!at_once) continue;
                        if (penalized) penalize(batch, i);
                        finish_chunk(step, c);
                    }
                });
            });
        if (at_once) return;
        penalize_all(batch);
        clip(epochs);
        team.run([&](int thread) {
            for (size_t i = thread; i < chunks_.size(); i += n_threads) finish_chunk(step, chunks_[i]);
        });
    }

    // Call work(first, end) until [0, count) is done, and poll in between.
    template <class F>
    void in_pieces(int64_t count, int64_t each, int n_threads, const Epochs<T>& epochs, F work) {
        const int64_t piece = each * count <= piece_work ? count : (piece_work / each / n_threads + 1) * n_threads;
        for (int64_t first = 0; first < count; first += piece) {
            const int64_t end = std::min(first + piece, count);
            work(first, end);
            worked(epochs, each * (end - first));
        }
    }

    void finish_chunk(const Step<T>& step, const Chunk& c) {
        kernels_.update(plan_, step, c.layer, c.begin, c.end);
        kernels_.transpose(plan_, c.layer, c.begin, c.end);
    }

    // Shorten the gradient, all of it or each layer's, to a norm of at most the limit.
    void clip(const Epochs<T>& epochs) {
        const int L = plan_.n_layers;
        if (!epochs.clip_layers) return shorten(0, L, epochs.clip);
        for (int l = 0; l < L; ++l) shorten(l, l + 1, epochs.clip);
    }
    void shorten(int from, int to, double limit) {
        const double factor = shortening(from, to, limit);
        if (factor == 1) return;
        for (int l = from; l < to; ++l) {
            T* G = plan_.gradient + layers_[l].offset;
            for (int64_t i = 0; i < layers_[l].rows * int64_t(layers_[l].ld); ++i) G[i] *= T(factor);
        }
    }

    // limit / norm of the gradient of layers [from, to), also where a square overflows.
    double shortening(int from, int to, double limit) const {
        double squares = 0, largest = 0;
        for (int l = from; l < to; ++l) squares += sum_of_squares(layers_[l], 1);
        const double norm = std::sqrt(squares);
        if (std::isfinite(norm)) return norm > limit ? limit / norm : 1;
        for (int l = from; l < to; ++l)
            each_gradient(layers_[l], [&](double g) { largest = std::fabs(g) <= largest ? largest : std::fabs(g); });
        if (!std::isfinite(largest)) return 1;  // diverged: the step shows it
        squares = 0;
        for (int l = from; l < to; ++l) squares += sum_of_squares(layers_[l], 1 / largest);
        return limit / largest / std::sqrt(squares);
    }

    // The sum of (scale g)^2 over a layer's gradient.
    double sum_of_squares(const Layer<T>& layer, double scale) const {
        double sum = 0;
        each_gradient(layer, [&](double g) { sum += (scale * g) * (scale * g); });
        return sum;
    }

    template <class F> void each_gradient(const Layer<T>& layer, F f) const {
        const T* G = plan_.gradient + layer.offset;
        const int columns = layer.narrow ? layer.n_in + 1 : layer.n_out;
        for (int r = 0; r < layer.rows; ++r)
            for (int c = 0; c < columns; ++c) f(G[r * int64_t(layer.ld) + c]);
    }

    const Kernels<T>& kernels_;
    int64_t rows_, n_parameters_ = 0, steps_ = 0, equal_rows_ = 0, unpolled_ = 0;
    std::vector<T> quantiles_;
    std::vector<Layer<T>> layers_;
    Plan<T> plan_;
    std::vector<Block<T>> blocks_;
    std::vector<Chunk> chunks_;
    std::vector<Sizes> sizes_;  // of each chunk
    std::vector<int64_t> weight_at_, bias_at_, order_;
    std::vector<T> targets_, scales_;
    std::vector<double> losses_;
    std::vector<std::vector<T>> masks_;
    T *first_ = nullptr, *second_ = nullptr;
    std::mutex mutex_;  // of the two below
    std::vector<std::unique_ptr<Copy>> copies_;
    std::vector<Plan<T>*> idle_{&plan_};
};

}  // namespace perceptrons
