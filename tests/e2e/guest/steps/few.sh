# As few as show that the way to the engines and back is there: for hosts where a trap takes milliseconds.
gvt-guest batches 20
gvt-guest spinner chain call semaphore registers
