// Catch2 v2's main, compiled once for all tests: it is the most expensive file of the tree.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
