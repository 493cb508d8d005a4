// What the kernels work on: plain records of sizes and pointers, no memory of their
// own.
//
// Every matrix has a leading dimension (ld) of whole half vectors; columns beyond its
// width are zero, or hold nothing that is ever read. A layer of n_in inputs stores its
// weights and, as one more row, its biases: Z = [A, 1] [W; b]. So activations end in a
// column of ones, and the gradient of the biases is one more row of the gradient of the
// weights. A narrow layer (few outputs) stores the transpose, [W; b]^T, since its
// outputs would leave most lanes empty.
#pragma once
#include <cstdint>

namespace perceptrons {

// A row for each formula that is compiled: what it is called here, and in the tables of
// perceptrons.activations, .losses, .optimizers and .scores. Their order is that of the
// codes.
#define PERCEPTRONS_ACTIVATIONS(ROW) \
    ROW(IDENTITY, "identity")        \
    ROW(SIGMOID, "sigmoid")          \
    ROW(TANH, "tanh")                \
    ROW(RELU, "relu")                \
    ROW(LEAKY_RELU, "leaky_relu")    \
    ROW(ELU, "elu")                  \
    ROW(SELU, "selu")                \
    ROW(GELU, "gelu")                \
    ROW(SILU, "silu")                \
    ROW(SOFTPLUS, "softplus")
#define PERCEPTRONS_LOSSES(ROW)                       \
    ROW(HALF_SQUARED_ERROR, "squared_error")          \
    ROW(MEAN_SQUARED_ERROR, "mean_squared_error")     \
    ROW(ABSOLUTE_ERROR, "absolute_error")             \
    ROW(HUBER, "huber")                               \
    ROW(PINBALL, "pinball")                           \
    ROW(POISSON_DEVIANCE, "poisson")                  \
    ROW(BINARY_CROSS_ENTROPY, "binary_cross_entropy") \
    ROW(CROSS_ENTROPY, "cross_entropy")
#define PERCEPTRONS_RULES(ROW)  \
    ROW(GRADIENT_DESCENT, "gd") \
    ROW(MOMENTUM, "sgd")        \
    ROW(ADAGRAD, "adagrad")     \
    ROW(RMSPROP, "rmsprop")     \
    ROW(ADAM, "adam")           \
    ROW(ADAMW, "adamw")
#define PERCEPTRONS_SCORES(ROW)   \
    ROW(MINUS_LOSS, "minus_loss") \
    ROW(EXPLAINED, "explained")   \
    ROW(R_SQUARED, "r2")          \
    ROW(ACCURACY, "accuracy")

#define PERCEPTRONS_CONSTANT(constant, name) constant,
enum Activation { PERCEPTRONS_ACTIVATIONS(PERCEPTRONS_CONSTANT) n_activations };
enum Loss { PERCEPTRONS_LOSSES(PERCEPTRONS_CONSTANT) n_losses };
enum Rule { PERCEPTRONS_RULES(PERCEPTRONS_CONSTANT) n_rules };
enum Score { PERCEPTRONS_SCORES(PERCEPTRONS_CONSTANT) n_scores };
#undef PERCEPTRONS_CONSTANT

// Settings of all rules, named as in perceptrons.optimizers; each reads its own.
struct RuleSettings {
    double momentum, nesterov, epsilon, decay, beta_1, beta_2, weight_decay;
};
constexpr struct {
    const char* name;
    double RuleSettings::* setting;
} rule_settings[] = {
    {"momentum", &RuleSettings::momentum},
    {"nesterov", &RuleSettings::nesterov},
    {"epsilon", &RuleSettings::epsilon},
    {"decay", &RuleSettings::decay},
    {"beta_1", &RuleSettings::beta_1},
    {"beta_2", &RuleSettings::beta_2},
    {"weight_decay", &RuleSettings::weight_decay},
};

// Settings of all losses, named as in perceptrons.losses.
template <class T> struct LossSettings {
    T delta, label_smoothing;
    const T* quantiles;  // of the pinball loss, one per output
};

// Whether the slope does not follow from what the activation puts out.
__attribute__((always_inline)) constexpr bool own_slopes(Activation activation) {
    return activation == GELU || activation == SILU;
}

// Rows that go through all layers together, so that they stay in the cache.
constexpr int tile_rows = 48;

template <class T> struct Layer {
    int n_in, n_out;
    bool narrow;
    int rows, columns,
        ld;          // of the stored weights: n_in + 1 rows of n_out or, narrow, n_out
                     // rows of n_in + 1; columns in whole halves of a vector
    int64_t offset;  // of the stored weights among all parameters
    T* transposed;  // W^T (n_out, ld_transposed) for the backward pass; not the first's
    int ld_transposed;
    int width;  // n_out in whole halves of a vector
    T* delta;   // dJ/dZ (batch rows, ld_delta)
    int ld_delta;
    T* outputs;  // [A, 1] of a hidden layer, raw outputs of the last one
    int ld_outputs;
    Activation activation;  // hidden layers only
    T alpha;                // its setting
    T* slopes;              // room for slopes kept from the forward pass (batch rows,
                            // ld_outputs), where they do not follow from the outputs
    const T* mask;  // dropout factors (batch rows, n_out), or null; needs slopes
};

template <class T> struct Plan {
    int n_layers;
    Layer<T>* layers;
    T* inputs;  // [X, 1] of the batch
    int ld_inputs;
    bool sparse_inputs;  // mostly zeros, which the products then pass over
    T* theta;            // all layers' weights as stored
    T* gradient;         // of the same shape
    int64_t n_stored;
    Loss loss;
    LossSettings<T> loss_settings;
    T l1, l2, alpha;
};

// One optimizer's step: settings, and the state arrays as stored.
template <class T> struct Step {
    Rule rule;
    RuleSettings settings;
    T learning_rate;
    T root_correction, rate_correction;  // Adam's bias corrections of this step
    T* first;                            // velocity, sum of squares, mean square, mean
    T* second;                           // Adam's mean square
};

template <class T> struct Batch {
    int n_rows;
    const T* targets;  // (n_rows, K)
    const T* scales;   // w / n_rows of each row
    double* losses;    // value of each row
};

// What the penalty is made of: the sums of squares and of sizes of some weights.
struct Sizes {
    double squares, sizes;
};

// The kernels of one instruction set.
template <class T> struct Kernels {
    // Forward and backward pass of rows [begin, end): losses, all deltas.
    void (*rows)(const Plan<T>&, const Batch<T>&, int begin, int end);
    // Forward pass of rows [begin, end), their losses; overwrites the last deltas.
    void (*losses)(const Plan<T>&, const Batch<T>&, int begin, int end);
    // Gradient of stored rows [begin, end) of one layer, without penalty; or add to it.
    void (*gradient)(const Plan<T>&, const Batch<T>&, int layer, int begin, int end,
                     bool add);
    // Add the penalty's gradient, and measure the weights, which are in the cache then.
    Sizes (*penalize)(const Plan<T>&, const Batch<T>&, int layer, int begin, int end);
    // One step of the rule on stored rows [begin, end) of one layer.
    void (*update)(const Plan<T>&, const Step<T>&, int layer, int begin, int end);
    // Copy stored rows [begin, end) of one layer into its transpose.
    void (*transpose)(const Plan<T>&, int layer, int begin, int end);
    // Forward pass only.
    void (*forward)(const Plan<T>&, int begin, int end);
};

struct Backend {
    const char* name;
    Kernels<float> single;
    Kernels<double> twice;
};

}  // namespace perceptrons
