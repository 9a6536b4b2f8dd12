# What ctest runs, and against which binaries (docs/testing.md). tools/test sets the variables; a plain `ctest` in a
# build folder runs that folder's own unit tests and black-box suite.
#
# KEEL_TEST_MODE     quick, normal or long
# KEEL_PYTHON        the Python that has the distribution's pytest and redis modules
# KEEL_PEER_SERVER   a redis-server 7.0 to compare with; empty: no comparing
# KEEL_ASAN_DIR      the build folder of the asan preset, whose programs are run as well; empty: none
# KEEL_TSAN_DIR      the same of the tsan preset, for what threads do
# KEEL_FUZZ_DIR      the same for the fuzz preset
set(KEEL_TEST_MODE normal CACHE STRING "how much ctest runs: quick, normal, long")
set(KEEL_PYTHON /usr/bin/python3 CACHE FILEPATH "the Python with pytest and redis")
set(KEEL_PEER_SERVER /usr/bin/redis-server CACHE FILEPATH "the redis-server 7.0 to compare with")
set(KEEL_ASAN_DIR "" CACHE PATH "build folder of the asan preset")
set(KEEL_TSAN_DIR "" CACHE PATH "build folder of the tsan preset")
set(KEEL_FUZZ_DIR "" CACHE PATH "build folder of the fuzz preset")

add_test(NAME unit COMMAND keel_unit_tests)
set_tests_properties(unit PROPERTIES LABELS unit TIMEOUT 600)
if(KEEL_ASAN_DIR)
  add_test(NAME asan.unit COMMAND ${KEEL_ASAN_DIR}/tests/keel_unit_tests)
  set_tests_properties(asan.unit PROPERTIES LABELS "unit;asan" TIMEOUT 900)
endif()
# A report does not end the program, whose exit status tells of it, nor does the fork of a program with threads.
set(tsan_options "TSAN_OPTIONS=halt_on_error=0:die_after_fork=0:second_deadlock_stack=1")
if(KEEL_TSAN_DIR)
  # Those with threads: where there is one, nothing can be found, and all of them take ten minutes and gigabytes.
  add_test(NAME tsan.unit COMMAND ${KEEL_TSAN_DIR}/tests/keel_unit_tests
           "background*,block*,child process*,cpu lists*,keyspace*,line heap*,log:*,rewrite*,signals*,small heap*")
  set_tests_properties(tsan.unit PROPERTIES LABELS "unit;tsan" TIMEOUT 1800 ENVIRONMENT "${tsan_options}")
endif()

# The black-box suite, one test per file, against one server program. Files whose facts are times run alone.
file(GLOB e2e_files CONFIGURE_DEPENDS e2e/test_*.py)
set(e2e_alone test_expiry_timing test_clients test_startup)
# Files about how a process starts, or with programs that are not told of certificates: test_tls has its own.
set(e2e_plain test_bullmq test_client_features test_client_types test_clients test_config test_process
              test_redis_cli_hints test_startup)
# Files in which helper threads have something to do: the log, freeing in the background, children beside them, the end.
set(e2e_threads test_append_log test_busy_scripts test_loading test_observation test_process test_pubsub test_saving
                test_shutdown test_slow_readers test_tls)
