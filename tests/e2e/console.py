"""A guest's console: QEMU started with its serial port on our pipe, read line by line under a time limit, kept in a file."""

import os
import selectors
import signal
import subprocess
import time


class Console:
    """Context manager; leaving it ends QEMU and what was started with it."""

    def __init__(self, command, log_path, limit_s):
        self._command = [str(part) for part in command]
        self._log_path = log_path
        self._limit_s = limit_s
        self.timed_out = False
        self.exit_code = None

    def __enter__(self):
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._log_path.open("wb", buffering=0)
        self._log.write(f"# {' '.join(self._command)}\n".encode())
        self._started = time.monotonic()
        # A session of its own, so that the whole of it can be ended.
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         start_new_session=True)
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self.exit_code = self._process.wait()
        self._log.close()

    def seconds(self):
        return time.monotonic() - self._started

    def kill(self):
        """Ends QEMU and what was started with it at once, without a chance to clean up."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def send_line(self):
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def lines(self):
        """Yields the guest's lines until QEMU ends or the time is up; then `timed_out` says which."""
        descriptor = self._process.stdout.fileno()
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                left = self._limit_s - self.seconds()
                if left <= 0 or not selector.select(left):
                    self.timed_out = True
                    return
                data = os.read(descriptor, 65536)
                if not data:
                    break
                self._log.write(data)
                *complete, rest = (rest + data).split(b"\n")
                for line in complete:
                    yield line.decode(errors="replace").rstrip("\r")
        self.exit_code = self._process.wait()
