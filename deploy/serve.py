"""Several processes of the app behind nginx, with sticky sessions: one command.

    python deploy/serve.py [--processes 2] [--port 8080] [--address 127.0.0.1] [--logs DIR]

Needs nginx (Debian: ``apt-get install nginx``). All processes share one cookie secret, from the
variable ``DESIGN_COOKIE_SECRET``, or a new one: a visitor's cookies are then good in each of
them. A process that ends is started again. What the processes and nginx have to say is kept in
``logs/``, at most 10 MB of each. Ctrl-C stops everything.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deploy.server import ARENAS, Server, free_port, start, wait_until_healthy  # noqa: E402

__all__ = ["Cluster", "cluster", "configuration"]

#: Where the processes write what they have to say, unless another folder is named.
LOGS = ROOT / "logs"

_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss: data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
)
_MOST_LOG = 5 * 2**20  # bytes of a log; one older one is kept beside it
_TEMPLATE = Path(__file__).with_name("nginx.conf.template")
_LOOK_SECONDS = 1.0


@dataclass
class Cluster:
    """App processes behind one address.

    Parameters
    ----------
    address
        For visitors.
    servers
        The processes, each with its own address on loopback.
    nginx
        The proxy.
    environment
        Of every process.
    logs
        Folder of ``process0.log``, ``process1.log``, …, and ``nginx.log``.
    """

    address: str
    servers: list[Server]
    nginx: subprocess.Popen[bytes]
    environment: dict[str, str]
    logs: Path

    def bound_logs(self) -> None:
        """Move what is too long to ``NAME.log.1``, in place of what lay there."""
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > _MOST_LOG:
                shutil.copyfile(log, log.with_name(f"{log.name}.1"))
                os.truncate(log, 0)  # its writers append, so they go on at the beginning

    def revive(self) -> list[int]:
        """Start processes that have ended again, on their ports; their places in the list."""
        ended = [k for k, one in enumerate(self.servers) if one.process.poll() is not None]
        for place in ended:
            port = int(self.servers[place].address.rpartition(":")[2])
            self.servers[place] = _start(place, port, self.environment, self.logs)
        return ended


def _start(place: int, port: int, environment: dict[str, str], logs: Path) -> Server:
    log = logs / f"process{place}.log"
    return start(ROOT / "app.py", port, environment=environment, log=log)


def configuration(listen: str, ports: Sequence[int], folder: Path, logs: Path) -> str:
    """The text of nginx's configuration; cookies name processes by their place in `ports`."""

    def lines(form: str, indent: int) -> str:
        return "\n".join(
            " " * indent + form.format(place=place, port=port) for place, port in enumerate(ports)
        )

    def upstream(place: int) -> str:
        own, *others = [ports[place], *ports[:place], *ports[place + 1 :]]
        backups = "".join(f"        server 127.0.0.1:{port} backup;\n" for port in others)
        return (
            f"    upstream process{place} {{\n"
            f"        server 127.0.0.1:{own} max_fails=1 fail_timeout=3s;\n{backups}    }}\n"
        )

    cookie = "design_process={place}; Path=/; HttpOnly; SameSite=Lax"
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        listen=listen,
        folder=folder,
        logs=logs,
        policy="; ".join(_POLICY),
        any=lines("server 127.0.0.1:{port} max_fails=1 fail_timeout=3s;", 8),
        upstreams="".join(map(upstream, range(len(ports)))),
        known=lines("{place} process{place};", 8),
        # After a failure the address is a list, whose last one answered.
        answered=lines('"~:{port}$" "' + cookie + '";', 8),
    )


def _nginx() -> str:
    """Where nginx is; Debian keeps it off the path of plain users."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("nginx is not installed. On Debian: apt-get install nginx.")
    return found


@contextmanager
def cluster(
    count: int, *, port: int, address: str = "127.0.0.1", logs: Path | None = None
) -> Iterator[Cluster]:
    """Run `count` processes and nginx in front of them; all end with the context.

    Without a folder for logs they go to one that ends with the context too.

    Raises
    ------
    FileNotFoundError
        nginx is not installed.
    RuntimeError
        A process, or nginx, did not start.
    """
    program = _nginx()
    environment = {
        "STREAMLIT_SERVER_COOKIE_SECRET": os.environ.get("DESIGN_COOKIE_SECRET")
        or secrets.token_hex(32),
        **ARENAS,
    }
    ports = [free_port() for _ in range(count)]
    with tempfile.TemporaryDirectory(prefix="design-") as folder:
        logs = (logs or Path(folder)).resolve()
        logs.mkdir(parents=True, exist_ok=True)
        servers = [_start(place, one, environment, logs) for place, one in enumerate(ports)]
        written = Path(folder, "nginx.conf")
        written.write_text(configuration(f"{address}:{port}", ports, Path(folder), logs))
        nginx = subprocess.Popen([program, "-p", folder, "-c", str(written)])
        running = Cluster(f"http://{address}:{port}", servers, nginx, environment, logs)
        try:
            for server in servers:
                wait_until_healthy(server)
            wait_until_healthy(Server(running.address, nginx))
            yield running
        finally:
            for process in (nginx, *(server.process for server in running.servers)):
                process.terminate()
            for process in (nginx, *(server.process for server in running.servers)):
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def main() -> int:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--address", default="127.0.0.1", help="0.0.0.0 for all networks")
    parser.add_argument(
        "--logs", type=Path, default=LOGS, metavar="DIR", help=f"default: {LOGS.name}, here"
    )
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with cluster(
            args.processes, port=args.port, address=args.address, logs=args.logs
        ) as running:
            print(
                f"{args.processes} processes at {running.address}, logs in {running.logs}",
                flush=True,
            )
            while running.nginx.poll() is None:
                time.sleep(_LOOK_SECONDS)
                running.bound_logs()
                for place in running.revive():
                    print(f"Process {place} had ended and is started again.", flush=True)
    except KeyboardInterrupt:
        return 0
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print("nginx has ended.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
