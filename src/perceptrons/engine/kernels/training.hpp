// What is to be trained and for how long, and what became of it.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "data.hpp"
#include "held.hpp"

namespace perceptrons {

// Epochs asked for, and what became of them.
template <class T> struct Epochs {
    int64_t batch_rows;
    Draw draw;
    BitGenerator* batches;
    int64_t count = 1;  // at most
    const double* rates;
    int64_t epoch_stride, step_stride;  // between the rates, in elements
    double most_seconds =
        std::numeric_limits<double>::infinity();  // no second begins later
    double clip = 0;                              // 0: none
    bool clip_layers = false;
    std::vector<double> dropout;  // one rate per hidden layer, or empty
    BitGenerator* drops = nullptr;
    int n_threads = 1;
    Held<T>* held = nullptr;     // looked at after each epoch
    std::function<void()> poll;  // called now and then; may throw to end training

    std::vector<double> losses, seconds;            // of each finished epoch
    std::vector<double> validation_losses, scores;  // NaN where nothing is looked at
    int64_t steps = 0;                              // of Adam, in and out
};

// What is trained: an activation and its alpha per hidden layer, loss and penalty with
// their settings.
struct Problem {
    std::vector<int> sizes, activations;
    std::vector<double> alphas;
    int loss;
    double delta, label_smoothing;
    std::vector<double> quantiles;
    double l1, l2, alpha;
};

}  // namespace perceptrons
