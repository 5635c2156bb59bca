# The host held to its contract, and what the kit does not ask.
start=$(date +%s)
if gvtcore conformance xen >/run/conformance; then good=true; else good=false; fi
cat /run/conformance
check conformance $good "$(tail -1 /run/conformance), $(($(date +%s) - start)) s"
xen_host_check
xen_serve_check
