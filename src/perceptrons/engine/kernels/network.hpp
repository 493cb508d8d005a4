// A network in memory: the stored layout of its parameters, its buffers. What is
// done with it is in epochs.hpp and forward.hpp.
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
#include <utility>
#include <vector>

#include "data.hpp"
#include "memory.hpp"
#include "plan.hpp"
#include "threads.hpp"
#include "training.hpp"

namespace perceptrons {

template <class T> class Network {
  public:
    Network(const Kernels<T>& kernels, const Problem& problem, int64_t rows)
        : kernels_(kernels),
          rows_(rows),
          quantiles_(problem.quantiles.begin(), problem.quantiles.end()) {
        if (rows < 1 || rows > std::numeric_limits<int>::max())
            throw std::invalid_argument("rows of a batch out of range");
        const int L = int(problem.sizes.size()) - 1;
        layers_.resize(L);
        plan_ = {};
        plan_.n_layers = L;
        plan_.layers = layers_.data();
        plan_.loss = Loss(problem.loss);
        plan_.loss_settings = {T(problem.delta), T(problem.label_smoothing),
                               quantiles_.data()};
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

    double value_and_grad(const T* theta, const Data<T>& data,
                          const std::vector<const T*>& masks, T* gradient);

    // Train; after each epoch theta and the rule's state hold its end, unless it
    // diverged (its loss is NaN then, and it is the last) or poll threw.
    void run_epochs(const Data<T>& data, Epochs<T>& epochs, Step<T> step, T* theta,
                    T* first, T* second);

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
    void forward(const Lease& lease, const Rows<T>& X, int64_t n_rows, T* raw,
                 int n_threads) const;

  private:
    static constexpr int narrow_outputs = 2;
    static constexpr int chunk_values =
        8192;  // of gradient and state: stays in the cache
    static constexpr int64_t tiled_values =
        65536;  // of a gradient that tiles may add to
    // Multiplications between two polls: some milliseconds. A longer step is cut in
    // pieces of so many multiplications: some hundredths of a second.
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
    // Whole halves of a vector; one cache line more where rows would share few cache
    // sets.
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

    // Room for what a forward pass writes: [X, 1], and [A, 1] and the slopes of its
    // layers.
    void give_buffers(Plan<T>& plan, Blocks& blocks) const;

    // Buffers for one more forward pass beside others; the weights are those of plan_.
    struct Copy {
        std::vector<Layer<T>> layers;
        Plan<T> plan;
        Blocks blocks;
    };

    Plan<T>* lend();
    void take_back(Plan<T>* plan) {
        std::lock_guard<std::mutex> lock(mutex_);
        idle_.push_back(plan);
    }

    // Between theta as Python has it (all weights, then all biases) and as it is
    // stored.
    template <class F> void each_parameter(F copy) const {
        for (int l = 0; l < plan_.n_layers; ++l) {
            const Layer<T>& layer = layers_[l];
            const int64_t down = layer.narrow ? 1 : layer.ld,
                          across = layer.narrow ? layer.ld : 1;
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

    // How to multiply the inputs: to look for zeros pays where a row has many, and as
    // many products for each.
    bool skips_zeros(const Rows<T>& X, int64_t n_rows) const {
        const Layer<T>& first = layers_[0];
        return first.n_in >= 32 && first.n_out >= 32 &&
               mostly_zero(X, n_rows, first.n_in);
    }

    static double since(std::chrono::steady_clock::time_point begun) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun)
            .count();
    }

    void transpose_all() {
        for (int l = 0; l < plan_.n_layers; ++l)
            kernels_.transpose(plan_, l, 0, layers_[l].rows);
    }

    bool has_penalty() const {
        return plan_.l1 != 0 || plan_.l2 != 0 || plan_.alpha != 0;
    }

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
        return 0.5 * (double(plan_.l2) + double(plan_.alpha) / double(n_rows)) *
                   squares +
               double(plan_.l1) * sizes;
    }

    // Steps of one epoch; returns the batches' mean J, NaN if theta is no longer
    // finite.
    double run_epoch(Team& team, const Data<T>& data, const Epochs<T>& epochs,
                     Step<T>& step, Powers& powers);

    // Look at the rows held out: their loss and score, the best weights to where they
    // are kept.
    Seen look(Team& team, const Epochs<T>& epochs, Held<T>& held);

    // Poll if enough was done. What a step leaves unfinished is never seen: theta is
    // saved at the end of an epoch.
    void worked(const Epochs<T>& epochs, int64_t multiplications) {
        if ((unpolled_ += multiplications) <= poll_work) return;
        unpolled_ = 0;
        if (epochs.poll) epochs.poll();
    }

    // Rows [at, end) of the epoch: their targets and scales.
    Batch<T> prepare(const Data<T>& data, const int64_t* order, int64_t at,
                     int64_t end);

    double total_loss(const Data<T>& data, const int64_t* order, int64_t at,
                      const Batch<T>& batch) const;

    T* inputs(int row) { return plan_.inputs + row * int64_t(plan_.ld_inputs); }

    void draw_masks(int n_rows, const Epochs<T>& epochs);

    // Gradient of a batch whose rows are [at, at + n) of the order, without penalty,
    // tile by tile: what layers put out is read while it is still in the cache. Each
    // sum runs over the rows in their order, so it has the bits of one pass over all of
    // them. After each tile passed(rows of it) is called.
    template <class F>
    void pass_by_tiles(const Rows<T>& X, const int64_t* order, int64_t at,
                       Batch<T> batch, F passed);

    void take_step(Team& team, const Data<T>& data, const int64_t* order, int64_t at,
                   const Batch<T>& batch, const Epochs<T>& epochs, const Step<T>& step);

    // Call work(first, end) until [0, count) is done, and poll in between.
    template <class F>
    void in_pieces(int64_t count, int64_t each, int n_threads, const Epochs<T>& epochs,
                   F work);

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
    void shorten(int from, int to, double limit);

    // The norm of the gradient of layers [from, to) as a unit times a length, also
    // where a square overflows; NaN if diverged.
    std::pair<double, double> norm(int from, int to) const;

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
