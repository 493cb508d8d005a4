// A team of threads that runs one piece of work after another, in step.
#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace perceptrons {

// Flushes denormal numbers to zero in this thread while it lives: a float32 run without
// it can slow down sevenfold. The processor's mode is restored after.
class FlushDenormals {
  public:
#if defined(__x86_64__)
    FlushDenormals() : mode_(_mm_getcsr()) { _mm_setcsr(mode_ | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(mode_); }

  private:
    unsigned mode_;
#elif defined(__aarch64__)
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(mode_));
        asm volatile("msr fpcr, %0" ::"r"(mode_ | (1ull << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(mode_)); }

  private:
    unsigned long long mode_;
#endif
};

// The caller is thread 0. Waiting threads spin for some microseconds, the length of a
// step of a small network, and sleep after that, so that a busy machine gets its cores.
class Team {
  public:
    // Where the system grants no more threads, the team is smaller: results do not change.
    explicit Team(int n_threads) {
        threads_.reserve(n_threads - 1);
        try {
            for (int t = 1; t < n_threads; ++t) threads_.emplace_back([this, t] { work(t); });
        } catch (const std::system_error&) {
        }
        n_threads_ = int(threads_.size()) + 1;
    }
    ~Team() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stop_ = true;
            turn_.fetch_add(1);
        }
        begin_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    int size() const { return n_threads_; }

    // Call job(thread) on every thread and wait for all.
    template <class F> void run(const F& job) {
        if (n_threads_ == 1) return job(0);
        job_ = std::cref(job);
        running_.store(n_threads_ - 1);
        {
            std::lock_guard<std::mutex> lock(mutex_);
            turn_.fetch_add(1);
        }
        begin_.notify_all();
        job(0);
        for (int i = 0; running_.load(std::memory_order_acquire) != 0; ++i)
            if (i > spins) std::this_thread::yield();
    }

  private:
    static constexpr int spins = 20000;

    void work(int thread) {
        FlushDenormals flush;
        for (long seen = 0;;) {
            for (int i = 0; i < spins && turn_.load(std::memory_order_acquire) == seen; ++i) {
            }
            if (turn_.load(std::memory_order_acquire) == seen) {
                std::unique_lock<std::mutex> lock(mutex_);
                begin_.wait(lock, [&] { return turn_.load() != seen; });
            }
            ++seen;
            if (stop_) return;
            job_(thread);
            running_.fetch_sub(1, std::memory_order_release);
        }
    }

    int n_threads_;
    bool stop_ = false;
    std::atomic<long> turn_{0};
    std::atomic<int> running_{0};
    std::function<void(int)> job_;
    std::mutex mutex_;
    std::condition_variable begin_;
    std::vector<std::thread> threads_;
};

}  // namespace perceptrons
