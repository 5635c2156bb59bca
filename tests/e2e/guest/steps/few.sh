# As few as show that the way to the engine and back is there: for hosts where a trap takes milliseconds.
gvt-guest batches 2
