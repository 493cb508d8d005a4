// The one matrix product: out = A B, blocked in registers.
//
// A is read element by element through two strides, so that it may be a transpose; B
// and out are rows of whole halves. Each element of out is one sum over the depth,
// first to last: no block size, thread count or vector width changes its bits.
#pragma once
#include <type_traits>

#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

// Wide vectors of a block, at most, and its rows: as many sums as registers hold.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int block_vectors = 3;  // 24 of 32 registers hold sums
constexpr int block_rows(int vectors, bool half) {
    return vectors == 3 && half ? 6 : 8;
}
#elif defined(__AVX__)
constexpr int block_vectors = 3;  // 12 of 16
constexpr int block_rows(int vectors, bool) {
    return vectors == 3 ? 4 : vectors == 2 ? 6 : 8;
}
#else
constexpr int block_vectors =
    2;  // 8 of 16: a product takes a register before it is added
constexpr int block_rows(int vectors, bool) { return vectors == 2 ? 4 : 8; }
#endif

// Depth of B's panel that stays in the first-level cache while rows of A pass it.
constexpr int block_depth = 128;

// Rows that look for zeros together: the more, the fewer depths at which all are zero.
constexpr int sparse_rows = 4;

// Where a matrix is read or written: element (i, p) of A at i * row + p * depth.
template <class T> struct Strided {
    const T* at;
    int64_t row, depth;
};
template <class T> struct Matrix {
    T* at;
    int64_t ld;
};

// Loops over a block are unrolled at once: its sums live in registers from first to
// last.
#define PERCEPTRONS_UNROLL _Pragma("GCC unroll 8")

// The depths that a block adds up, in order: the first ones, or those listed. For each,
// f(column of A, row of B) is called.
struct First {
    int count;
    template <class T, class F>
    __attribute__((always_inline)) void each(Strided<T> A, Matrix<const T> B,
                                             F f) const {
        for (int p = 0; p < count; ++p, A.at += A.depth, B.at += B.ld) f(A.at, B.at);
    }
};
struct Listed {
    int count;
    const int* list;
    template <class T, class F>
    __attribute__((always_inline)) void each(Strided<T> A, Matrix<const T> B,
                                             F f) const {
        for (int i = 0; i < count; ++i)
            f(A.at + list[i] * A.depth, B.at + list[i] * B.ld);
    }
};

// A block of R rows of C wide vectors and, where half is true, one half vector more.
template <class T, int R, int C, bool half, class Depths>
__attribute__((always_inline)) inline void block(Strided<T> A, Matrix<const T> B,
                                                 Matrix<T> out, Depths depths,
                                                 bool add) {
    using W = Wide<T>;
    using H = Half<T>;
    constexpr int rest_at = C * W::lanes;
    typename W::V sums[R][C > 0 ? C : 1];
    typename H::V rest[R];
    PERCEPTRONS_UNROLL
    for (int r = 0; r < R; ++r) {
        const T* row = out.at + r * out.ld;
        PERCEPTRONS_UNROLL
        for (int c = 0; c < C; ++c)
            sums[r][c] = add ? load<W>(row + c * W::lanes) : typename W::V{};
        if constexpr (half) rest[r] = add ? load<H>(row + rest_at) : typename H::V{};
    }
    depths.each(A, B, [&](const T* a, const T* b) __attribute__((always_inline)) {
        typename W::V wide[C > 0 ? C : 1];
        PERCEPTRONS_UNROLL
        for (int c = 0; c < C; ++c) wide[c] = load<W>(b + c * W::lanes);
        PERCEPTRONS_UNROLL
        for (int r = 0; r < R; ++r) {
            const typename W::V factor = all<W>(a[r * A.row]);
            PERCEPTRONS_UNROLL
            for (int c = 0; c < C; ++c) sums[r][c] += factor * wide[c];
            if constexpr (half) rest[r] += low(factor) * load<H>(b + rest_at);
        }
    });
    PERCEPTRONS_UNROLL
    for (int r = 0; r < R; ++r) {
        T* row = out.at + r * out.ld;
        PERCEPTRONS_UNROLL
        for (int c = 0; c < C; ++c) store<W>(row + c * W::lanes, sums[r][c]);
        if constexpr (half) store<H>(row + rest_at, rest[r]);
    }
}

// As many blocks of R rows as there are.
template <class T, int R, int C, bool half>
__attribute__((always_inline)) inline void blocks(Strided<T>& A, int& rows,
                                                  Matrix<const T> B, Matrix<T>& out,
                                                  int depth, bool add) {
    for (; rows >= R; rows -= R, A.at += R * A.row, out.at += R * out.ld)
        block<T, R, C, half>(A, B, out, First{depth}, add);
}

