"""Writes initramfs archives (cpio, format newc) without root and without a staging folder.

Source of the format: Linux Documentation/driver-api/early-userspace/buffer-format.rst. The kernel takes several archives one after
the other, so each part of an image is an archive of its own, padded to ALIGN, and an image is their concatenation.
"""

import stat

ALIGN = 512


class Writer:
    def __init__(self, stream):
        self._stream = stream
        self._inode = 0
        self._folders = set()
        self._written = 0

    def _raw(self, data, align):
        self._stream.write(data)
        self._written += len(data)
        padding = -self._written % align
        self._stream.write(bytes(padding))
        self._written += padding

    def _entry(self, name, mode, content):
        self._inode += 1
        encoded = name.encode() + b"\0"
        # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        self._raw(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded, 4)
        self._raw(content, 4)

    def folder(self, name):
        """A folder and those above it, each once."""
        if name in self._folders or not name:
            return
        self.folder(name.rpartition("/")[0])
        self._folders.add(name)
        self._entry(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name, content, executable=False):
        self.folder(name.rpartition("/")[0])
        self._entry(name, stat.S_IFREG | (0o755 if executable else 0o644), content)

    def link(self, name, target):
        self.folder(name.rpartition("/")[0])
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def close(self):
        self._entry("TRAILER!!!", 0, b"")
        self._raw(b"", ALIGN)
