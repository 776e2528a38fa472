"""First step of ./run, standard library only: make .venv, install the pinned requirements, hand over to main.py."""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "zalopolice-requirements.json"
PIP_LOG = VENV / "pip.log"
ADVICE = "Install it once and try again: apt-get install python3-venv ca-certificates"
SYSTEM_WHEELS = Path("/usr/share/python-wheels")
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

RUNNING = ("requirements", "requirements-embedded")
EVERYTHING = (*RUNNING, "requirements-dev")
# command -> (what it does, requirement files; none = standard library is enough)
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "demo": (
        "start everything with demo data; [--reset] [--detach] [--data DIR] [--no-morning] [--scenario NAME]",
        RUNNING,
    ),
    "stop": ("end a demo that runs in the background; [--data DIR]", ()),
    "status": ("say what runs and where; [--data DIR]", ()),
    "test": ("run the test suite on real services; further arguments go to pytest", EVERYTHING),
    "faults": ("the fault runs on real processes; [--long] [--seed N] [--json FILE]", EVERYTHING),
    "check": ("style, types, import rules, migrations, drawn state machines", EVERYTHING),
    "manage": ("manage.py with the running demo's environment; [--zone ZONE] [--data DIR] COMMAND …", RUNNING),
    "bench": ("run one benchmark of bench/; NAME [--json] …", EVERYTHING),
}


class BootstrapError(Exception):
    """Says in one or two lines what is wrong and what to do."""


def say(text: str) -> None:
    # stderr, so that the output of `./run bench --json` stays clean
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print("Commands of ./run:\n" + "\n".join(f"  ./run {name:8}{text}" for name, (text, _) in COMMANDS.items()))
        return 0
    if arguments[0] not in COMMANDS:
        say(f"./run has no command '{arguments[0]}'. ./run alone lists the commands.")
        return 2
    python = sys.executable
    groups = COMMANDS[arguments[0]][1]
    if groups:
        try:
            python = str(ensure(groups))
        except BootstrapError as problem:
            say(str(problem))
            return 1
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    os.execve(python, [python, "-P", "-m", "deploy.local.main", *arguments], environment)


def ensure(groups: tuple[str, ...]) -> Path:
    """The Python of a virtual environment in which the requirement files `groups` are installed as pinned."""
    python = VENV / "bin" / "python"
    groups = tuple(group for group in groups if group != "requirements-embedded" or wheels_exist())
    wanted = {group: fingerprint(group) for group in groups}
    if usable(python) and wanted.items() <= installed().items():
        return python
    try:
        VENV.mkdir(exist_ok=True)
        lock = open(VENV / ".lock", "w")  # noqa: SIM115 - held until the process ends or is replaced
    except OSError as problem:
        raise BootstrapError(f"Cannot write {VENV}: {problem.strerror}. Use a directory that belongs to you.") from None
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not usable(python):
        create(python)
    if not wanted.items() <= installed().items():
        install(python, groups)
        STAMP.write_text(json.dumps(installed() | wanted))
    return python


def wheels_exist() -> bool:
    return sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64") and platform.libc_ver()[0] == "glibc"


def fingerprint(group: str) -> str:
    """Changes with the file, the Python and the place: a copied or moved tree gets its own environment."""
    content = (ROOT / f"{group}.txt").read_bytes()
    return hashlib.sha256(content + f"{VENV}|{sys.version_info[:2]}".encode()).hexdigest()