function(add_e2e prefix server label)
  foreach(file ${e2e_files})
    get_filename_component(name ${file} NAME_WE)
    if(prefix STREQUAL "tls.e2e" AND name IN_LIST e2e_plain)
      continue()
    endif()
    if(prefix STREQUAL "tsan.e2e" AND NOT name IN_LIST e2e_threads)
      continue()
    endif()
    string(REGEX REPLACE "^test_" "" short ${name})
    add_test(NAME ${prefix}.${short}
             COMMAND ${KEEL_PYTHON} -m pytest -q -p no:cacheprovider --durations=3 ${file}
             WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/e2e)
    set(seconds 300)
    if(prefix STREQUAL "tsan.e2e")
      set(seconds 900)
    endif()
    set_tests_properties(${prefix}.${short} PROPERTIES LABELS "${label}" TIMEOUT ${seconds}
      ENVIRONMENT "KEEL_SERVER=${server};KEEL_PEER_SERVER=${KEEL_PEER_SERVER};PYTHONDONTWRITEBYTECODE=1;${ARGN}")
    if(name IN_LIST e2e_alone)
      set_tests_properties(${prefix}.${short} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()
if(TARGET keel-server)
  add_e2e(e2e $<TARGET_FILE:keel-server> e2e)
endif()
if(KEEL_ASAN_DIR AND EXISTS ${KEEL_ASAN_DIR}/keel-server)
  add_e2e(asan.e2e ${KEEL_ASAN_DIR}/keel-server "e2e;asan")
endif()
if(KEEL_TSAN_DIR AND EXISTS ${KEEL_TSAN_DIR}/keel-server)
  add_e2e(tsan.e2e ${KEEL_TSAN_DIR}/keel-server "e2e;tsan" "${tsan_options}")
endif()
# kill -9 at random moments: nine times in e2e.append_log, here for long.
if(KEEL_TEST_MODE STREQUAL "long" AND TARGET keel-server)
  add_test(NAME crashes COMMAND ${KEEL_PYTHON} -m pytest -q -p no:cacheprovider test_append_log.py -k kill_at_any_moment
           WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/e2e)
  set_tests_properties(crashes PROPERTIES LABELS e2e TIMEOUT 3600
    ENVIRONMENT "KEEL_SERVER=$<TARGET_FILE:keel-server>;KEEL_CRASHES=300;PYTHONDONTWRITEBYTECODE=1")
endif()
if(KEEL_TEST_MODE STREQUAL "long" AND TARGET keel-server)
  add_e2e(tls.e2e $<TARGET_FILE:keel-server> "e2e;tls" "KEEL_TEST_TLS=1")
endif()
if(KEEL_TEST_MODE STREQUAL "long" AND KEEL_PEER_SERVER)
  add_e2e(peer.e2e ${KEEL_PEER_SERVER} "e2e;peer")   # the suite's facts are facts about redis-server, too
endif()

# The same commands to keel and to redis-server, every reply compared.
if(KEEL_PEER_SERVER AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/differential/run.py AND NOT KEEL_TEST_MODE STREQUAL "quick")
  set(differential ${KEEL_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/differential/run.py --peer ${KEEL_PEER_SERVER})
  # Every family in one stream: in CI always the same, in the long form a longer one.
  set(stream --replies 240000 --seed 13)
  if(KEEL_TEST_MODE STREQUAL "long")
    set(stream --replies 1200000)
  endif()
  add_test(NAME differential.self_test COMMAND ${differential} --self-test)
  set_tests_properties(differential.self_test PROPERTIES LABELS differential TIMEOUT 300)
  if(TARGET keel-server)
    add_test(NAME differential COMMAND ${differential} --server $<TARGET_FILE:keel-server> ${stream}
             --failures ${CMAKE_CURRENT_BINARY_DIR}/differential_failures)
    set_tests_properties(differential PROPERTIES LABELS differential TIMEOUT 3600)
  endif()
endif()

# Log folders of ours loaded by redis-server, and the other way round.
if(KEEL_PEER_SERVER AND NOT KEEL_TEST_MODE STREQUAL "quick")
  set(log_rounds 4)
  if(KEEL_TEST_MODE STREQUAL "long")
    set(log_rounds 40)
  endif()
  add_test(NAME log_peer COMMAND ${KEEL_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/persistence/aof/peer_test.py
           --program $<TARGET_FILE:keel_log_files> --check $<TARGET_FILE:keel-check-aof> --peer ${KEEL_PEER_SERVER}
           --rounds ${log_rounds})
  set_tests_properties(log_peer PROPERTIES LABELS persistence TIMEOUT 900 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endif()

# Each fuzz target for a while, from the committed corpus; what it finds new goes to the build folder.
if(KEEL_FUZZ_DIR)
  set(fuzz_seconds 25)
  if(KEEL_TEST_MODE STREQUAL "long")
    set(fuzz_seconds 300)
  endif()
  foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    set(found ${KEEL_FUZZ_DIR}/corpus/${name})
    set(committed ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    file(MAKE_DIRECTORY ${found})
    if(NOT EXISTS ${committed})
      set(committed)
    endif()
    add_test(NAME fuzz.${name} COMMAND ${KEEL_FUZZ_DIR}/tests/${name} -max_total_time=${fuzz_seconds} -print_final_stats=1
             -verbosity=0 -timeout=10 -artifact_prefix=${KEEL_FUZZ_DIR}/${name}- ${found} ${committed})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 600)
  endforeach()
endif()