// All rows of one panel of columns.
template <class T, int C, bool half>
__attribute__((noinline)) void panel(Strided<T> A, int rows, Matrix<const T> B,
                                     Matrix<T> out, int depth, bool add) {
    for (; depth > 0; depth -= block_depth, A.at += block_depth * A.depth,
                      B.at += block_depth * B.ld) {
        const int some = depth < block_depth ? depth : block_depth;
        Strided<T> a = A;
        Matrix<T> to = out;
        int left = rows;
        blocks<T, block_rows(C, half), C, half>(a, left, B, to, some, add);
        blocks<T, 4, C, half>(a, left, B, to, some, add);
        blocks<T, 2, C, half>(a, left, B, to, some, add);
        blocks<T, 1, C, half>(a, left, B, to, some, add);
        add = true;
    }
}

// out = A B for a depth of D, one or two: each vector of B is loaded once for all rows.
// The sums are those of product().
template <class T, int D>
inline void shallow_product(Strided<T> A, int rows, Matrix<const T> B, int columns,
                            Matrix<T> out) {
    each_vector<T>(columns, [=](auto pack, int64_t c) {
        using P = decltype(pack);
        typename P::V b[D];
        for (int p = 0; p < D; ++p) b[p] = load<P>(B.at + p * B.ld + c);
        const T* a = A.at;
        T* to = out.at + c;
        for (int r = 0; r < rows; ++r, a += A.row, to += out.ld) {
            typename P::V sum = {};
            for (int p = 0; p < D; ++p) sum += all<P>(a[p * A.depth]) * b[p];
            store<P>(to, sum);
        }
    });
}

// Call f(C, half) for each panel, from the left: C wide vectors and, if so, one half.
template <class T, class F>
__attribute__((always_inline)) inline void each_panel(int columns, F f) {
    constexpr int lanes = Wide<T>::lanes;
    for (; columns >= (block_vectors + 1) * lanes; columns -= block_vectors * lanes)
        f(std::integral_constant<int, block_vectors>{}, std::false_type{});
    const int vectors = columns / lanes;
    const bool half = columns % lanes > 0;
    auto last = [&](auto wanted) {
        if (vectors != decltype(wanted)::value) return;
        if constexpr (Wide<T>::lanes > Half<T>::lanes)
            if (half) return f(wanted, std::true_type{});
        if constexpr (decltype(wanted)::value > 0) f(wanted, std::false_type{});
    };
    if constexpr (Wide<T>::lanes > Half<T>::lanes)
        last(std::integral_constant<int, 0>{});
    last(std::integral_constant<int, 1>{});
    last(std::integral_constant<int, 2>{});
    if constexpr (block_vectors > 2) last(std::integral_constant<int, 3>{});
}

// out (rows, columns) = A (rows, depth) B (depth, columns), or out += it; columns in
// whole halves.
template <class T>
inline void product(Strided<T> A, int rows, Matrix<const T> B, int columns,
                    Matrix<T> out, int depth, bool add = false) {
    if (depth == 1 && !add) return shallow_product<T, 1>(A, rows, B, columns, out);
    if (depth == 2 && !add) return shallow_product<T, 2>(A, rows, B, columns, out);
    each_panel<T>(columns, [&](auto vectors, auto half) __attribute__((always_inline)) {
        constexpr int C = decltype(vectors)::value;
        panel<T, C, decltype(half)::value>(A, rows, B, out, depth, add);
        B.at += C * Wide<T>::lanes;
        out.at += C * Wide<T>::lanes;
    });
}

// The depths p at which element (i, p) of any of R rows is not zero. Down a transpose
// the R elements are neighbors: two words hold four floats.
template <class T, int R>
inline Listed nonzero_depths(Strided<T> A, int depth, int* listed) {
    auto list = [=](auto Word, int words, int64_t stride)
                    __attribute__((always_inline)) {
                        int count = 0;
                        const T* a = A.at;
                        for (int p = 0; p < depth; ++p, a += A.depth) {
                            decltype(Word) any = 0;
                            PERCEPTRONS_UNROLL
                            for (int w = 0; w < words; ++w) {
                                decltype(Word) word;
                                std::memcpy(&word, a + w * stride, sizeof word);
                                any |= word;
                            }
                            listed[count] = p;
                            count += any != 0;
                        }
                        return Listed{count, listed};
                    };
    constexpr int per_word = 8 / sizeof(T);
    if (R % per_word == 0 && A.row == 1)
        return list(uint64_t{}, R / per_word, per_word);
    return list(std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>{}, R, A.row);
}