def installed() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def usable(python: Path) -> bool:
    test = [str(python), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    return python.exists() and subprocess.run(test, capture_output=True, check=False).returncode == 0


def create(python: Path) -> None:
    started = time.monotonic()
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = str(base) if base.exists() else sys.executable
    for entry in VENV.iterdir():
        if entry.name != ".lock":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    with_pip = importlib.util.find_spec("ensurepip") is not None
    flags = [] if with_pip else ["--without-pip"]
    result = subprocess.run([interpreter, "-m", "venv", *flags, str(VENV)], capture_output=True, text=True, check=False)
    if result.returncode:
        raise BootstrapError(f"python -m venv failed:\n{result.stdout}{result.stderr}\n{ADVICE}")
    if not with_pip:
        add_pip(python)
        shutil.rmtree(VENV / "debian", ignore_errors=True)
    say(f"virtual environment .venv ({platform.python_version()}) … {time.monotonic() - started:.1f} s")


def add_pip(python: Path) -> None:
    """Debian's python3 has no ensurepip. Debian's own pip wheel helps, and needs neither root nor an address."""
    wheels = sorted(SYSTEM_WHEELS.glob("pip-*.whl")) or sorted(debian_files("python3-pip-whl").rglob("pip-*.whl"))
    if not wheels:
        raise BootstrapError(f"This Python has no ensurepip, and pip could not be fetched.\n{ADVICE}")
    target = next((VENV / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(wheels[-1]) as archive:
        archive.extractall(target)
    if not SYSTEM_CERTIFICATES.exists():
        # Minimal images have no certificates, and Debian's pip knows this one path only; its newer ones crash without.
        core = target / "pip/_vendor/certifi/core.py"
        core.write_text(core.read_text().replace(str(SYSTEM_CERTIFICATES), str(certificates())))
    if not usable(python):
        raise BootstrapError(f"pip could not be installed from {wheels[-1]}.\n{ADVICE}")


def certificates() -> Path:
    bundle = VENV / "certificates.crt"
    found = sorted(debian_files("ca-certificates").glob("usr/share/ca-certificates/mozilla/*.crt"))
    if not found:
        raise BootstrapError(f"This machine has no certificates, and they could not be fetched.\n{ADVICE}")
    bundle.write_text("".join(path.read_text() for path in found))
    return bundle


def debian_files(package: str) -> Path:
    """The files of a Debian package, unpacked below .venv; apt checks its signature. Nothing there when that fails."""
    home = VENV / "debian"
    files = home / package
    files.mkdir(parents=True, exist_ok=True)
    private = ["-o", f"Dir::State::Lists={home}/lists", "-o", f"Dir::Cache={home}/cache", "-o", "Debug::NoLocking=1"]
    if os.geteuid() == 0:
        private += ["-o", "APT::Sandbox::User=root"]
    attempts = [
        [["apt-get", "download", package]],
        [["apt-get", *private, "update"], ["apt-get", *private, "download", package]],
    ]
    for commands in attempts if shutil.which("apt-get") and shutil.which("dpkg-deb") else []:
        (home / "lists/partial").mkdir(parents=True, exist_ok=True)
        (home / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        if any(subprocess.run(c, cwd=files, capture_output=True, check=False).returncode for c in commands):
            continue
        for archive in files.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(archive), str(files)], check=False)
        break
    return files


def pip_environment() -> dict[str, str]:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_USER": "0"}
    environment.pop("PYTHONPATH", None)
    return environment


def install(python: Path, groups: tuple[str, ...]) -> None:
    started = time.monotonic()
    lines = [line for group in groups for line in (ROOT / f"{group}.txt").read_text().splitlines()]
    total = len({line.split("==")[0] for line in lines if "==" in line})
    say(f"requirements: about {total} packages, pinned by hash (once; one to two minutes)")
    files = [part for group in groups for part in ("-r", str(ROOT / f"{group}.txt"))]
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--progress-bar",
        "off",
    ]
    output: list[str] = []
    with subprocess.Popen(
        [*command, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=pip_environment()
    ) as process:
        for line in process.stdout or ():
            output.append(line)
            fetched = sum(text.startswith("Collecting") for text in output)
            if line.startswith("Collecting") and fetched % 20 == 0:
                say(f"  {fetched} of {total} …")
            elif line.startswith("Installing collected"):
                say("  installing …")
    PIP_LOG.write_text("".join(output))
    if process.returncode:
        tail = "".join(output[-8:])
        raise BootstrapError(
            f"pip failed:\n{tail}The whole output is in {PIP_LOG}.\n"
            "Behind a mirror set PIP_INDEX_URL (or pip.conf) and try again; without wheels for this platform use\n"
            "Debian 12/13 or Ubuntu 24.04 on x86_64 or aarch64."
        )
    say(f"requirements … {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
