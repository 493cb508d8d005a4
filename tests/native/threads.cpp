// Drives the engine's networks by several threads at once, for the thread sanitizer.
//
// Built and run by scripts/sanitize: every rule, with clipping, dropout, weights and
// rows held out, by teams of 1 to 4 threads that must agree bit for bit; then many
// networks side by side, and many predictions of one network at once.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "epochs.hpp"
#include "forward.hpp"

extern const perceptrons::Backend PERCEPTRONS_BACKEND;

namespace {

using namespace perceptrons;

// Splitmix64 behind NumPy's interface.
uint64_t next_raw(void* state) {
    uint64_t z = (*static_cast<uint64_t*>(state) += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

double uniform(uint64_t& state) {
    return double(next_raw(&state) >> 11) / 9007199254740992.0 - 0.5;
}

template <class T> const Kernels<T>& kernels();
template <> const Kernels<float>& kernels() { return PERCEPTRONS_BACKEND.single; }
template <> const Kernels<double>& kernels() { return PERCEPTRONS_BACKEND.twice; }

// Train two epochs and predict; return theta and the raw outputs.
template <class T>
std::vector<T> train(int rule, bool clip, bool dropout, int n_threads) {
    const int n_rows = 150, batch = 64, d = 5, K = 3;
    const Problem problem{{d, 130, 33, K}, {2, 7}, {0, 0}, 0, 0, 0, {}, 0, 1e-3, 0};
    Network<T> network(kernels<T>(), problem, batch);
    uint64_t seed = 1;
    std::vector<T> theta(network.n_parameters()), X(n_rows * d), Y(n_rows * K),
        weights(n_rows);
    for (auto* values : {&theta, &X, &Y})
        for (T& value : *values) value = T(uniform(seed));
    for (T& weight : weights) weight = T(uniform(seed) + 0.6);
    std::vector<T> first(theta.size()), second(theta.size());
    Rows<T> rows;
    rows.values = X.data();
    rows.row_stride = d;
    rows.column_stride = 1;
    Data<T> data{n_rows, rows, Y.data(), weights.data()};
    uint64_t order = 2, drops = 3;
    BitGenerator batches{&order, next_raw, nullptr, nullptr, next_raw};
    BitGenerator dropped{&drops, next_raw, nullptr, nullptr, next_raw};
    const double rates[] = {0.01, 0.01, 0.01};
    Epochs<T> epoch;
    epoch.batch_rows = batch;
    epoch.draw = Draw::shuffled;
    epoch.batches = &batches;
    epoch.count = 2;
    epoch.rates = rates;
    epoch.epoch_stride = 0;
    epoch.step_stride = 1;
    epoch.clip = clip ? 0.1 : 0;
    epoch.clip_layers = true;
    if (dropout) epoch.dropout = {0.2, 0.0};
    epoch.drops = &dropped;
    epoch.n_threads = n_threads;
    Held<T> held{n_rows, rows, Y.data(), nullptr, {R_SQUARED}, -1e300};
    held.scoring.totals = {10, 10, 10};
    std::vector<T> kept(theta.size());
    held.kept = kept.data();
    epoch.held = &held;
    Step<T> step{};
    step.rule = Rule(rule);
    step.settings = {0.9, 1, 1e-8, 0.9, 0.9, 0.99, 0.01};
    FlushDenormals flush;
    network.run_epochs(data, epoch, step, theta.data(), first.data(), second.data());
    std::vector<T> raw(n_rows * K);
    network.load_weights(theta.data());
    network.forward(typename Network<T>::Lease(network), rows, n_rows, raw.data(),
                    n_threads);
    theta.insert(theta.end(), raw.begin(), raw.end());
    theta.insert(theta.end(), kept.begin(), kept.end());
    for (double score : epoch.scores) theta.push_back(T(score));
    return theta;
}

template <class T> int compare(const char* name) {
    int failures = 0;
    for (int rule = 0; rule < 6; ++rule)
        for (int how = 0; how < 4; ++how) {
            const bool clip = how & 1, dropout = how & 2;
            const std::vector<T> expected = train<T>(rule, clip, dropout, 1);
            for (int n_threads = 2; n_threads <= 4; ++n_threads) {
                const std::vector<T> got = train<T>(rule, clip, dropout, n_threads);
                if (std::memcmp(got.data(), expected.data(), got.size() * sizeof(T)) ==
                    0)
                    continue;
                std::printf("%s: rule %d differs on %d threads\n", name, rule,
                            n_threads);
                ++failures;
            }
            std::vector<std::vector<T>> beside(3);
            std::vector<std::thread> threads;
            for (auto& result : beside)
                threads.emplace_back(
                    [&] { result = train<T>(rule, clip, dropout, 2); });
            for (std::thread& thread : threads) thread.join();
            for (const auto& result : beside)
                if (std::memcmp(result.data(), expected.data(),
                                result.size() * sizeof(T)) != 0) {
                    std::printf("%s: rule %d differs beside others\n", name, rule);
                    ++failures;
                }
        }
    return failures;
}

// Several threads predict by one network, each its own rows, again and again.
template <class T> int predict_at_once(const char* name) {
    const int n_threads = 8, n_rows = 60, d = 5, K = 3;
    const Problem problem{{d, 70, 33, K}, {2, 7}, {0, 0}, 0, 0, 0, {}, 0, 0, 0};
    Network<T> network(kernels<T>(), problem, 40);
    uint64_t seed = 4;
    std::vector<T> theta(network.n_parameters()), X(n_threads * n_rows * d);
    for (auto* values : {&theta, &X})
        for (T& value : *values) value = T(uniform(seed));
    network.load_weights(theta.data());
    auto predict = [&](int piece, int team) {
        std::vector<T> raw(n_rows * K);
        Rows<T> rows;
        rows.values = X.data() + piece * n_rows * d;
        rows.row_stride = d;
        rows.column_stride = 1;
        network.forward(typename Network<T>::Lease(network), rows, n_rows, raw.data(),
                        team);
        return raw;
    };
    std::vector<std::vector<T>> expected;
    for (int piece = 0; piece < n_threads; ++piece)
        expected.push_back(predict(piece, 1));
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int piece = 0; piece < n_threads; ++piece)
        threads.emplace_back([&, piece] {
            for (int turn = 0; turn < 50; ++turn)
                if (predict(piece, 1 + turn % 2) != expected[piece]) ++failures;
        });
    for (std::thread& thread : threads) thread.join();
    if (failures > 0)
        std::printf("%s: %d predictions at once differ\n", name, failures.load());
    return failures;
}

template <class T> int check(const char* name) {
    return compare<T>(name) + predict_at_once<T>(name);
}

}  // namespace

int main() { return check<float>("float32") + check<double>("float64") == 0 ? 0 : 1; }
