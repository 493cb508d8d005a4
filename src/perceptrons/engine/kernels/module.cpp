// The Python face of the engine: networks of one dtype on one instruction set.
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asked.hpp"
#include "codes.hpp"
#include "epochs.hpp"
#include "forward.hpp"

using namespace perceptrons;

extern const Backend backend_portable;
#ifdef PERCEPTRONS_X86
extern const Backend backend_avx2;
extern const Backend backend_avx512;
#endif

namespace {

std::atomic<bool> interrupted{false};

std::vector<const Backend*> supported() {
    std::vector<const Backend*> backends;
#ifdef PERCEPTRONS_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        backends.push_back(&backend_avx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2"))
        backends.push_back(&backend_avx2);
#endif
    backends.push_back(&backend_portable);
    return backends;
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Backend* backend : supported()) names.emplace_back(backend->name);
    return names;
}

const Backend& find(const std::string& name) {
    for (const Backend* backend : supported())
        if (name == backend->name) return *backend;
    throw std::invalid_argument("instruction set " + name +
                                " is not supported by this processor");
}

// Multiplications of a prediction, some tens of microseconds, from which other threads
// of Python may run meanwhile: to hand over its lock and take it back is not free.
constexpr int64_t released_work = 1'000'000;

template <class T> const Kernels<T>& kernels_of(const Backend& backend);
template <> const Kernels<float>& kernels_of(const Backend& backend) {
    return backend.single;
}
template <> const Kernels<double>& kernels_of(const Backend& backend) {
    return backend.twice;
}