// The same product where most of A is zero: a few rows at a time pass over the depths
// at which they have nothing. The bits are the same, B being finite: x + 0 b = x.
template <class T>
__attribute__((noinline)) void sparse_product(Strided<T> A, int rows, Matrix<const T> B,
                                              int columns, Matrix<T> out, int depth,
                                              bool add = false) {
    int listed[block_depth];
    for (; depth > 0; depth -= block_depth, A.at += block_depth * A.depth,
                      B.at += block_depth * B.ld) {
        const int some = depth < block_depth ? depth : block_depth;
        Strided<T> a = A;
        Matrix<T> to = out;
        auto together = [&](auto count) {
            constexpr int R = decltype(count)::value;
            const Listed depths = nonzero_depths<T, R>(a, some, listed);
            Matrix<const T> b = B;
            Matrix<T> across = to;
            each_panel<T>(columns, [&](auto vectors, auto half) {
                constexpr int C = decltype(vectors)::value;
                block<T, R, C, decltype(half)::value>(a, b, across, depths, add);
                b.at += C * Wide<T>::lanes;
                across.at += C * Wide<T>::lanes;
            });
            a.at += R * a.row;
            to.at += R * to.ld;
        };
        int left = rows;
        for (; left >= sparse_rows; left -= sparse_rows)
            together(std::integral_constant<int, sparse_rows>{});
        for (; left > 0; --left) together(std::integral_constant<int, 1>{});
        add = true;
    }
}

// out[r] = the inner product of row r of A and w, for all rows; columns in whole
// halves. Four rows at a time: their last sums are taken together.
template <class T>
__attribute__((always_inline)) inline void inner_products_of(const T* A, int64_t lda,
                                                             int rows, const T* w,
                                                             int columns, T* out,
                                                             int64_t ld) {
    auto quarter = [=](const T* a) __attribute__((always_inline)) {
        using W = Wide<T>;
        typename W::V wide[line<T> / W::lanes] = {};
        typename Half<T>::V rest = {};
        int c = 0;
        for (; c + line<T> <= columns; c += line<T>) PERCEPTRONS_UNROLL
        for (int i = 0; i < line<T> / W::lanes; ++i)
            wide[i] += load<W>(a + c + i * W::lanes) * load<W>(w + c + i * W::lanes);
        if (c < columns) rest += load<Half<T>>(a + c) * load<Half<T>>(w + c);
        return sum_to_four<T>(wide, rest);
    };
    int r = 0;
    for (; r + 4 <= rows; r += 4, A += 4 * lda, out += 4 * ld) {
        const auto sums = sum_four(quarter(A), quarter(A + lda), quarter(A + 2 * lda),
                                   quarter(A + 3 * lda));
        for (int i = 0; i < 4; ++i) out[i * ld] = sums[i];
    }
    for (; r < rows; ++r, A += lda, out += ld) {
        const auto four = quarter(A);
        *out = sum_four(four, four, four, four)[0];
    }
}

template <class T>
inline void inner_products(const T* A, int64_t lda, int rows, const T* w, int columns,
                           T* out, int64_t ld) {
    if (columns == line<T>)
        inner_products_of(A, lda, rows, w, line<T>, out, ld);  // no loop over columns
    else
        inner_products_of(A, lda, rows, w, columns, out, ld);
}

// out (rows, columns) = A B, or out += it, for at most two rows of at most one line:
// four sums of every fourth product, added at the end, since a single sum would wait
// for each of its additions.
template <class T>
inline void thin_product(Strided<T> A, int rows, Matrix<const T> B, int columns,
                         Matrix<T> out, int depth, bool add) {
    for (int r = 0; r < rows; ++r)
        each_vector<T>(columns, [=](auto pack, int64_t c) {
            using P = decltype(pack);
            typename P::V sums[4] = {};
            const T *a = A.at + r * A.row, *b = B.at + c;
            int p = 0;
            for (; p + 4 <= depth; p += 4, a += 4 * A.depth, b += 4 * B.ld)
                PERCEPTRONS_UNROLL
            for (int i = 0; i < 4; ++i)
                sums[i] += all<P>(a[i * A.depth]) * load<P>(b + i * B.ld);
            for (; p < depth; ++p, a += A.depth, b += B.ld)
                sums[0] += all<P>(*a) * load<P>(b);
            const typename P::V sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
            T* to = out.at + r * out.ld + c;
            store<P>(to, add ? load<P>(to) + sum : sum);
        });
}

}  // namespace PERCEPTRONS_ISA
