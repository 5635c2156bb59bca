# Blocks of submit-and-wait; before each one the runner sets what is compared and sends a line.
gvt-guest measure 24 400
