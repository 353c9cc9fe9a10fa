#pragma once

// What every GoogleTest program reads first, compiled once: it is a good part of their compile
// time. Only what hardly ever changes: a change here compiles all tests anew. Tests include what
// they use nevertheless.
#include <muster/json.hpp>

#include <gtest/gtest.h>
