// Memory for the kernels' vectors.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

namespace perceptrons {

// Memory aligned to a cache line, zero at first.
template <class T> class Block {
  public:
    T* get(int64_t count) {
        if (count < 0 || count > std::numeric_limits<int64_t>::max() / 64)
            throw std::bad_alloc();
        const size_t bytes = (size_t(count) * sizeof(T) + 63) / 64 * 64;
        memory_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t(64))));
        std::memset(static_cast<void*>(memory_.get()), 0, bytes);
        return memory_.get();
    }

  private:
    struct Free {
        void operator()(T* p) const { ::operator delete(p, std::align_val_t(64)); }
    };
    std::unique_ptr<T, Free> memory_;
};

}  // namespace perceptrons
