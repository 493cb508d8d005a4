// The one matrix product: out = A B, blocked in registers.
//
// A is read element by element through two strides, so that it may be a transpose; B and
// out are rows of whole halves. Each element of out is one sum over the depth, first to
// last: no block size, thread count or vector width changes its bits.
#pragma once
#include <type_traits>

#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

// Wide vectors of a block, at most, and its rows: as many sums as registers hold.
#ifdef __AVX512F__
constexpr int block_vectors = 3;  // 24 of 32 registers hold sums
constexpr int block_rows(int vectors, bool half) { return vectors == 3 && half ? 6 : 8; }
#else
constexpr int block_vectors = 1;  // 12 of 16, a wide vector being two
constexpr int block_rows(int vectors, bool half) { return vectors == 0 ? 8 : half ? 4 : 6; }
#endif

// Depth of B's panel that stays in the first-level cache while rows of A pass it.
constexpr int block_depth = 128;

// Where a matrix is read or written: element (i, p) of A at i * row + p * depth.
template <class T> struct Strided {
    const T* at;
    long row, depth;
};
template <class T> struct Rows {
    T* at;
    long ld;
};

// Loops over a block are unrolled at once: its sums live in registers from first to last.
#define PERCEPTRONS_UNROLL _Pragma("GCC unroll 8")

// A block of R rows of C wide vectors and, where half is true, one half vector more.
template <class T, int R, int C, bool half>
__attribute__((always_inline)) inline void block(Strided<T> A, Rows<const T> B, Rows<T> out, int depth, bool add) {
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
    const T *a = A.at, *b = B.at;
    for (int p = 0; p < depth; ++p, a += A.depth, b += B.ld) {
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
    }
    PERCEPTRONS_UNROLL
    for (int r = 0; r < R; ++r) {
        T* row = out.at + r * out.ld;
        PERCEPTRONS_UNROLL
        for (int c = 0; c < C; ++c) store<W>(row + c * W::lanes, sums[r][c]);
        if constexpr (half) store<H>(row + rest_at, rest[r]);
    }
}

// All rows of one panel of columns.
template <class T, int C, bool half>
__attribute__((noinline)) void panel(Strided<T> A, int rows, Rows<const T> B, Rows<T> out, int depth) {
    for (int p = 0; p < depth; p += block_depth) {
        const int some = depth - p < block_depth ? depth - p : block_depth;
        int r = 0;
        auto blocks = [&](auto height) {
            constexpr int R = decltype(height)::value;
            for (; r + R <= rows; r += R)
                block<T, R, C, half>({A.at + r * A.row + p * A.depth, A.row, A.depth},
                                     {B.at + p * B.ld, B.ld}, {out.at + r * out.ld, out.ld}, some,
                                     p > 0);
        };
        blocks(std::integral_constant<int, block_rows(C, half)>{});
        blocks(std::integral_constant<int, 4>{});
        blocks(std::integral_constant<int, 2>{});
        blocks(std::integral_constant<int, 1>{});
    }
}

// out (rows, columns) = A (rows, depth) B (depth, columns); columns in whole halves.
template <class T>
inline void product(Strided<T> A, int rows, Rows<const T> B, int columns, Rows<T> out, int depth) {
    constexpr int lanes = Wide<T>::lanes;
    auto walk = [&](auto vectors, auto half) {
        constexpr int C = decltype(vectors)::value;
        panel<T, C, decltype(half)::value>(A, rows, B, out, depth);
        B.at += C * lanes;
        out.at += C * lanes;
    };
    for (; columns >= (block_vectors + 1) * lanes; columns -= block_vectors * lanes)
        walk(std::integral_constant<int, block_vectors>{}, std::false_type{});
    const int vectors = columns / lanes;
    const bool half = columns % lanes > 0;
    auto last = [&](auto wanted) {
        if (vectors != decltype(wanted)::value) return;
        if (half)
            walk(wanted, std::true_type{});
        else if constexpr (decltype(wanted)::value > 0)
            walk(wanted, std::false_type{});
    };
    last(std::integral_constant<int, 0>{});
    last(std::integral_constant<int, 1>{});
    if constexpr (block_vectors > 1) {
        last(std::integral_constant<int, 2>{});
        last(std::integral_constant<int, 3>{});
    }
}

// The inner product of two rows of whole halves.
template <class T> inline T dot(const T* a, const T* b, int columns) {
    typename Wide<T>::V wide = {};
    typename Half<T>::V rest = {};
    int c = 0;
    for (; c + Wide<T>::lanes <= columns; c += Wide<T>::lanes)
        wide += load<Wide<T>>(a + c) * load<Wide<T>>(b + c);
    if (c < columns) rest = load<Half<T>>(a + c) * load<Half<T>>(b + c);
    return sum(wide, rest);
}

}  // namespace PERCEPTRONS_ISA
