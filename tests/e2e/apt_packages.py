"""Debian packages for the guest: which versions apt would give, and their files. Needs no root and leaves the host's own packages alone.

apt takes seconds to answer, so its answers are kept in a file until its lists change. Only apt's ordinary commands are used; the
closure of dependencies is apt's own, made against an empty list of installed packages.
"""

import json
import os
import pathlib
import subprocess

LISTS = pathlib.Path("/var/lib/apt/lists")
RETRIES = "Acquire::Retries=3"


def output(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise SystemExit(f"e2e: failed: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def unpack(archive, folder):
    folder.mkdir(parents=True, exist_ok=True)
    output("dpkg-deb", "-x", archive, folder)


def newest_lists():
    """Changes when apt's lists do."""
    return max((entry.stat().st_mtime_ns for entry in LISTS.glob("*_*")), default=0)


def ask_versions(packages):
    """{package: version} of the candidates."""
    versions = {}
    name = None
    for line in output("apt-cache", "show", "--no-all-versions", *packages).splitlines():
        if line.startswith("Package: "):
            name = line.split()[1]
        elif line.startswith("Version: "):
            versions[name] = line.split()[1]
    return versions


def ask_kernel():
    """The package that linux-image-amd64 stands for today."""
    for line in output("apt-cache", "depends", "linux-image-amd64").splitlines():
        if line.strip().startswith("Depends: linux-image-"):
            return line.split()[1]
    raise SystemExit("e2e: linux-image-amd64 depends on no kernel package")


class Archive:
    """What apt offers, remembered in `cache`."""

    def __init__(self, cache):
        self._cache = cache
        self._known = json.loads(cache.read_text()) if cache.is_file() else {}
        if not any(LISTS.glob("*_Packages*")):
            output("apt-get", "update", "-qq")
        if self._known.get("lists") != newest_lists():
            self._known = {"lists": newest_lists()}

    def _remember(self, key, ask):
        if key not in self._known:
            self._known[key] = ask()
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            self._cache.write_text(json.dumps(self._known, indent=1))
        return self._known[key]

    def kernel(self):
        """(package, version) of the stock kernel."""
        package = self._remember("kernel", ask_kernel)
        return package, self.versions([package])[package]

    def versions(self, packages):
        return self._remember("versions " + " ".join(packages), lambda: ask_versions(packages))


def fetch_one(package, folder):
    """Downloads one package without its dependencies; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    output("apt-get", "download", "-q", "-o", RETRIES, package, cwd=folder)
    return next(folder.glob(f"{package}_*.deb"))


def fetch_closure(packages, folder):
    """Downloads packages and all that they depend on; returns the files."""
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    options = [RETRIES, "Debug::NoLocking=1", f"Dir::State::status={folder}/status", f"Dir::Cache::archives={folder}"]
    if os.geteuid() == 0:
        options.append("APT::Sandbox::User=root")
    flags = [part for option in options for part in ("-o", option)]
    output("apt-get", "install", "-q", "-y", "--download-only", "--no-install-recommends", *flags, *packages)
    return sorted(folder.glob("*.deb"))
