// What predictions do with a network: forward passes, several at once.
#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

#include "network.hpp"

namespace perceptrons {

template <class T>
void Network<T>::forward(const Lease& lease, const Rows<T>& X, int64_t n_rows, T* raw,
                         int n_threads) const {
    Plan<T> plan = lease.plan();  // what follows from X is of this pass alone
    const Layer<T>& last = plan.layers[plan.n_layers - 1];
    plan.sparse_inputs = skips_zeros(X, n_rows);
    Team team(n_threads);
    n_threads = team.size();
    const int64_t stripe =
        std::max<int64_t>(1, std::min<int64_t>(tile_rows, rows_ / n_threads));
    auto pass = [&](int thread) {
        for (int64_t at = thread * stripe; at < n_rows; at += n_threads * stripe) {
            const int begin = int(thread * stripe);
            const int end = begin + int(std::min(stripe, n_rows - at));
            gather(X, nullptr, at, end - begin, n_inputs(),
                   plan.inputs + begin * int64_t(plan.ld_inputs), plan.ld_inputs);
            kernels_.forward(plan, begin, end);
            for (int r = begin; r < end; ++r)
                std::memcpy(raw + (at + r - begin) * last.n_out,
                            last.outputs + r * int64_t(last.ld_outputs),
                            last.n_out * sizeof(T));
        }
    };
    team.run(pass);
}

template <class T> void Network<T>::give_buffers(Plan<T>& plan, Blocks& blocks) const {
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
        for (int64_t r = 0; r < rows_; ++r)
            layer.outputs[r * layer.ld_outputs + layer.n_out] = 1;
    }
}

template <class T> Plan<T>* Network<T>::lend() {
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

}  // namespace perceptrons
