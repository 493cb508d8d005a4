// What Python hands over: arrays, and by name the problem, the steps, the rule.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "network.hpp"

namespace perceptrons {

namespace nb = nanobind;

template <class T>
using Flat = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Read = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using Matrix = nb::ndarray<const T, nb::ndim<2>, nb::device::cpu>;
template <class T>
using Table = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

inline void require(bool holds, const char* rule) {
    if (!holds) throw std::invalid_argument(rule);
}

// Reading a number across its alignment is undefined; perceptrons.engine.compiled
// copies such arrays, anyone else is refused.
template <class T> void require_aligned(std::initializer_list<const T*> pointers) {
    for (const T* pointer : pointers)
        require(reinterpret_cast<uintptr_t>(pointer) % sizeof(T) == 0,
                "arrays must be aligned: numpy.require(array, requirements='A')");
}
template <class A> auto* data_or_null(const std::optional<A>& array) {
    return array ? array->data() : nullptr;
}

inline BitGenerator* generator(nb::handle capsule) {
    void* pointer = PyCapsule_GetPointer(capsule.ptr(), "BitGenerator");
    if (!pointer) throw nb::python_error();
    return static_cast<BitGenerator*>(pointer);
}

// The entries of a dict, each taken once by its name; what nobody takes is refused.
class Named {
  public:
    Named(const char* what, const nb::dict& entries) : what_(what), entries_(entries) {}

    template <class V> V take(const char* name, bool convert = true) {
        if (!entries_.contains(name))
            throw std::invalid_argument(said(name, "is missing"));
        return convert_to<V>(name, convert);
    }
    template <class V> V take_or(const char* name, V otherwise, bool convert = true) {
        return entries_.contains(name) ? convert_to<V>(name, convert) : otherwise;
    }
    void end() const {
        if (entries_.size() != taken_)
            throw std::invalid_argument(std::string(what_) +
                                        " holds a name that is not known");
    }

  private:
    template <class V> V convert_to(const char* name, bool convert) {
        V value{};
        if (!nb::try_cast(entries_[name], value, convert))
            throw nb::type_error(said(name, "is of another type").c_str());
        ++taken_;
        return value;
    }
    std::string said(const char* name, const char* what) const {
        return std::string(name) + " of the " + what_ + " " + what;
    }

