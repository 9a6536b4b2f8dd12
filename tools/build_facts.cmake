# SPDX-License-Identifier: BSD-3-Clause
#
# Writes build_facts.cpp (server/build_facts.h declares what it holds): the commit that is built, and whether the tree
# differs from it. Runs with every build; the file is only touched when they change, so that nothing else compiles anew.
#
#     cmake -D SOURCE=dir -D TOOLS="what else makes one build differ from another" -D OUT=file -P build_facts.cmake
set(commit 00000000)
set(modified false)
# A tarball that was unpacked inside someone's repository is not that repository's commit.
get_filename_component(above "${SOURCE}" DIRECTORY)
set(ENV{GIT_CEILING_DIRECTORIES} "${above}")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND "${GIT}" -C "${SOURCE}" rev-parse HEAD
                  OUTPUT_VARIABLE head ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(NOT failed AND head MATCHES "^[0-9a-f]+$")
    string(SUBSTRING "${head}" 0 8 commit)
    execute_process(COMMAND "${GIT}" -C "${SOURCE}" diff --quiet --no-ext-diff HEAD -- ERROR_QUIET RESULT_VARIABLE differs)
    if(differs)
      set(modified true)
    endif()
  endif()
endif()
file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[// Written by tools/build_facts.cmake.
#include "server/build_facts.h"

const keel::BuildFacts keel::kBuildFacts{.commit = "@commit@", .modified = @modified@, .tools = "@TOOLS@"};
]])
