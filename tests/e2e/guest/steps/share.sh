# Keeps the render engine busy while another guest does; the runner starts both and counts.
gvt-guest share 6
