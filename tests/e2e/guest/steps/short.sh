# The workloads in small numbers, where only the way to them is under test.
gvt-guest batches 200
gvt-guest spinner chain call semaphore registers
