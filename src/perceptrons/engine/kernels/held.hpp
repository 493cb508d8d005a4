// Rows held out: their loss and score after an epoch, the twins of
// perceptrons/scores.py, and the weights of the best one.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "data.hpp"
#include "plan.hpp"

namespace perceptrons {

// How rows are scored.
struct Scoring {
    Score score;
    double least = 0;  // mean loss of the best constant
    bool exact = false, by_sign = false;
    std::vector<double> totals;  // sum of squares about the mean of each output
};

// Rows to look at after each epoch.
template <class T> struct Held {
    int64_t n_rows;
    Rows<T> X;
    const T* Y;             // (n_rows, K)
    const double* weights;  // null for ones
    Scoring scoring;
    double best;  // the best score so far
    T* kept;      // where the weights of a better one go, or null
    bool sparse_inputs = false;
};

// What was seen of them.
struct Seen {
    double loss = std::numeric_limits<double>::quiet_NaN(), score = loss;
};

// Sums over the rows held out, one after another: the same for any number of threads.
template <class T> class Judgement {
  public:
    Judgement(const Held<T>& held, int n_outputs)
        : held_(held), n_outputs_(n_outputs), lost_(n_outputs) {}

    // Rows [at, at + n): their losses and raw outputs, rows of ld elements.
    void add(int64_t at, int n, const double* losses, const T* raw, int64_t ld) {
        for (int r = 0; r < n; ++r, raw += ld) {
            const T* y = held_.Y + (at + r) * n_outputs_;
            const double w = held_.weights ? held_.weights[at + r] : 1;
            weight_ += w;
            loss_ += w * losses[r];
            for (int k = 0; k < n_outputs_; ++k) finite_ &= std::isfinite(raw[k]);
            if (held_.scoring.score == R_SQUARED) add_squares(w, y, raw);
            if (held_.scoring.score == ACCURACY) right_ += right(y, raw) ? w : 0;
        }
    }
    double loss() const { return loss_ / weight_; }
    double score() const {
        const Scoring& scoring = held_.scoring;
        if (scoring.score == MINUS_LOSS) return -loss();
        if (scoring.score == EXPLAINED && scoring.exact) return loss() <= scoring.least;
        if (scoring.score == EXPLAINED) return 1 - loss() / scoring.least;
        if (!finite_) return std::numeric_limits<double>::quiet_NaN();
        return scoring.score == ACCURACY ? right_ / weight_ : r_squared();
    }

  private:
    void add_squares(double w, const T* y, const T* raw) {
        for (int k = 0; k < n_outputs_; ++k) {
            const double residual = double(y[k]) - double(raw[k]);
            lost_[k] += w * (residual * residual);
        }
    }
    bool right(const T* y, const T* raw) const {
        int first = 0, largest = 0;
        for (int k = 0; k < n_outputs_; ++k) {
            if (held_.scoring.by_sign && (raw[k] > 0) != (y[k] > T(0.5))) return false;
            if (y[k] > y[first]) first = k;
            if (raw[k] > raw[largest]) largest = k;
        }
        return held_.scoring.by_sign || first == largest;
    }
    double r_squared() const {
        double sum = 0;
        for (int k = 0; k < n_outputs_; ++k) {
            const double total = held_.scoring.totals[k];
            sum += total == 0 ? double(lost_[k] == 0) : 1 - lost_[k] / total;
        }
        return sum / n_outputs_;
    }

    const Held<T>& held_;
    int n_outputs_;
    bool finite_ = true;
    double weight_ = 0, loss_ = 0, right_ = 0;
    std::vector<double> lost_;
};

}  // namespace perceptrons
