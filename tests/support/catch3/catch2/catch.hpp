// SPDX-License-Identifier: BSD-3-Clause
//
// The name under which our tests include Catch2, for systems that have only version 3 (Ubuntu 24.04): version 2 has one
// header and its helpers in sight of every test, version 3 many headers and all helpers in namespace Catch.
// Used only when CMake finds no version 2.
#pragma once

#include <catch2/catch_all.hpp>

using namespace Catch;  // Approx, as version 2 has it
