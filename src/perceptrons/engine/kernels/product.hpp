// The one matrix product: out = A B, blocked in registers.
//
// A is read element by element through two strides, so that it may be a transpose; B and
// out are rows of whole halves. Each element of out is one sum over the depth, first to
// last: no block size, thread count or vector width changes its bits.
#pragma once
#include <type_traits>

#include "vectors.hpp"

namespace PERCEPTRONS_ISA {

#ifdef __AVX512F__
constexpr int block_rows = 8, block_vectors = 3;  // 24 of 32 registers accumulate
#else
constexpr int block_rows = 6, block_vectors = 1;  // 12 of 16
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

template <class P, int R, int C, class T = typename P::T>
inline void block(Strided<T> A, Rows<const T> B, Rows<T> out, int depth, bool add) {
    typename P::V sums[R][C] = {};
    if (add)
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < C; ++c) sums[r][c] = load<P>(out.at + r * out.ld + c * P::lanes);
    for (int p = 0; p < depth; ++p) {
        typename P::V b[C];
        for (int c = 0; c < C; ++c) b[c] = load<P>(B.at + p * B.ld + c * P::lanes);
        for (int r = 0; r < R; ++r) {
            typename P::V a = all<P>(A.at[r * A.row + p * A.depth]);
            for (int c = 0; c < C; ++c) sums[r][c] += a * b[c];
        }
    }
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) store<P>(out.at + r * out.ld + c * P::lanes, sums[r][c]);
}

template <class P, int C, class T = typename P::T>
inline void panel(Strided<T> A, int rows, Rows<const T> B, Rows<T> out, int depth, bool add) {
    int r = 0;
    auto blocks = [&](auto height) {
        constexpr int R = decltype(height)::value;
        for (; r + R <= rows; r += R)
            block<P, R, C>(Strided<T>{A.at + r * A.row, A.row, A.depth}, B,
                           Rows<T>{out.at + r * out.ld, out.ld}, depth, add);
    };
    blocks(std::integral_constant<int, block_rows>{});
    blocks(std::integral_constant<int, 4>{});
    blocks(std::integral_constant<int, 2>{});
    blocks(std::integral_constant<int, 1>{});
}

// out (rows, columns) = A (rows, depth) B (depth, columns); columns in whole halves.
template <class T>
inline void product(Strided<T> A, int rows, Rows<const T> B, int columns, Rows<T> out, int depth) {
    int c = 0;
    auto panels = [&](auto pack, auto width) {
        using P = decltype(pack);
        constexpr int C = decltype(width)::value;
        for (; c + C * P::lanes <= columns; c += C * P::lanes)
            for (int p = 0; p < depth; p += block_depth)
                panel<P, C>(Strided<T>{A.at + p * A.depth, A.row, A.depth}, rows,
                            Rows<const T>{B.at + p * B.ld + c, B.ld}, Rows<T>{out.at + c, out.ld},
                            depth - p < block_depth ? depth - p : block_depth, p > 0);
    };
    panels(Wide<T>{}, std::integral_constant<int, block_vectors>{});
    if constexpr (block_vectors > 2) panels(Wide<T>{}, std::integral_constant<int, 2>{});
    panels(Wide<T>{}, std::integral_constant<int, 1>{});
    panels(Half<T>{}, std::integral_constant<int, 1>{});
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
