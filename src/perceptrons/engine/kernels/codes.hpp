// The codes of plan.hpp, as Python compares them with its tables.
#pragma once
#include <nanobind/nanobind.h>

#include "plan.hpp"

namespace perceptrons {

// The codes by the names of the Python tables, which are compared.
inline nanobind::dict codes() {
    nanobind::dict tables, activations, losses, optimizers, scores;
#define PERCEPTRONS_ACTIVATION(constant, name) activations[name] = int(constant);
#define PERCEPTRONS_LOSS(constant, name) losses[name] = int(constant);
#define PERCEPTRONS_RULE(constant, name) optimizers[name] = int(constant);
#define PERCEPTRONS_SCORE(constant, name) scores[name] = int(constant);
    PERCEPTRONS_ACTIVATIONS(PERCEPTRONS_ACTIVATION)
    PERCEPTRONS_LOSSES(PERCEPTRONS_LOSS)
    PERCEPTRONS_RULES(PERCEPTRONS_RULE)
    PERCEPTRONS_SCORES(PERCEPTRONS_SCORE)
#undef PERCEPTRONS_ACTIVATION
#undef PERCEPTRONS_LOSS
#undef PERCEPTRONS_RULE
#undef PERCEPTRONS_SCORE
    tables["activations"] = activations;
    tables["losses"] = losses;
    tables["optimizers"] = optimizers;
    tables["scores"] = scores;
    return tables;
}

}  // namespace perceptrons
