# The tests that build the project again another way. They run only when asked for by tier: `ctest -C ci`, `ctest -C nightly`.
# Each preset is one build.<preset> test, a fixture that the tests on that build require. All take both cores, but for BESIDE: a guest of the
# ci tier or a browser, which takes more than one core at times. These are begun first and run one after the other, beside the short tests.

set(_scripts ${PROJECT_SOURCE_DIR}/scripts)

function(gvt_tier_test name)
  cmake_parse_arguments(_t "BESIDE" "TIER;LABEL;FIXTURE;NEEDS;TIMEOUT" "COMMAND" ${ARGN})
  set(_configurations nightly)
  if(_t_TIER STREQUAL "ci")
    set(_configurations ci nightly)
  endif()
  set(_labels ${_t_TIER} ${_t_LABEL})
  add_test(NAME ${name} CONFIGURATIONS ${_configurations} COMMAND ${_t_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${_labels}" TIMEOUT ${_t_TIMEOUT})
  if(_t_BESIDE)
    set_tests_properties(${name} PROPERTIES COST ${_t_TIMEOUT} RESOURCE_LOCK beside)
  else()
    set_tests_properties(${name} PROPERTIES PROCESSORS 2 RUN_SERIAL TRUE)
  endif()
  if(_t_FIXTURE)
    set_tests_properties(${name} PROPERTIES FIXTURES_SETUP ${_t_FIXTURE})
  endif()
  if(_t_NEEDS)
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED ${_t_NEEDS})
  endif()
endfunction()

# `product` leaves out the tests and bench/, which the dev build compiles with GCC. `hardened` leaves out the tests of what does not read a guest's or a
# file's bytes; the fuzzers, of the same instrumented libraries, are beside it. Clang's warnings about the rest are clang-tidy's to report.
gvt_tier_test(build.release TIER ci FIXTURE release TIMEOUT 1500 COMMAND ${_scripts}/subbuild.sh release product)
gvt_tier_test(build.fuzz TIER ci FIXTURE fuzz TIMEOUT 1500 COMMAND ${_scripts}/subbuild.sh fuzz fuzzers hardened)
foreach(_preset IN ITEMS asan tsan coverage nojit)
  gvt_tier_test(build.${_preset} TIER nightly FIXTURE ${_preset} TIMEOUT 1500 COMMAND ${_scripts}/subbuild.sh ${_preset})
endforeach()

# clang-tidy reads clang's compile database: GCC's has options that it does not know.
gvt_tier_test(tidy.clang_tidy TIER ci NEEDS fuzz TIMEOUT 1500
  COMMAND ${Python3_EXECUTABLE} -B tests/tidy/clang_tidy.py --build build/fuzz)
# Without the sweeps over all registers, which read no guest's bytes: asan.tests has them.
gvt_tier_test(hardened.tests TIER ci NEEDS fuzz TIMEOUT 1500
  COMMAND ${_scripts}/subtest.sh fuzz -L "^(unit|vectors|regress)$" -E "^generated|RegisterPolicySweep|RegisterPolicyGolden")
gvt_tier_test(asan.tests TIER nightly NEEDS asan TIMEOUT 3000
  COMMAND ${_scripts}/subtest.sh asan -L "^(unit|vectors|regress|fuzz-smoke)$")
gvt_tier_test(fuzz.smoke TIER ci NEEDS fuzz TIMEOUT 900 COMMAND ${_scripts}/fuzz.sh 10)
gvt_tier_test(e2e.scan_bundled TIER ci NEEDS release TIMEOUT 300 COMMAND ${_scripts}/scan_bundled.sh build/release)

# The demo's page in a real browser.
set(_timeline ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/browser/timeline.py)
add_test(NAME e2e.timeline.self_test COMMAND ${_timeline} --self-test)
set_tests_properties(e2e.timeline.self_test PROPERTIES LABELS e2e TIMEOUT 60)
gvt_tier_test(e2e.timeline TIER ci BESIDE LABEL e2e NEEDS release TIMEOUT 300 COMMAND ${_timeline} --build build/release)

# A stock Debian guest on the device, one boot a plan of tests/e2e/plans.toml.
set(_guest ${Python3_EXECUTABLE} -B tests/e2e/run_guest.py --build build/release)
add_test(NAME e2e.guest.self_test COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/e2e/run_guest.py --self-test)
set_tests_properties(e2e.guest.self_test PROPERTIES LABELS e2e TIMEOUT 60)
foreach(_plan IN ITEMS workloads mesa)
  gvt_tier_test(e2e.guest.${_plan} TIER ci BESIDE LABEL e2e NEEDS release TIMEOUT 600 COMMAND ${_guest} ${_plan})
endforeach()
foreach(_plan IN ITEMS measure reload reboot kbl type q35)
  gvt_tier_test(e2e.guest.${_plan} TIER nightly LABEL e2e NEEDS release TIMEOUT 900 COMMAND ${_guest} ${_plan})
endforeach()
# Two of them at once, on engines that they share; one is killed.
set(_pair ${Python3_EXECUTABLE} -B tests/e2e/run_pair.py)
add_test(NAME e2e.guest_pair.self_test COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/e2e/run_pair.py --self-test)
set_tests_properties(e2e.guest_pair.self_test PROPERTIES LABELS e2e TIMEOUT 60)
gvt_tier_test(e2e.guest_pair TIER nightly LABEL e2e NEEDS release TIMEOUT 900 COMMAND ${_pair} --build build/release)

# The host for Xen on a real one, Debian's, under QEMU.
if(TARGET gvtcore_xen_domains)
  set(_xen ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/xen/run_xen.py)
  add_test(NAME e2e.xen.self_test COMMAND ${_xen} --self-test)
  set_tests_properties(e2e.xen.self_test PROPERTIES LABELS e2e TIMEOUT 60)
  gvt_tier_test(e2e.xen TIER ci BESIDE LABEL e2e NEEDS release TIMEOUT 600 COMMAND ${_xen} --build build/release)
  gvt_tier_test(e2e.xen_guest TIER nightly BESIDE LABEL e2e NEEDS release TIMEOUT 2700 COMMAND ${_xen} --build build/release --guest)
endif()

gvt_tier_test(tsan.tests TIER nightly NEEDS tsan TIMEOUT 3000
  COMMAND ${_scripts}/subtest.sh tsan -L "^(unit|vectors|regress|stress|sim)$")
# Without jit/ the product is complete. What others have of the folder is one header (tidy.layers) and this object.
gvt_tier_test(nojit.configures TIER ci BESIDE TIMEOUT 300
  COMMAND ${_scripts}/subbuild.sh nojit jit/CMakeFiles/gvt_jit.dir/make_engine.cc.o)
gvt_tier_test(nojit.tests TIER nightly NEEDS nojit TIMEOUT 3000
  COMMAND ${_scripts}/subtest.sh nojit -L "^(unit|vectors|regress|differential|fuzz-smoke)$")
if(TARGET test_sim)
  gvt_tier_test(sim.long TIER nightly LABEL sim TIMEOUT 1800
    COMMAND ${CMAKE_COMMAND} -E env GVT_TEST_SCALE=10 $<TARGET_FILE:test_sim> --gtest_filter=Sim.SeedsHold)
endif()
gvt_tier_test(coverage.gate TIER nightly NEEDS coverage TIMEOUT 3000 COMMAND ${_scripts}/coverage.sh)
gvt_tier_test(fuzz.long TIER nightly NEEDS fuzz TIMEOUT 7200 COMMAND ${_scripts}/fuzz.sh 600)

# The kernel's own scanner judges the same commands; bench/gvtg.
gvt_tier_test(build.gvtg TIER nightly FIXTURE gvtg TIMEOUT 1500 COMMAND ${_scripts}/subbuild.sh gvtg gvtg_bench gvtg_diff gvt_bench)
gvt_tier_test(gvtg.diff TIER nightly LABEL differential NEEDS gvtg TIMEOUT 900 COMMAND build/gvtg/bin/gvtg_diff)
gvt_tier_test(gvtg.bench TIER nightly NEEDS gvtg TIMEOUT 900 COMMAND build/gvtg/bin/gvtg_bench --rounds=1)
if(EXISTS ${_scripts}/fuzz_mutants.sh)
  gvt_tier_test(fuzz.mutants TIER nightly TIMEOUT 7200 COMMAND ${_scripts}/fuzz_mutants.sh)
endif()
