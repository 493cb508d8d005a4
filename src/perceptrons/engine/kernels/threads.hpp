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
// it can slow down sevenfold. The processor's mode is restored after, and meanwhile for
// what is not ours.
class FlushDenormals {
  public:
    FlushDenormals() : before_(mode()) { set_mode(before_ | flush); }
    ~FlushDenormals() { set_mode(before_); }
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

    // Call f in the mode there was before, which it may change.
    template <class F> void without(F f) {
        set_mode(before_);
        struct Again {
            FlushDenormals& self;
            ~Again() {
                self.before_ = mode();
                set_mode(self.before_ | flush);
            }
        } again{*this};
        f();
    }

  private:
#if defined(__x86_64__)
    typedef unsigned Mode;
    static constexpr Mode flush = 0x8040;
    static Mode mode() { return _mm_getcsr(); }
    static void set_mode(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
    typedef uint64_t Mode;
    static constexpr Mode flush = 1ull << 24;
    static Mode mode() {
        Mode mode;
        asm volatile("mrs %0, fpcr" : "=r"(mode));
        return mode;
    }
    static void set_mode(Mode mode) { asm volatile("msr fpcr, %0" ::"r"(mode)); }
#else
    typedef int Mode;
    static constexpr Mode flush = 0;
    static Mode mode() { return 0; }
    static void set_mode(Mode) {}
#endif
    Mode before_;
};

// The caller is thread 0. Waiting threads spin for some microseconds, the length of a
// step of a small network, and sleep after that, so that a busy machine gets its cores.
class Team {
  public:
    // Where the system grants no more threads, the team is smaller: results do not
    // change.
    explicit Team(int n_threads) {
        threads_.reserve(n_threads - 1);
        try {
            for (int t = 1; t < n_threads; ++t)
                threads_.emplace_back([this, t] { work(t); });
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
        for (int64_t seen = 0;;) {
            for (int i = 0; i < spins && turn_.load(std::memory_order_acquire) == seen;
                 ++i) {
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
    std::atomic<int64_t> turn_{0};
    std::atomic<int> running_{0};
    std::function<void(int)> job_;
    std::mutex mutex_;
    std::condition_variable begin_;
    std::vector<std::thread> threads_;
};

}  // namespace perceptrons
