#pragma once
// Catch2 under one name: version 3 where it is installed, else the single header of version 2.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
