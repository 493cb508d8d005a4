// What training reads: rows of features and targets, and NumPy's random words.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace perceptrons {

// NumPy's C interface to a bit generator (numpy/random/bitgen.h): the capsule's
// content.
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
    const int32_t* columns = nullptr;  // sparse only
    const int64_t* subset = nullptr;   // the rows that count, in their order; null: all
};

// Training rows; Y (n, K) and weights (of mean 1) contiguous, weights null for ones.
template <class T> struct Data {
    int64_t n_rows;
    Rows<T> X;
    const T* Y;
    const T* weights;
};

enum class Draw { in_order, shuffled, with_replacement };

// The order of an epoch's n rows, from the same words as perceptrons.sampling; empty:
// as they stand.
inline void draw_order(std::vector<int64_t>& order, Draw draw, int64_t n,
                       BitGenerator* words) {
    if (draw == Draw::in_order || (draw == Draw::shuffled && n == 1))
        return order.clear();
    order.resize(n);
    if (draw == Draw::with_replacement) {
        for (int64_t& row : order) row = words->below(n);
        return;
    }
    for (int64_t i = 0; i < n; ++i) order[i] = i;
    for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[words->below(i + 1)]);
}

// Copy rows [at, at + n) of the order, or as they stand, to rows of ld elements.
template <class T>
void gather(const Rows<T>& X, const int64_t* order, int64_t at, int n, int d, T* to,
            int64_t ld) {
    auto each_row = [=](auto copy) __attribute__((always_inline)) {
        for (int r = 0; r < n; ++r) {
            const int64_t row = order ? order[at + r] : at + r;
            copy(X.subset ? X.subset[row] : row, to + r * ld);
        }
    };
    const T* values = X.values;
    const int64_t down = X.row_stride, across = X.column_stride;
    if (X.starts)
        each_row([=](int64_t row, T* to) {
            std::memset(static_cast<void*>(to), 0, d * sizeof(T));
            for (int64_t i = X.starts[row]; i < X.starts[row + 1]; ++i)
                to[X.columns[i]] += values[i];
        });
    else if (d == 1)
        each_row([=](int64_t row, T* to) { *to = values[row * down]; });
    else if (across == 1 && d > 8)
        each_row([=](int64_t row, T* to) {
            std::memcpy(to, values + row * down, d * sizeof(T));
        });
    else
        each_row([=](int64_t row, T* to) {
            for (int c = 0; c < d; ++c) to[c] = values[row * down + c * across];
        });
}

// Whether more than half of the features are zero, judged by some rows.
template <class T> bool mostly_zero(const Rows<T>& X, int64_t n_rows, int d) {
    const int64_t step = n_rows / 32 + 1;
    int64_t zeros = 0, seen = 0;
    std::vector<T> row(d);
    for (int64_t r = 0; r < n_rows; r += step, seen += d) {
        gather(X, nullptr, r, 1, d, row.data(), d);
        for (T x : row) zeros += x == T(0);
    }
    return 2 * zeros > seen;
}

}  // namespace perceptrons