template <class T>
void bind(nb::module_& m, const char* network, const char* features) {
    typedef Network<T> N;
    typedef Features<T> F;

    nb::class_<F>(m, features)
        .def("__init__",
             [](F* self, Matrix<T> X) {
                 require_aligned<T>({X.data()});
                 new (self)
                     F{X, {}, {}, {}, {}, int64_t(X.shape(0)), int64_t(X.shape(1))};
             })
        .def("__init__",
             [](F* self, Read<T> values, Read<int64_t> starts, Read<int32_t> columns,
                int64_t n_columns) {
                 require_aligned<T>({values.data()});
                 require_aligned<int64_t>({starts.data()});
                 require_aligned<int32_t>({columns.data()});
                 require(starts.shape(0) >= 1 && columns.shape(0) == values.shape(0) &&
                             starts(starts.shape(0) - 1) == int64_t(values.shape(0)) &&
                             starts(0) == 0,
                         "the parts of the sparse rows do not fit together");
                 for (size_t r = 1; r < starts.shape(0); ++r)
                     require(starts(r - 1) <= starts(r),
                             "the sparse rows must start in order");
                 for (size_t i = 0; i < columns.shape(0); ++i)
                     require(columns(i) >= 0 && columns(i) < n_columns,
                             "a sparse column is out of range");
                 new (self) F{{},       values, starts,
                              columns,  {},     int64_t(starts.shape(0)) - 1,
                              n_columns};
             })
        .def("select", [](F& self, Read<int64_t> rows) {
            require_aligned<int64_t>({rows.data()});
            for (size_t i = 0; i < rows.shape(0); ++i)
                require(rows(i) >= 0 && rows(i) < self.n_rows,
                        "a selected row is out of range");
            self.subset = rows;
            self.n_rows = int64_t(rows.shape(0));
        });

    nb::class_<N>(m, network)
        .def(
            "__init__",
            [](N* self, const std::string& instructions, std::vector<int> sizes,
               std::vector<nb::dict> activations, nb::dict loss, nb::dict penalty,
               int64_t rows) {
                const Problem problem = problem_of(sizes, activations, loss, penalty);
                new (self) N(kernels_of<T>(find(instructions)), problem, rows);
            },
            nb::kw_only(), nb::arg("instructions"), nb::arg("sizes"),
            nb::arg("activations"), nb::arg("loss"), nb::arg("penalty"),
            nb::arg("rows"))
        .def(
            "value_and_grad",
            [](N& net, Read<T> theta, const F& X, Table<const T> Y,
               std::optional<Read<T>> weights,
               std::vector<std::optional<Table<const T>>> masks, Flat<T> grad) {
                require(int64_t(theta.shape(0)) == net.n_parameters() &&
                            int64_t(grad.shape(0)) == net.n_parameters(),
                        "theta and grad must have one entry per parameter");
                Data<T> data = data_of(net, X, Y, weights);
                require(data.n_rows >= 1 && data.n_rows <= net.rows(),
                        "X must have 1 to `rows` rows");
                require(masks.empty() || masks.size() == net.n_hidden(),
                        "one mask per hidden layer");
                require_aligned<T>({theta.data(), grad.data()});
                for (auto& mask : masks) require_aligned<T>({data_or_null(mask)});
                std::vector<const T*> factors;
                for (size_t l = 0; l < masks.size(); ++l) {
                    require(!masks[l] || (int64_t(masks[l]->shape(0)) == data.n_rows &&
                                          int(masks[l]->shape(1)) == net.width(l)),
                            "a mask must have the shape (rows, units)");
                    factors.push_back(masks[l] ? masks[l]->data() : nullptr);
                }
                nb::gil_scoped_release release;
                FlushDenormals flush;
                return net.value_and_grad(theta.data(), data, factors, grad.data());
            },
            nb::arg("theta"), nb::arg("X"), nb::arg("Y"), nb::arg("weights").none(),
            nb::arg("masks"),
            nb::arg("grad").noconvert())  // a converted copy would be lost
        .def(
            "run_epochs",
            [](N& net, Flat<T> theta, const F& X, Table<const T> Y,
               std::optional<Read<T>> weights, nb::dict steps, nb::dict rule,
               std::optional<nb::dict> held) {
                require(int64_t(theta.shape(0)) == net.n_parameters(),
                        "theta must have one entry per parameter");
                require_aligned<T>({theta.data()});
                Data<T> data = data_of(net, X, Y, weights);
                AskedEpochs<T> asked_epochs = epochs_of(net, data.n_rows, steps);
                AskedRule<T> asked_rule = rule_of(net, rule);
                Epochs<T>& epochs = asked_epochs.epochs;
                epochs.steps = asked_rule.steps;
                std::optional<AskedHeld<T>> asked_held;
                if (held) asked_held.emplace(held_of(net, *held));
                if (held) epochs.held = &asked_held->held;
                auto asked = std::chrono::steady_clock::now();
                nb::object interruption = nb::none();
                try {
                    nb::gil_scoped_release release;
                    FlushDenormals flush;
                    epochs.poll = [asked, &flush]() mutable {
                        auto now = std::chrono::steady_clock::now();
                        // Calls shorter than that are many: the flag is looked at in
                        // each.
                        if (!interrupted &&
                            now - asked < std::chrono::milliseconds(100))
                            return;
                        asked = now;
                        flush.without(
                            [] {  // handlers of signals compute as anywhere else
                                nb::gil_scoped_acquire acquire;
                                if (interrupted) PyErr_SetNone(PyExc_KeyboardInterrupt);
                                if (interrupted || PyErr_CheckSignals() != 0)
                                    throw nb::python_error();
                            });
                    };
                    net.run_epochs(data, epochs, asked_rule.step, theta.data(),
                                   data_or_null(asked_rule.first),
                                   data_or_null(asked_rule.second));
                } catch (nb::python_error& error) {  // what poll threw
                    interruption = nb::borrow(error.value());
                }
                return nb::make_tuple(epochs.losses, epochs.seconds,
                                      epochs.validation_losses, epochs.scores,
                                      epochs.steps, interruption);
            },
            nb::kw_only(), nb::arg("theta").noconvert(), nb::arg("X"), nb::arg("Y"),
            nb::arg("weights").none(), nb::arg("steps"), nb::arg("rule"),
            nb::arg("held") = nb::none())
        .def("load",
             [](N& net, Read<T> theta) {
                 require(int64_t(theta.shape(0)) == net.n_parameters(),
                         "theta must have one entry per parameter");
                 require_aligned<T>({theta.data()});
                 net.load_weights(theta.data());
             })
        .def(
            "predict",
            [](N& net,
               nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu> X,
               Flat<T> raw, int n_threads) {
                const int64_t n_rows = int64_t(X.shape(0));
                require(n_threads >= 1 && n_threads <= net.rows(),
                        "n_threads must be from 1 to rows");
                require(int(X.shape(1)) == net.n_inputs() &&
                            int64_t(raw.shape(0)) == n_rows * net.n_outputs(),
                        "X must have one column per feature, raw one number per row "
                        "and output");
                require_aligned<T>({X.data(), raw.data()});
                Rows<T> rows;
                rows.values = X.data();
                rows.row_stride = int64_t(X.shape(1));
                rows.column_stride = 1;
                // Taken and given back while the interpreter's lock is held: a child
                // forked meanwhile finds no lock of another thread.
                typename N::Lease lease(net);
                std::optional<nb::gil_scoped_release> release;
                if (n_rows * net.n_parameters() >= released_work) release.emplace();
                FlushDenormals flush;
                net.forward(lease, rows, n_rows, raw.data(), n_threads);
            },
            nb::arg("X"), nb::arg("raw").noconvert(), nb::arg("n_threads"))
        .def(
            "raw_outputs",
            [](N& net, Read<T> theta, const F& X, Table<T> raw, int n_threads) {
                require(int64_t(theta.shape(0)) == net.n_parameters(),
                        "theta must have one entry per parameter");
                require(int64_t(raw.shape(0)) == X.n_rows &&
                            int(raw.shape(1)) == net.n_outputs(),
                        "raw must have the shape (rows, outputs)");
                require(X.n_columns == net.n_inputs(),
                        "X must have one column per feature");
                require(n_threads >= 1 && n_threads <= net.rows(),
                        "n_threads must be from 1 to rows");
                require_aligned<T>({theta.data(), raw.data()});
                typename N::Lease lease(net);
                nb::gil_scoped_release release;
                FlushDenormals flush;
                net.load_weights(theta.data());
                net.forward(lease, X.rows(), X.n_rows, raw.data(), n_threads);
            },
            nb::arg("theta"), nb::arg("X"), nb::arg("raw").noconvert(),
            nb::arg("n_threads"));
}

}  // namespace

NB_MODULE(_kernels, m) {
    m.doc() = "Compiled kernels; see perceptrons.engine.";
    m.def("codes", &codes, "The codes of each table, by name.");
    m.def("instruction_sets", &instruction_sets,
          "What this processor can run, best first.");
    m.def(
        "interrupt", [](bool on) { interrupted = on; },
        "End every epoch under way, while on.");
    bind<float>(m, "Network32", "Features32");
    bind<double>(m, "Network64", "Features64");
}
