# Debian's intel-gpu-tools: programs that need nothing but MI commands. Each must end by itself with exit code 0, and say what it measured.
igt() {
  program=$1
  shift
  # The programs print figures; an empty answer means that nothing was measured.
  out=$(timeout 60 "/igt/$program" "$@" 2>&1)
  code=$?
  good=$([ $code = 0 ] && echo "$out" | grep -q '[0-9]' && echo true)
  check "igt_$program" "$good" "exit $code: $(echo "$out" | tail -n 1)"
  [ "$good" = true ] || echo "$out"
}

igt gem_exec_nop -r 1
igt gem_exec_ctx -r 1
igt gem_exec_fault -r 1
igt gem_exec_reloc -r 1
# Idle: else the program gives buffers' handles where it has promised their indices, and the guest's kernel refuses the relocation.
igt gem_busy -I -r 1
igt gem_create -s 4096 -r 1
igt gem_prw -r 1
igt gem_latency -t 1
igt gem_set_domain -r 1
kernel_log igt
