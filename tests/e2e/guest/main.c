// gvt-guest TEST [NUMBER...] ...: runs tests against the render node and prints GVT- lines for the
// runner.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gem.h"
#include "tests.h"

struct test {
  const char* name;
  void (*run)(void);
};

static const struct test kTests[] = {
    {"spinner", TestSpinner},     {"chain", TestChain},         {"call", TestCall},
    {"semaphore", TestSemaphore}, {"registers", TestRegisters}, {"hang", TestHang},
};

// The number after argument `*i`, which it steps over.
static uint32_t Number(int argc, char** argv, int* i) {
  if (*i + 1 >= argc) Fatal("run: a number is missing");
  return (uint32_t)strtoul(argv[++*i], NULL, 10);
}

static void RunOne(int argc, char** argv, int* i) {
  const char* name = argv[*i];
  for (size_t t = 0; t < sizeof(kTests) / sizeof(kTests[0]); ++t) {
    if (strcmp(name, kTests[t].name) == 0) {
      kTests[t].run();
      return;
    }
  }
  if (strcmp(name, "batches") == 0) {
    TestBatches(Number(argc, argv, i));
  } else if (strcmp(name, "measure") == 0) {
    const uint32_t blocks = Number(argc, argv, i);
    Measure(blocks, Number(argc, argv, i));
  } else if (strcmp(name, "share") == 0) {
    TestShare(Number(argc, argv, i));
  } else if (strcmp(name, "access") == 0) {
    MeasureAccess(Number(argc, argv, i));
  } else {
    Fatal("find a test of that name");
  }
}

int main(int argc, char** argv) {
  GemOpen();
  for (int i = 1; i < argc; ++i) RunOne(argc, argv, &i);
  return 0;
}
