// The codes of plan.hpp, as Python compares them with its tables.
#pragma once
#include <nanobind/nanobind.h>

#include <initializer_list>
#include <utility>

#include "plan.hpp"

namespace perceptrons {

// The codes by the names of the Python tables, which are compared.
inline nanobind::dict codes() {
    auto named = [](std::initializer_list<std::pair<const char*, int>> rows) {
        nanobind::dict table;
        for (const auto& [name, code] : rows) table[name] = code;
        return table;
    };
    nanobind::dict tables;
    tables["activations"] = named({{"identity", IDENTITY},
                                   {"sigmoid", SIGMOID},
                                   {"tanh", TANH},
                                   {"relu", RELU},
                                   {"leaky_relu", LEAKY_RELU},
                                   {"elu", ELU},
                                   {"selu", SELU},
                                   {"gelu", GELU},
                                   {"silu", SILU},
                                   {"softplus", SOFTPLUS}});
    tables["losses"] = named({{"squared_error", HALF_SQUARED_ERROR},
                              {"mean_squared_error", MEAN_SQUARED_ERROR},
                              {"absolute_error", ABSOLUTE_ERROR},
                              {"huber", HUBER},
                              {"pinball", PINBALL},
                              {"poisson", POISSON_DEVIANCE},
                              {"binary_cross_entropy", BINARY_CROSS_ENTROPY},
                              {"cross_entropy", CROSS_ENTROPY}});
    tables["optimizers"] = named({{"gd", GRADIENT_DESCENT},
                                  {"sgd", MOMENTUM},
                                  {"adagrad", ADAGRAD},
                                  {"rmsprop", RMSPROP},
                                  {"adam", ADAM},
                                  {"adamw", ADAMW}});
    return tables;
}

}  // namespace perceptrons
