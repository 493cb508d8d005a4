// What training does with a network: gradients, batches, steps, clipping.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "network.hpp"

namespace perceptrons {

template <class T>
double Network<T>::value_and_grad(const T* theta, const Data<T>& data,
                                  const std::vector<const T*>& masks, T* gradient) {
    load(theta, plan_.theta);
    plan_.sparse_inputs = skips_zeros(data.X, data.n_rows);
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

template <class T>
void Network<T>::run_epochs(const Data<T>& data, Epochs<T>& epochs, Step<T> step,
                            T* theta, T* first, T* second) {
    load(theta, plan_.theta);
    plan_.sparse_inputs = skips_zeros(data.X, data.n_rows);
    step.first = load_state(first, first_);
    step.second = load_state(second, second_);
    transpose_all();
    if (epochs.held)
        epochs.held->sparse_inputs = skips_zeros(epochs.held->X, epochs.held->n_rows);
    Team team(epochs.n_threads);
    Powers powers{step.settings.beta_1, step.settings.beta_2};
    const auto begun = std::chrono::steady_clock::now();
    double at = 0;
    do {
        const double loss = run_epoch(team, data, epochs, step, powers);
        Seen seen;
        if (std::isfinite(loss)) {
            if (epochs.held) seen = look(team, epochs, *epochs.held);
            save(plan_.theta, theta);
            if (first) save(step.first, first);
            if (second) save(step.second, second);
        }
        epochs.steps += steps_;
        epochs.losses.push_back(loss);
        epochs.validation_losses.push_back(seen.loss);
        epochs.scores.push_back(seen.score);
        const double now = since(begun);
        epochs.seconds.push_back(now - at);
        at = now;
        if (!std::isfinite(loss)) return;
    } while (int64_t(epochs.losses.size()) < epochs.count && at < epochs.most_seconds);
}

template <class T>
double Network<T>::run_epoch(Team& team, const Data<T>& data, const Epochs<T>& epochs,
                             Step<T>& step, Powers& powers) {
    draw_order(order_, epochs.draw, data.n_rows, epochs.batches);
    const int64_t* order = order_.empty() ? nullptr : order_.data();
    const double* rates =
        epochs.rates + int64_t(epochs.losses.size()) * epochs.epoch_stride;
    double total = 0;
    if (epochs.poll) epochs.poll();
    unpolled_ = steps_ = 0;
    powers.begin(epochs.steps);
    for (int64_t at = 0; at < data.n_rows;
         at += epochs.batch_rows, rates += epochs.step_stride) {
        const Batch<T> batch =
            prepare(data, order, at, std::min(at + epochs.batch_rows, data.n_rows));
        draw_masks(batch.n_rows, epochs);
        ++steps_;
        powers.next();
        const double c = std::sqrt(1 - powers.second);
        step.learning_rate = T(*rates);
        step.root_correction = T(c);
        step.rate_correction = T(*rates * c / (1 - powers.first));
        take_step(team, data, order, at, batch, epochs, step);
        // The penalty was measured before the step, as the losses were.
        total +=
            batch.n_rows * penalty(batch.n_rows) + total_loss(data, order, at, batch);
    }
    for (int64_t i = 0; i < plan_.n_stored; ++i)
        if (!std::isfinite(plan_.theta[i]))
            return std::numeric_limits<double>::quiet_NaN();
    return total / double(data.n_rows);
}

template <class T>
Seen Network<T>::look(Team& team, const Epochs<T>& epochs, Held<T>& held) {
    const bool sparse_inputs = plan_.sparse_inputs;
    plan_.sparse_inputs = held.sparse_inputs;
    for (Layer<T>& layer : layers_) layer.mask = nullptr;
    const Layer<T>& last = layers_.back();
    Judgement<T> judgement(held, n_outputs());
    const int n_threads = team.size();
    const int64_t block = std::min<int64_t>(rows_, tile_rows * n_threads);
    for (int64_t at = 0; at < held.n_rows; at += block) {
        const int n = int(std::min(block, held.n_rows - at));
        const Batch<T> batch{n, held.Y + at * n_outputs(), scales_.data(),
                             losses_.data()};
        team.run([&](int thread) {
            const int from = n * thread / n_threads, to = n * (thread + 1) / n_threads;
            gather(held.X, nullptr, at + from, to - from, n_inputs(), inputs(from),
                   plan_.ld_inputs);
            kernels_.losses(plan_, batch, from, to);
        });
        judgement.add(at, n, losses_.data(), last.outputs, last.ld_outputs);
        worked(epochs, n * n_parameters_);
    }
    plan_.sparse_inputs = sparse_inputs;
    const Seen seen{judgement.loss(), judgement.score()};
    if (seen.score > held.best) {
        held.best = seen.score;
        if (held.kept) save(plan_.theta, held.kept);
    }
    return seen;
}

template <class T>
Batch<T> Network<T>::prepare(const Data<T>& data, const int64_t* order, int64_t at,
                             int64_t end) {
    const int n = int(end - at), K = n_outputs();
    const T* targets = data.Y + at * K;
    if (order) {
        T* to = targets_.data();
        targets = to;
        if (K == 1)
            for (int r = 0; r < n; ++r) to[r] = data.Y[order[at + r]];
        else
            for (int r = 0; r < n; ++r, to += K)
                std::copy_n(data.Y + order[at + r] * K, K, to);
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

template <class T>
double Network<T>::total_loss(const Data<T>& data, const int64_t* order, int64_t at,
                              const Batch<T>& batch) const {
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

template <class T> void Network<T>::draw_masks(int n_rows, const Epochs<T>& epochs) {
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

template <class T>
template <class F>
void Network<T>::pass_by_tiles(const Rows<T>& X, const int64_t* order, int64_t at,
                               Batch<T> batch, F passed) {
    const int n_rows = batch.n_rows, K = n_outputs();
    for (int done = 0; done < n_rows; done += tile_rows) {
        batch.n_rows = std::min(tile_rows, n_rows - done);
        gather(X, order, at + done, batch.n_rows, n_inputs(), plan_.inputs,
               plan_.ld_inputs);
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

template <class T>
void Network<T>::take_step(Team& team, const Data<T>& data, const int64_t* order,
                           int64_t at, const Batch<T>& batch, const Epochs<T>& epochs,
                           const Step<T>& step) {
    const int n_threads = team.size();
    const bool by_tiles =
        n_threads == 1 && (batch.n_rows <= tile_rows || plan_.n_stored <= tiled_values);
    const bool at_once = epochs.clip == 0, penalized = has_penalty();
    if (by_tiles) {
        pass_by_tiles(data.X, order, at, batch,
                      [&](int rows) { worked(epochs, rows * n_parameters_); });
    } else {
        in_pieces(batch.n_rows, n_parameters_, n_threads, epochs,
                  [&](int64_t first, int64_t end) {
                      team.run([&](int thread) {
                          const int from =
                              int(first + (end - first) * thread / n_threads);
                          const int to =
                              int(first + (end - first) * (thread + 1) / n_threads);
                          gather(data.X, order, at + from, to - from, n_inputs(),
                                 inputs(from), plan_.ld_inputs);
                          kernels_.rows(plan_, batch, from, to);
                      });
                  });
    }
    const int64_t chunk_work = by_tiles ? 0 : chunk_values * int64_t(batch.n_rows);
    if (!by_tiles || at_once)
        in_pieces(chunks_.size(), chunk_work, n_threads, epochs,
                  [&](int64_t first, int64_t end) {
                      team.run([&](int thread) {
                          for (int64_t i = first + thread; i < end; i += n_threads) {
                              const Chunk& c = chunks_[i];
                              if (!by_tiles)
                                  kernels_.gradient(plan_, batch, c.layer, c.begin,
                                                    c.end, false);
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
        for (size_t i = thread; i < chunks_.size(); i += n_threads)
            finish_chunk(step, chunks_[i]);
    });
}

template <class T>
template <class F>
void Network<T>::in_pieces(int64_t count, int64_t each, int n_threads,
                           const Epochs<T>& epochs, F work) {
    const int64_t piece = each * count <= piece_work
                              ? count
                              : (piece_work / each / n_threads + 1) * n_threads;
    for (int64_t first = 0; first < count; first += piece) {
        const int64_t end = std::min(first + piece, count);
        work(first, end);
        worked(epochs, each * (end - first));
    }
}

template <class T> void Network<T>::shorten(int from, int to, double limit) {
    const auto [unit, length] = norm(from, to);
    const double factor = limit / unit / length;
    if (!(factor < 1)) return;  // short enough, or diverged: the step shows it
    const auto multiply = [&](T by) {
        for (int l = from; l < to; ++l) {
            T* G = plan_.gradient + layers_[l].offset;
            for (int64_t i = 0; i < layers_[l].rows * int64_t(layers_[l].ld); ++i)
                G[i] *= by;
        }
    };
    if (factor >= std::numeric_limits<T>::min()) return multiply(T(factor));
    // A factor that T holds with few digits, or as 0, is multiplied in halves.
    const T root = T(std::sqrt(limit) / std::sqrt(unit) / std::sqrt(length));
    multiply(root);
    multiply(root);
}

template <class T> std::pair<double, double> Network<T>::norm(int from, int to) const {
    double squares = 0, largest = 0;
    for (int l = from; l < to; ++l) squares += sum_of_squares(layers_[l], 1);
    if (std::isfinite(squares)) return {1, std::sqrt(squares)};
    for (int l = from; l < to; ++l)
        each_gradient(layers_[l], [&](double g) {
            largest = std::fabs(g) <= largest ? largest : std::fabs(g);
        });
    if (!std::isfinite(largest)) return {1, largest - largest};  // diverged: NaN
    const double unit = largest / 8;  // 1 / unit is a normal number
    squares = 0;
    for (int l = from; l < to; ++l) squares += sum_of_squares(layers_[l], 1 / unit);
    return {unit, std::sqrt(squares)};
}

}  // namespace perceptrons