    const char* what_;
    const nb::dict& entries_;
    size_t taken_ = 0;
};

// What is trained: sizes, and code and settings of each record.
inline Problem problem_of(const std::vector<int>& sizes,
                          const std::vector<nb::dict>& activations,
                          const nb::dict& loss, const nb::dict& penalty) {
    Problem problem;
    problem.sizes = sizes;
    require(sizes.size() >= 2 && activations.size() == sizes.size() - 2,
            "one activation per hidden layer");
    for (int size : sizes) require(size >= 1, "sizes must be positive");
    for (const nb::dict& told : activations) {
        Named activation("activation", told);
        problem.activations.push_back(activation.take<int>("code"));
        problem.alphas.push_back(activation.take_or("alpha", 0.0));
        activation.end();
        require(problem.activations.back() >= 0 &&
                    problem.activations.back() < n_activations,
                "no such activation");
    }
    Named told("loss", loss);
    problem.loss = told.take<int>("code");
    problem.delta = told.take_or("delta", 0.0);
    problem.label_smoothing = told.take_or("label_smoothing", 0.0);
    problem.quantiles = told.take_or("quantiles", std::vector<double>());
    told.end();
    require(problem.loss >= 0 && problem.loss < n_losses, "no such loss");
    // One quantile serves all outputs, several have an output each.
    if (problem.quantiles.size() == 1)
        problem.quantiles.resize(sizes.back(), problem.quantiles[0]);
    require(problem.loss != PINBALL || int(problem.quantiles.size()) == sizes.back(),
            "one quantile per output");
    Named strengths("penalty", penalty);
    problem.l1 = strengths.take<double>("l1");
    problem.l2 = strengths.take<double>("l2");
    problem.alpha = strengths.take<double>("alpha");
    strengths.end();
    return problem;
}

// Features as the engine reads them: an array of any strides, or the parts of CSR rows.
template <class T> struct Features {
    Matrix<T> dense;
    Read<T> values;
    Read<int64_t> starts;
    Read<int32_t> columns;
    Read<int64_t> subset;  // the rows that count, or all
    int64_t n_rows, n_columns;

    Rows<T> rows() const {
        Rows<T> X;
        if (subset.is_valid()) X.subset = subset.data();
        if (starts.is_valid()) {
            X.values = values.data();
            X.starts = starts.data();
            X.columns = columns.data();
        } else {
            X.values = dense.data();
            X.row_stride = dense.stride(0);
            X.column_stride = dense.stride(1);
        }
        return X;
    }
};

// Rows to train on, as Python hands them over.
template <class T>
Data<T> data_of(const Network<T>& net, const Features<T>& X, const Table<const T>& Y,
                const std::optional<Read<T>>& weights) {
    require_aligned<T>({Y.data(), data_or_null(weights)});
    require(int64_t(Y.shape(0)) == X.n_rows,
            "X and Y must have the same number of rows");
    require(int(Y.shape(1)) == net.n_outputs(), "Y must have one column per output");
    require(X.n_columns == net.n_inputs(), "X must have one column per feature");
    require(!weights || int64_t(weights->shape(0)) == X.n_rows,
            "weights must have one entry per row");
    return Data<T>{X.n_rows, X.rows(), Y.data(), weights ? weights->data() : nullptr};
}

// Rows held out, and the arrays that they stand in.
template <class T> struct AskedHeld {
    Held<T> held{};
    Features<T> X;
    Table<const T> Y;
    std::optional<Read<double>> weights;
    std::optional<Flat<T>> kept;
};

inline Scoring scoring_of(const nb::dict& score, int n_outputs) {
    Named told("score", score);
    Scoring scoring;
    const int code = told.take<int>("code");
    scoring.least = told.take_or("least", 0.0);
    scoring.exact = told.take_or("exact", false);
    scoring.by_sign = told.take_or("by_sign", false);
    scoring.totals = told.take_or("totals", std::vector<double>());
    told.end();
    require(code >= 0 && code < n_scores, "no such score");
    scoring.score = Score(code);
    require(scoring.score != R_SQUARED || int(scoring.totals.size()) == n_outputs,
            "one total per output");
    return scoring;
}

template <class T> AskedHeld<T> held_of(const Network<T>& net, const nb::dict& rows) {
    Named told("rows held out", rows);
    AskedHeld<T> asked;
    asked.X = told.take<Features<T>>("X");
    asked.Y = told.take<Table<const T>>("Y");
    asked.weights = told.take<std::optional<Read<double>>>("weights");
    const nb::dict score = told.take<nb::dict>("score");
    asked.held.best = told.take<double>("best");
    // A converted copy would be lost.
    asked.kept = told.take<std::optional<Flat<T>>>("kept", false);
    told.end();
    const Data<T> data = data_of<T>(net, asked.X, asked.Y, std::nullopt);
    require(data.n_rows >= 1, "at least one row must be held out");
    require(!asked.weights || int64_t(asked.weights->shape(0)) == data.n_rows,
            "weights must have one entry per row");
    require(!asked.kept || int64_t(asked.kept->shape(0)) == net.n_parameters(),
            "kept must have one entry per parameter");
    require_aligned<double>({data_or_null(asked.weights)});
    require_aligned<T>({data_or_null(asked.kept)});
    asked.held.n_rows = data.n_rows;
    asked.held.X = data.X;
    asked.held.Y = data.Y;
    asked.held.weights = data_or_null(asked.weights);
    asked.held.scoring = scoring_of(score, net.n_outputs());
    asked.held.kept = data_or_null(asked.kept);
    return asked;
}

// Epochs asked for, and the array that their rates stand in.
template <class T> struct AskedEpochs {
    Epochs<T> epochs;
    Matrix<double> rates;
};

template <class T>
AskedEpochs<T> epochs_of(const Network<T>& net, int64_t n_rows, const nb::dict& steps) {
    Named told("steps", steps);
    AskedEpochs<T> asked;
    Epochs<T>& epochs = asked.epochs;
    epochs.batch_rows = told.take<int64_t>("batch_rows");
    const int draw = told.take<int>("draw");
    epochs.batches = generator(told.take<nb::object>("batches"));
    asked.rates = told.take<Matrix<double>>("rates");
    epochs.most_seconds = told.take<double>("most_seconds");
    epochs.clip = told.take<double>("clip");
    epochs.clip_layers = told.take<bool>("clip_layers");
    epochs.dropout = told.take<std::vector<double>>("dropout");
    const nb::object drops = told.take<nb::object>("drops");
    epochs.n_threads = told.take<int>("n_threads");
    told.end();
    require(epochs.batch_rows >= 1 && epochs.batch_rows <= net.rows(),
            "batches must have 1 to `rows` rows");
    require(epochs.n_threads >= 1 && epochs.n_threads <= net.rows(),
            "n_threads must be from 1 to rows");
    require(epochs.dropout.empty() || epochs.dropout.size() == net.n_hidden(),
            "one dropout rate per hidden layer");
    for (double p : epochs.dropout)
        require(p >= 0 && p < 1, "dropout must be in [0, 1)");
    if (!epochs.dropout.empty()) epochs.drops = generator(drops);
    require(draw >= 0 && draw <= 2, "no such draw");
    epochs.draw = Draw(draw);
    require_aligned<double>({asked.rates.data()});
    require(asked.rates.shape(0) >= 1 &&
                int64_t(asked.rates.shape(1)) >= (n_rows - 1) / epochs.batch_rows + 1,
            "one rate per step");
    epochs.count = int64_t(asked.rates.shape(0));
    epochs.rates = asked.rates.data();
    epochs.epoch_stride = asked.rates.stride(0);
    epochs.step_stride = asked.rates.stride(1);
    return asked;
}

// An optimizer, and its state: arrays that are written to, and Adam's count of steps.
template <class T> struct AskedRule {
    Step<T> step{};
    std::optional<Flat<T>> first, second;
    int64_t steps;
};

template <class T> AskedRule<T> rule_of(const Network<T>& net, const nb::dict& rule) {
    Named told("rule", rule);
    AskedRule<T> asked;
    const int code = told.take<int>("code");
    for (const auto& [name, setting] : rule_settings)
        asked.step.settings.*setting = told.take_or(name, 0.0);
    // A converted copy would be lost.
    asked.first = told.take<std::optional<Flat<T>>>("first", false);
    asked.second = told.take<std::optional<Flat<T>>>("second", false);
    asked.steps = told.take<int64_t>("steps");
    told.end();
    require(code >= 0 && code < n_rules, "no such rule");
    asked.step.rule = Rule(code);
    require(code == GRADIENT_DESCENT || asked.first, "the rule needs its state");
    require((code != ADAM && code != ADAMW) || asked.second,
            "the rule needs its state");
    for (const auto* array : {&asked.first, &asked.second})
        require(!*array || int64_t((*array)->shape(0)) == net.n_parameters(),
                "the rule's state must have one entry per parameter");
    require_aligned<T>({data_or_null(asked.first), data_or_null(asked.second)});
    return asked;
}

}  // namespace perceptrons
